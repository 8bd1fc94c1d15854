from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_admin.text import clean_count, clean_text, clean_usage, storable

# Anything that json.loads may give: also halves of surrogate pairs, which st.text() leaves out.
any_text = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a red fox \ud83e", "a red fox"),
        ("caf\0e9", "cafe9"),
        ("a\x1b[31mred\x07 fox\r\n\tin snow", "a[31mred fox in snow"),
        ("a fox\u2028in\x0bsnow\ufeff", "a fox in snow"),
        ("🦊 in snow", "🦊 in snow"),
        (7, ""),
        (None, ""),
        ({"a": 1}, ""),
        ("x" * 1_000_000, "x" * 300),
        ("\0" * 400 + "a fox", "a fox"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_cannot_be_stored_or_shown_is_gone(sent, kept):
    assert clean_text(sent) == kept


def test_lines_stay_where_a_text_may_have_them():
    assert clean_text(" a fox\r\n\tin snow\n", lines=True) == "a fox\n\tin snow"


@given(any_text, st.integers(1, 40), st.booleans())
def test_cleaned_it_is_short_encodable_and_cleaned_again_the_same(text, limit, lines):
    cleaned = clean_text(text, limit, lines=lines)
    cleaned.encode()
    assert len(cleaned) <= limit
    assert not any(char < " " for char in cleaned if not (lines and char in "\n\t"))
    assert clean_text(cleaned, limit, lines=lines) == cleaned
    assert storable(storable(text)) == storable(text)


@pytest.mark.parametrize("count", [0, 7, 10_000_000])
def test_a_count_is_a_whole_number(count):
    assert clean_count(count) == count


@pytest.mark.parametrize("count", [-1, True, 1.5, float("nan"), 10**400, "7", None, [7]])
def test_what_is_no_count_is_none(count):
    assert clean_count(count) is None
    assert clean_usage({"text_input": 7, "image_output": count}) == {}


@pytest.mark.parametrize("usage", [None, [], "text_input", {"\0": 7}])
def test_what_is_no_usage_reports_nothing(usage):
    assert clean_usage(usage) == {}


def test_a_usage_of_zeros_reports_nothing():
    assert clean_usage({"text_input": 0, "image_output": 0}) == {}
    assert clean_usage({"text_input": 7, "image_output": 0}) == {"text_input": 7, "image_output": 0}
