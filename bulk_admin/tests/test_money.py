"""What people type as an amount is what is meant, or is refused."""

from __future__ import annotations

import time

import pytest

from bulk_admin.money import AmountTooLarge, parse_usd


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
        (".5", 500_000),
        ("1,000,000.00", 1_000_000_000_000),
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
        "1e3",
        "1e700000",
        "1e-700000",
        "0e1000000",
        "1_000",
        "٣",
        "9" * 1_000_000,
        "0." + "0" * 1_000_000 + "1",
    ],
)
def test_what_could_mean_two_amounts_or_none_is_refused_at_once(text):
    begun = time.process_time()
    with pytest.raises(ValueError, match="not an amount in dollars") as refused:
        parse_usd(text)
    assert time.process_time() - begun < 0.5
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize("text", ["1000000.000001", "1,000,001", "9" * 12])
def test_more_than_a_million_dollars_is_refused(text):
    with pytest.raises(AmountTooLarge, match="at most 1,000,000 dollars"):
        parse_usd(text)
