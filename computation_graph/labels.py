"""Names and numbers as they are written in a drawing."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "sigma": "σ", "theta": "θ", "mu": "μ"}
_HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"
_BELOW = str.maketrans("0123456789ijk", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ")
LARGE = 1e6


def label(name: str) -> str:
    """Return `name` with Greek letters, hats and lowered indices: `yhat` is ŷ, `w_12` is w₁₂, `net_j` is netⱼ."""
    parts = re.fullmatch(r"(\D+?)_?([\dijk]{1,3})?", name)
    if not parts or (parts[2] and not parts[2].isdigit() and "_" not in name):
        return name
    letters = _GREEK.get(parts[1], parts[1])
    if re.fullmatch(r"[a-zA-Z]hat", letters):
        letters = {"yhat": "ŷ"}.get(letters, letters[0] + _HAT)
    return letters + (parts[2] or "").translate(_BELOW)


def number(value: float, digits: int) -> str:
    """Return `value` with at most `digits` decimals, ties away from zero, as the page's script rounds.

    Numbers that would be lost (below half of the last decimal) or very long (from 10⁶) are in powers of ten, with
    three digits.
    """
    size = Decimal(abs(value))
    lost = 0 < size < Decimal(1).scaleb(-digits) / 2
    if lost or size >= LARGE:
        exponent = size.adjusted()
        mantissa = _rounded(size.scaleb(-exponent), 2)
        if mantissa == 10:
            mantissa, exponent = Decimal(1), exponent + 1
        text = f"{_short(mantissa)}e{exponent}"
    else:
        text = _short(_rounded(size, digits))
    negative = value < 0 and text != "0"
    return ("−" if negative else "") + text.replace("-", "−")


def _rounded(size: Decimal, digits: int) -> Decimal:
    return size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _short(size: Decimal) -> str:
    text = f"{size:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
