from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_admin import wording


def test_control_characters_and_line_ends_are_gone():
    assert wording.one_line("a\x00b\r\n c\u2028d\x1b[31m") == "a b c d [31m"


@given(st.text())
def test_one_line_is_one_line(text):
    line = wording.one_line(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in line)
    assert line == wording.one_line(line)


def test_markup_is_taken_out():
    assert wording.without_markup("<b>a <i>fox</i></b><script>x</script> 1 < 2") == "a fox x 1 < 2"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Only one", 1),
        ("", 0),
        ("一つ。二つ。", 2),
        ("पहला। दूसरा।", 2),
        ("f/1.8 at 3.5 mm. Two.", 2),
    ],
)
def test_sentences_are_told_apart_in_several_scripts(text, count):
    assert len(wording.sentences(text)) == count


def test_tags_are_lower_case_each_once_and_in_order():
    assert wording.clean_tags(
        ["Red Fox", "#snow", "red fox", "a,b", "  ", "<b>", "x" * 51, "C++", "soft\nlight"]
    ) == [
        "red-fox",
        "snow",
        "a-b",
        "c++",
        "soft-light",
    ]
    assert wording.clean_tags(["a1", "b2", "c3"], 2) == ["a1", "b2"]
