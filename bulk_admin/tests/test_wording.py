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
    assert wording.without_markup("<b>a <i>fox</i></b><script>x</script> 1 < 2 > 1") == (
        "a fox x 1 < 2 > 1"
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Only one", 1),
        ("", 0),
        ("一つ。二つ。", 2),
        ("पहला। दूसरा।", 2),
        ("f/1.8 at 3.5 mm. Two.", 2),
        ('He said "one." Then two.', 2),
        ("「一つ。」二つ！？三つ。", 3),
        ("ایک۔ دو۔", 2),
        ("ប្រយោគមួយ។ ពីរ។", 2),
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


@given(st.text())
def test_sentences_lose_nothing_but_gaps(text):
    said = "".join(wording.sentences(text))
    assert "".join(said.split()) == "".join(text.split())
    assert len(wording.sentence_ends(text)) == len(wording.sentences(text))


def test_tags_hold_no_marks_of_lists_and_markup():
    names = ["red|green", "{a; b}", "**x**", "&lt;b&gt;", "[y]", '"z"']
    assert wording.clean_tags(names) == ["red-green", "a-b", "x", "y", "z"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a **bold** and *slanted* _fox_", "a bold and slanted fox"),
        ("# Fox\n- one\n- two\n---\nend", "Fox one two end"),
        ("[fox](https://x.test) ![alt](a.png)", "fox alt"),
        ("```text\nfox\n```", "fox"),
        ("snake_case 5 * 3, 5*3 and C++", "snake_case 5 * 3, 5*3 and C++"),
        ("I <3 foxes, 2 > 1", "I <3 foxes, 2 > 1"),
        ("&lt;b&gt;fox&lt;/b&gt; &amp;amp; owl", "fox & owl"),
        ("fox\u202e\u200bes", "foxes"),
    ],
)
def test_plain_text_has_no_markdown_entities_or_invisible_marks(text, plain):
    assert wording.plain_text(text) == plain


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_a_cut_text_is_a_beginning_and_short_enough(text, limit):
    cut = wording.cut_at_word(text, limit)
    assert len(cut) <= limit
    assert text.strip().startswith(cut)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("one two three", "one two"),
        ("one two", "one two"),
        ("oneword-that-is-long", "oneword-th"),
        ("two words, x", "two words"),
        ("冬の森の中の赤い狐が眠る", "冬の森の中の赤い狐が"),
    ],
)
def test_a_text_is_cut_before_a_word_where_it_has_any(text, cut):
    assert wording.cut_at_word(text, 10) == cut
