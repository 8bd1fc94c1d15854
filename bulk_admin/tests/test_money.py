"""What people type as an amount is what is meant, or is refused."""

from __future__ import annotations

import pytest

from bulk_admin.money import parse_usd


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("10", 10_000_000),
        ("$1.50", 1_500_000),
        (" 0.0133 ", 13_300),
        ("1,000", 1_000_000_000),
        ("$12,345.60", 12_345_600_000),
        ("0", 0),
        ("0.0000001", 1),
    ],
)
def test_dollars_are_whole_micro_dollars(text, micro):
    assert parse_usd(text) == micro


@pytest.mark.parametrize(
    "text",
    [
        "0,50",
        "0,500",
        "00,500",
        "1,5",
        "2,50",
        "1000,00",
        "1,00",
        ",50",
        "1,000,00",
        "1.000,00",
        "",
        "-1",
        "nan",
        "inf",
        "ten",
        "1,000,",
    ],
)
def test_what_could_mean_two_amounts_or_none_is_refused(text):
    with pytest.raises(ValueError, match="not an amount in dollars"):
        parse_usd(text)
