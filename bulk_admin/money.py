"""Money is whole micro-dollars in integers everywhere; here it meets people and scripts."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

MICRO = 1_000_000
LARGEST = 1_000_000 * MICRO  # of what a person enters
# No exponent: "1e700000" would be worked out digit by digit. Commas only between thousands.
AMOUNT = re.compile(
    r"\$?((?:[0-9]{1,12}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,3})(?:\.[0-9]{0,20})?|\.[0-9]{1,20})"
)
SHOWN = 40


class AmountTooLarge(ValueError):
    """More than anybody means."""


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


def usd_exact(micro: int) -> str:
    """For people who add up: every digit ("$1.320612"), two after the point at least."""
    whole, _, part = f"{Decimal(micro) / MICRO:,.6f}".partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def decimal_string(micro: int) -> str:
    """For scripts: exact dollars, six digits after the point."""
    return f"{Decimal(micro) / MICRO:.6f}"


def parse_usd(text: str) -> int:
    """Micro-dollars from "10", "$1.50", "1,000" or "0.0133", rounded up.

    Raises ValueError on anything else, so on "0,50": is it half a dollar or fifty?
    AmountTooLarge above a million dollars.
    """
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text[:SHOWN]!r} is not an amount in dollars: write cents after a point, as in 0.50."
        )
    micro = int((Decimal(found[1].replace(",", "")) * MICRO).to_integral_value(ROUND_CEILING))
    if micro > LARGEST:
        raise AmountTooLarge(f"{text[:SHOWN]!r} is too much: at most {LARGEST // MICRO:,} dollars.")
    return micro
