from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulk_admin.services.drafting.intake import (
    MAX_BYTES,
    MAX_LINES,
    MAX_ROWS,
    Intake,
    IntakeError,
    Problem,
    Row,
    parse_file,
    parse_text,
)


def texts(intake: Intake) -> list[str]:
    return [row.text for row in intake.rows]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a fox\n\n  an owl  \n", [Row("a fox", 1), Row("an owl", 3)]),
        ("a fox\r\nan owl\ra hare", [Row("a fox", 1), Row("an owl", 2), Row("a hare", 3)]),
        ("\ufeffa fox", [Row("a fox", 1)]),
        ("a\x07 fox\x1b[31m", [Row("a fox[31m", 1)]),
        ("a fox\u2028at dusk", [Row("a fox at dusk", 1)]),
        (
            "<script>alert(1)</script>\n<b>a fox</b>",
            [Row("<script>alert(1)</script>", 1), Row("<b>a fox</b>", 2)],
        ),
        ("a fox\n--\nan owl", [Row("a fox", 1), Row("--", 2), Row("an owl", 3)]),
        (
            "\n a fox\n\nin snow\n\n---\nan owl\n-----  \n",
            [Row("a fox\n\nin snow", 2), Row("an owl", 7)],
        ),
        ("---\n---\na fox\n---\n\n---", [Row("a fox", 3)]),
        ("a fox --- an owl", [Row("a fox --- an owl", 1)]),
        ("👩‍🚀 on the moon\u200b\n\u200b\n", [Row("👩‍🚀 on the moon\u200b", 1)]),
        ("a fox\tred", [Row("a fox\tred", 1)]),
        ("x" * 40_000, [Row("x" * 40_000, 1)]),
        ("=cmd|' /C calc'!A0", [Row("=cmd|' /C calc'!A0", 1)]),
    ],
)
def test_pasted_text_becomes_rows(text, rows):
    assert parse_text(text) == Intake(rows)
    assert parse_file("prompts.txt", text.encode()) == Intake(rows)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no prompt in it"),
        (" \n\t\r\n\u200b", "no prompt in it"),
        ("---\n---", "no prompt in it"),
        ("a fox\nan \0owl", "Line 2 holds a NUL"),
        ("x\n" * MAX_LINES + "x", "5,001 lines are too many: at most 5,000"),
        ("x\n" * (MAX_ROWS + 1), "1,001 prompts are too many: at most 1,000"),
        ("x" * (MAX_BYTES + 1), "larger than 2 MB"),
    ],
)
def test_text_that_cannot_be_used_is_refused_with_the_reason(text, complaint):
    with pytest.raises(IntakeError, match=complaint) as caught:
        parse_text(text)
    assert caught.value.message == str(caught.value)


def test_the_limits_themselves_are_allowed():
    assert len(parse_text("x\n" * MAX_ROWS).rows) == MAX_ROWS
    assert len(parse_text("\n" * (MAX_LINES - 1) + "x\n").rows) == 1
    assert len(parse_text("é" * (MAX_BYTES // 2)).rows) == 1


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("p.txt", b"", r"p\.txt is empty \(0 bytes\)"),
        ("p.csv", b"\n \r\n", "no prompt in it"),
        ("p.txt", b"x" * 10_000_000, "larger than 2 MB"),
        (
            "p.txt",
            "a fox\ncafé".encode("latin-1"),
            r"not UTF-8 text \(see line 2\).*save it as UTF-8",
        ),
        ("p.txt", "a fox".encode("utf-16"), "UTF-16 text.*save it as UTF-8"),
        ("p.csv", "a fox".encode("utf-16-le"), "UTF-16 text"),
        ("p.csv", "a fox".encode("utf-16-be"), "UTF-16 text"),
        ("p.txt", b"a fox in the snow\0", "NUL bytes"),
        ("p.csv", b"MZ\x90\x00\x03\x00\x00\x00\x04", "a program"),
        ("p.csv", b"PK\x03\x04\x14", "a zip file or an office document"),
        ("p.csv", b"%PDF-1.7\n", "a PDF"),
        ("p.txt", b"\x89PNG\r\n\x1a\n", "a picture"),
        ("p.txt", b"\xff\xd8\xff\xe0", "a picture"),
        ("p.txt", b"\x7fELF\x02", "a program"),
        ("p.exe", b"a fox", r"p\.exe is not a \.txt, \.csv or \.json file"),
        ("C:\\me\\p.docx", b"a fox", r"^p\.docx is not"),
    ],
)
def test_a_file_that_is_no_text_is_refused_by_name(name, data, complaint):
    with pytest.raises(IntakeError, match=complaint):
        parse_file(name, data)


def test_a_prompt_may_begin_like_a_program():
    assert texts(parse_file("p.txt", b"MZ Bhat in the rain")) == ["MZ Bhat in the rain"]


FOX = Row("a fox, red", 2, "1024x1536", "high", 2)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ('prompt,size,quality,count\n"a fox, red",1024x1536,high,2\n', [FOX]),
        ("prompt;size;quality;n\na fox, red;1024X1536;High;2\n", [FOX]),
        ("Prompt\tSize\tQuality\tImages\na fox, red\t1024 × 1536\thigh\t2\n", [FOX]),
        (
            'images,PROMPT\r\n2,"a fox"\r\n,"an owl"\r\n',
            [Row("a fox", 2, count=2), Row("an owl", 3)],
        ),
        ("prompt\ra fox\ran owl\r", [Row("a fox", 2), Row("an owl", 3)]),
        ("prompt\na fox, red\n", [Row("a fox, red", 2)]),
        ("prompt,size,,\na fox,,,\n\n,,,\n", [Row("a fox", 2)]),
        ("\ufeffprompt,size\na fox,\n", [Row("a fox", 2)]),
        ('"a fox, red"\n"an ""old"" owl"\n', [Row("a fox, red", 1), Row('an "old" owl', 2)]),
        ("a fox,1024x1024\nan owl", [Row("a fox", 1, "1024x1024"), Row("an owl", 2)]),
        ("a fox, red;1024x1024;low;1\n", [Row("a fox, red", 1, "1024x1024", "low", 1)]),
        (
            'prompt,count\n"a fox\n\nin snow",1\nan owl,2\n',
            [Row("a fox\n\nin snow", 2, count=1), Row("an owl", 5, count=2)],
        ),
        ("prompt\n<script>alert(1)</script>\n", [Row("<script>alert(1)</script>", 2)]),
        (f"prompt\n{'x' * 40_000}\n", [Row("x" * 40_000, 2)]),
        ("prompt\na fox\n---\nan owl\n", [Row("a fox", 2), Row("---", 3), Row("an owl", 4)]),
    ],
)
def test_a_table_becomes_rows(data, rows):
    assert parse_file("prompts.csv", data.encode()) == Intake(rows)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a fox,huge,,", "“huge” is not a size like 1024x1024."),
        ("a fox,auto,,", "“auto” is not a size like 1024x1024."),
        ("a fox,,auto,", "“auto” has no known price"),
        ("a fox,,very very fine,", "“very very fine” is not a quality."),
        ("a fox,,,0", "“0” is not a count of pictures from 1 to 4."),
        ("a fox,,,5", "“5” is not a count"),
        ("a fox,,,²", "“²” is not a count"),
        (",1024x1024,,", "There is no prompt in this row."),
        ("a fox,,,1,more", "5 columns, but only 4 are known."),
        ('"a fox" red,,,', "A quote is out of place."),
        (f"{'x' * 200_000},,,", "far too long"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_good_ones_stay(row, complaint):
    intake = parse_file(
        "p.csv", f"prompt,size,quality,count\nan owl,,,\n{row}\na hare,1024x1024,low,1\n".encode()
    )
    assert texts(intake) == ["an owl", "a hare"]
    [problem] = intake.problems
    assert problem.line == 3
    assert complaint in problem.message


def test_without_a_header_an_unquoted_comma_is_reported_not_bought():
    intake = parse_file("p.csv", b"a red fox, in snow\n")
    assert intake.rows == []
    assert "Put quotes around a prompt that holds commas" in intake.problems[0].message


def test_a_quote_that_is_never_closed_is_reported_where_it_opens():
    assert parse_file("p.csv", b'prompt\na fox\n"an owl\na hare\n') == Intake(
        [Row("a fox", 2)],
        [
            Problem(
                3,
                "A quote is opened here and never closed, so everything after it was left out."
                " Close it.",
            )
        ],
    )


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("prompt,seed,style", "Unknown column: seed, style."),
        ("prompt,,size", r"Unknown column: \(no name\)"),
        ("size,quality", "no column named prompt"),
        ("prompt,n,count", "two columns for count"),
    ],
)
def test_a_header_that_is_not_known_is_refused_by_name(header, complaint):
    with pytest.raises(IntakeError, match=complaint):
        parse_file("p.csv", f"{header}\na fox,1,1\n".encode())


def check_rows(intake: Intake) -> None:
    assert intake.rows or intake.problems
    for row in intake.rows:
        assert row.text == row.text.strip() != ""
        assert not {"\0", "\r"} & set(row.text)
        assert row.line >= 1
        assert row.count is None or 1 <= row.count <= 4
        row.text.encode()


pieces = st.lists(
    st.sampled_from(
        [
            "a fox",
            "---",
            "\n",
            "\r",
            "\r\n",
            ",",
            ";",
            "\t",
            '"',
            "prompt",
            "size",
            "1024x1024",
            "2",
            "\0",
            "\ufeff",
            "\x0b",
            "\ud800",
            " ",
        ]
    )
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(st.characters()), pieces.map("".join)))
@example("\x85")
def test_any_text_gives_sound_rows_or_a_reason(text):
    try:
        check_rows(parse_text(text))
    except IntakeError as error:
        assert error.message


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=20),
    st.sampled_from([".txt", ".csv", "", ".TSV"]),
    st.one_of(st.binary(), pieces.map(lambda parts: "".join(parts).encode("utf-8", "replace"))),
)
def test_any_file_gives_sound_rows_or_a_reason(name, ending, data):
    try:
        check_rows(parse_file(name + ending, data))
    except IntakeError as error:
        assert error.message
