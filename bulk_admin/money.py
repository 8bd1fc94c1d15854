"""Money is whole micro-dollars in integers everywhere; here it meets people and scripts."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation

MICRO = 1_000_000
THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)


def usd(micro: int) -> str:
    """For people: "$0.64", and as many digits as a small amount needs ("$0.0133")."""
    amount = Decimal(micro) / MICRO
    if amount and abs(amount) < 1:
        text = f"{amount:.4f}".rstrip("0")
        whole, _, cents = text.partition(".")
        return f"${whole}.{cents.ljust(2, '0')}" if Decimal(text) else "<$0.0001"
    return f"${amount:,.2f}"


def usd_total(micro: int) -> str:
    """A sum as people read it: whole cents from ten cents on ("$0.48"); below, every digit
    counts.
    """
    return usd(round(micro, -4) if abs(micro) >= MICRO // 10 else micro)


def decimal_string(micro: int) -> str:
    """For scripts: exact dollars, six digits after the point."""
    return f"{Decimal(micro) / MICRO:.6f}"


def parse_usd(text: str) -> int:
    """Micro-dollars from "10", "$1.50", "1,000" or "0.0133".

    Raises ValueError on anything else, so on "0,50": is it half a dollar or fifty?
    """
    amount_text = text.strip().removeprefix("$")
    if "," in amount_text and not THOUSANDS.fullmatch(amount_text):
        raise ValueError(
            f"{text!r} is not an amount in dollars: write cents after a point, as in 0.50."
        )
    try:
        amount = Decimal(amount_text.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount in dollars.") from error
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{text!r} is not an amount in dollars.")
    return int((amount * MICRO).to_integral_value(ROUND_CEILING))
