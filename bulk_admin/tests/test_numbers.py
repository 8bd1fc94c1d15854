"""Numbers from outside are bounded before they are counted with."""

from __future__ import annotations

import json
import time

import pytest
from django.core.exceptions import ValidationError

from bulk_admin import plain_json
from bulk_admin.numbers import LARGEST_ID, ids_in, whole

HUGE = [
    "9" * 20,
    "9" * 5_000,
    "9" * 1_000_000,
    "1e5",
    "-1",
    "+1",
    "1_000",
    " 1",
    "1.0",
    "²",
    "٣",
    "",
]


@pytest.mark.parametrize("text", HUGE)
def test_what_is_no_number_that_a_database_holds_is_none(text):
    assert whole(text) is None
    assert ids_in(f"3,{text},5") == [3, 5]


def test_a_number_is_read_up_to_its_bound():
    assert whole("0007") == 7
    assert whole(str(LARGEST_ID)) == LARGEST_ID
    assert whole(str(LARGEST_ID + 1)) is None
    assert (whole("10", most=10), whole("11", most=10)) == (10, None)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        '{"delay": 1e400}',
        '{"delay": -1e16}',
        "9" * 5_000,
        "[" * 6 + "]" * 6,
        "[" * 9_999 + "]" * 9_999,
        '{"name\\u0000": 1}',
        '["\\ud83e"]',
        '["' + "x" * 20_000 + '"]',
        "{'delay': 1}",
        "",
    ],
)
def test_json_that_a_database_or_a_calculation_cannot_hold_is_refused_at_once(text):
    begun = time.process_time()
    with pytest.raises(ValidationError):
        plain_json.read(text)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "value", [{}, [], None, True, 1.5, -(10**15), "a fox 🦊", {"input": {"steps": [1, {"a": []}]}}]
)
def test_plain_json_is_read_as_it_is(value):
    assert plain_json.read(json.dumps(value)) == value
