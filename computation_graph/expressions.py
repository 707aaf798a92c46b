"""One line of a computation: how it is read, what it is worth, and its local slopes.

An expression is a nested list that JSON can hold, so that the script in the page computes with the same one:
`["number", 2.0]`, `["name", "x"]`, or an operation and its operands, `["*", ["name", "x"], ["name", "w"]]`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Expression = list[Any]
Numbers = tuple[float, ...]


class GraphError(ValueError):
    """The computation cannot be read or drawn; the message says which line and why."""


class Operation(NamedTuple):
    """`value` takes the operands, `slopes` returns the partial derivative towards each of them."""

    value: Callable[..., float]
    slopes: Callable[..., Numbers]
    operands: int | None  # None: one or more


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def logsumexp(*a: float) -> float:
    largest = max(a)
    return largest + math.log(sum(math.exp(each - largest) for each in a))


def softmax(*a: float) -> Numbers:
    exponentials = [math.exp(each - max(a)) for each in a]
    return tuple(each / sum(exponentials) for each in exponentials)


def _power_slopes(a: float, b: float) -> Numbers:
    return b * a ** (b - 1) if b else 0.0, a**b * math.log(a) if a > 0 else math.nan


def _step(a: float, below: float) -> float:
    """The slope at exactly 0 is that of the negative side, as PyTorch has it."""
    return 1.0 if a > 0 else below


OPERATIONS = {
    "+": Operation(lambda a, b: a + b, lambda a, b: (1.0, 1.0), 2),
    "-": Operation(lambda a, b: a - b, lambda a, b: (1.0, -1.0), 2),
    "*": Operation(lambda a, b: a * b, lambda a, b: (b, a), 2),
    "/": Operation(lambda a, b: a / b, lambda a, b: (1 / b, -a / b**2), 2),
    "**": Operation(lambda a, b: a**b, _power_slopes, 2),
    "negative": Operation(lambda a: -a, lambda a: (-1.0,), 1),
    "exp": Operation(math.exp, lambda a: (math.exp(a),), 1),
    "log": Operation(math.log, lambda a: (1 / a,), 1),
    "sigmoid": Operation(sigmoid, lambda a: (sigmoid(a) * sigmoid(-a),), 1),
    "tanh": Operation(math.tanh, lambda a: (1 - math.tanh(a) ** 2,), 1),
    "relu": Operation(lambda a: max(a, 0.0), lambda a: (_step(a, 0.0),), 1),
    "leaky_relu": Operation(lambda a, s: a if a > 0 else s * a, lambda a, s: (_step(a, s), min(a, 0.0)), 2),
    "logsumexp": Operation(logsumexp, softmax, None),
}
_SYMBOLS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
FUNCTIONS = [name for name in OPERATIONS if name.isidentifier() and name != "negative"]


def parse(text: str) -> list[tuple[str, Expression]]:
    """Read lines `name = expression`; return their names and expressions in order.

    An expression has numbers, names of earlier lines, + - * / **, and the functions in `FUNCTIONS`.  Empty lines and
    `#` comments are left out.  Raises GraphError for anything else.
    """
    found: list[tuple[str, Expression]] = []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("#")[0].strip()
        if code:
            found.append(_assignment(code, f"line {number}, `{code}`", {name for name, _ in found}))
    return found


def _assignment(code: str, place: str, known: set[str]) -> tuple[str, Expression]:
    try:
        statement = ast.parse(code).body[0]
    except SyntaxError:
        statement = ast.Pass()
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
        raise GraphError(f"{place}: a line has to read `name = expression`, for example `z = x * w`")
    name = statement.targets[0].id
    if name in known:
        raise GraphError(f"{place}: {name} has a line already; give the new node a name of its own")
    return name, _read(statement.value, place, known)


def _read(node: ast.expr, place: str, known: set[str]) -> Expression:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return ["number", float(value)]
        case ast.Name(id=name):
            if name not in known:
                raise GraphError(f"{place}: {name} has no line above this one")
            return ["name", name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return ["number", -float(value)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["negative", _read(operand, place, known)]
        case ast.BinOp(left=left, op=symbol, right=right) if type(symbol) in _SYMBOLS:
            return [_SYMBOLS[type(symbol)], _read(left, place, known), _read(right, place, known)]
        case ast.Call(func=ast.Name(id=function), args=operands, keywords=[]) if function in FUNCTIONS:
            wanted = OPERATIONS[function].operands
            if not operands or len(operands) != (wanted or len(operands)):
                raise GraphError(f"{place}: {function} takes {wanted or 'one or more'}, not {len(operands)}")
            return [function, *(_read(operand, place, known) for operand in operands)]
    raise GraphError(
        f"{place}: `{ast.unparse(node)}` is not known here. There are numbers, names, + - * / ** and "
        + ", ".join(FUNCTIONS)
    )


def names_in(expression: Expression) -> list[str]:
    """Return the names that occur, each once, in order of appearance."""
    if expression[0] == "name":
        return [expression[1]]
    if expression[0] == "number":
        return []
    return list(dict.fromkeys(name for operand in expression[1:] for name in names_in(operand)))


def evaluate(expression: Expression, values: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    """Return what the expression is worth and its slope towards each name in it.

    Raises GraphError where it has no finite value or slope.
    """
    try:
        value, slopes = _evaluate(expression, values)
    except (ArithmeticError, ValueError) as problem:
        raise GraphError(f"`{plain(expression)}` has no value: {problem}") from problem
    if isinstance(value, complex) or not all(map(math.isfinite, (value, *slopes.values()))):
        raise GraphError(f"`{plain(expression)}` has no finite value or slope here")
    return value, slopes


def _evaluate(expression: Expression, values: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    kind, *operands = expression
    if kind == "number":
        return operands[0], {}
    if kind == "name":
        return values[operands[0]], {operands[0]: 1.0}
    inner = [_evaluate(operand, values) for operand in operands]
    arguments = [value for value, _ in inner]
    slopes: dict[str, float] = {}
    for partial, (_, below) in zip(OPERATIONS[kind].slopes(*arguments), inner, strict=True):
        for name, slope in below.items():
            slopes[name] = slopes.get(name, 0.0) + partial * slope
    return OPERATIONS[kind].value(*arguments), slopes


# --- as text

_WRITTEN = {"sigmoid": "σ", "log": "ln", "leaky_relu": "leaky", "logsumexp": "ln Σ exp"}
_RANK = {"+": 1, "-": 1, "negative": 2, "*": 2, "/": 2, "**": 4}
_SIGN = {"+": " + ", "-": " − ", "*": "·", "/": "/"}
Token = str | dict[str, str]


def tokens(expression: Expression) -> list[Token]:
    """Return the formula in pieces: text, and `{"name": …}` where a name stands, to be set as its label or number."""
    kind, *operands = expression
    if kind == "number":
        return [f"{operands[0]:.12g}".replace("-", "−")]
    if kind == "name":
        return [{"name": operands[0]}]
    if kind == "negative":
        return ["−", *_within(operands[0], 3)]
    if kind == "**":
        return [*_within(operands[0], 5), *_exponent(operands[1])]
    if kind in _SIGN:
        left, right = operands
        return [*_within(left, _RANK[kind]), _SIGN[kind], *_within(right, _RANK[kind] + (kind in "-/"))]
    listed = [piece for operand in operands for piece in (", ", *tokens(operand))]
    return [f"{_WRITTEN.get(kind, kind)}(", *listed[1:], ")"]


def _within(expression: Expression, rank: int) -> list[Token]:
    inner = tokens(expression)
    negative = expression[0] == "number" and expression[1] < 0
    return ["(", *inner, ")"] if negative or _RANK.get(expression[0], 9) < rank else inner


def _exponent(expression: Expression) -> list[Token]:
    squares = {2.0: "²", 3.0: "³"}
    if expression[0] == "number" and expression[1] in squares:
        return [squares[expression[1]]]
    return ["^(", *tokens(expression), ")"]


def joined(pieces: Sequence[Token], labels: Mapping[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else labels.get(piece["name"], piece["name"]) for piece in pieces)


def plain(expression: Expression) -> str:
    return joined(tokens(expression), {})
