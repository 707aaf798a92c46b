"""The mutants that survive, and why each computes the same as the solution it comes from."""

SAME_SIZE = "an absolute value or a square follows, so the sign is lost anyway"
SMALL_STEP = "a step twice as long changes the answer by less than the tolerance"
OVERWRITTEN = "every entry is overwritten"
GIVEN = "this line is given with the lab; the check is about what the learner writes"
FACTOR_ONE = "the local slope of r = ŷ − y is 1"
ZERO_AT_ZERO = "the value of LeakyReLU at 0 is 0 from either side"
ANY_START = "any random start is right, and a bias may start at 1"

EQUIVALENT: dict[str, dict[str, str]] = {
    "numerical_gradient": {
        "line 1: 1e-05 → 2e-05": SMALL_STEP,
        "line 4: `np.zeros` → ones": OVERWRITTEN,
    },
    "relative_error": {"line 5: `a - b` with its sides exchanged": SAME_SIZE},
    "gradient_check": {
        "line 4: 1e-05 → 2e-05": SMALL_STEP,
        "line 5: `np.zeros` → ones": OVERWRITTEN,
        "line 11: `analytic - numerical` with its sides exchanged": SAME_SIZE,
    },
    "train_xor": {
        "line 5: `np.zeros` → ones": ANY_START,
        "line 11: `O - T` with its sides exchanged": SAME_SIZE,
        "line 14: `delta_k.sum(axis=0)` without axis": "there is one output, so both sums are the same number",
    },
    "Affine": {"line 14: 1 → 2": "NumPy's reshape works out the size for any negative number, not for −1 alone"},
    "squared_error_gradients": {
        "line 6: `dloss_dr * 1` with Div": FACTOR_ONE,
        "line 6: `dloss_dr * 1` → its left side": FACTOR_ONE,
    },
    "Value": {
        "line 6: 0.0 → 1.0": GIVEN,
        "line 13: `(self, summand)` in reverse order": "both local slopes of a sum are 1",
        "line 17: `self + number` with Sub": GIVEN,
        "line 17: `self + number` → its left side": GIVEN,
        "line 17: `self + number` → its right side": GIVEN,
    },
    "leaky_relu": {"line 4: `net > 0` with GtE": ZERO_AT_ZERO},
    "dropout_mask": {"line 4: `rng.random(shape) >= p` with Gt": "a draw is exactly p with probability 2⁻⁵³"},
    "mlp_dropout_backward": {
        "line 5: `net > 0` with GtE": ZERO_AT_ZERO,
    },
    "train_by_hand": {
        "line 15: `z.max(axis=1, keepdims=True)` without axis": "softmax is the same for logits shifted by any number",
    },
}
