"""What people really paste and drop: tables, JSON, lists, fences, and separators that an editor
made of three hyphens. Each is read as it is meant, or left for a person to look at.
"""

from __future__ import annotations

import pytest

from bulk_admin.services.drafting.intake import (
    FORMATS,
    Intake,
    IntakeError,
    Row,
    parse_file,
    parse_text,
)


def found(intake: Intake) -> list[tuple[int, str]]:
    assert intake.problems == []
    return [(row.line, row.text) for row in intake.rows]


@pytest.mark.parametrize(
    "mark", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028"], ids=ascii
)
def test_a_soft_line_break_is_a_space_between_two_words(mark):
    assert parse_text(f"a fox{mark}in snow") == Intake([Row("a fox in snow", 1)])
    data = f"prompt,size\na fox{mark}in snow,1024x1024\n".encode()
    assert parse_file("p.csv", data) == Intake([Row("a fox in snow", 2, "1024x1024")])


@pytest.mark.parametrize(
    "separator",
    [
        "---",
        "—",
        "——",
        "—-",
        "-—",
        "–",
        "–––",
        "- - -",
        "***",
        "* * *",
        "___",
        "=====",
        "~~~",
        "###",
        "+++",
        "  —  ",
        "-----\t",
        "────",
        "•••",
        '"""',
        "---\r",
    ],
)
def test_a_separator_stands_for_three_hyphens_whatever_an_editor_made_of_it(separator):
    text = f"a fox\nin snow\n{separator}\nan owl\nat dusk"
    assert found(parse_text(text))[0] == (1, "a fox\nin snow")
    assert [prompt for _, prompt in found(parse_text(text))] == [
        "a fox\nin snow",
        "an owl\nat dusk",
    ]


@pytest.mark.parametrize("line", ["--", "-", "*", "==", "a *** b", "*** a ***", "?!?", "…x…"])
def test_what_is_less_than_a_separator_stays_a_line(line):
    assert [row.text for row in parse_text(f"a fox\n{line}\nan owl").rows] == [
        "a fox",
        line,
        "an owl",
    ]


@pytest.mark.parametrize(
    "header",
    [
        "prompt",
        "Prompt",
        "Prompts",
        "prompt_text",
        "Text prompt",
        "Positive prompt",
        "Prompt:",
        "PROMPT",
        "promptText",
        "Image Prompt",
        "**Prompt**",
        "Full-prompt",
        "final_prompts",
        "提示词",
        "プロンプト",
        "Промпт",
        "Eingabe",
    ],
)
def test_a_header_is_known_however_it_is_written_and_never_bought(header):
    for name in ("p.csv", "p.txt", "standard input"):
        rows = found(parse_file(name, f"\n{header}\na fox\nan owl\n".encode()))
        assert rows == [(3, "a fox"), (4, "an owl")]
        table = parse_file(
            name, f"Image size;{header};Number of images\n1024x1024;a fox;2\n".encode()
        )
        assert table == Intake([Row("a fox", 2, "1024x1024", count=2)])


@pytest.mark.parametrize("line", ["a command prompt", "prompts of a fox", "negative prompt"])
def test_a_first_line_that_only_sounds_like_a_header_stays(line):
    assert found(parse_text(f"{line}\nan owl"))[0] == (1, line)


def test_a_header_that_is_repeated_further_down_is_not_bought_either():
    data = b"prompt,size\na fox,\nprompt,size\nan owl,\n"
    assert found(parse_file("p.csv", data)) == [(2, "a fox"), (4, "an owl")]


@pytest.mark.parametrize(("line", "mark"), [("sep=;", ";"), ('"sep=;"', ";"), ("SEP=|", "|")])
@pytest.mark.parametrize("name", ["p.csv", "standard input", "p.txt"])
def test_the_line_that_names_a_spreadsheets_delimiter_is_followed_and_not_bought(line, mark, name):
    data = f"{line}\r\nprompt{mark}size\r\na fox, red{mark}1024x1024\r\n".encode()
    assert parse_file(name, data) == Intake([Row("a fox, red", 3, "1024x1024")])


def test_standard_input_that_is_a_table_is_read_as_one():
    rows = parse_file("standard input", b'prompt,size\n"a fox, red",1024x1024\nan owl,\n').rows
    assert rows == [Row("a fox, red", 2, "1024x1024"), Row("an owl", 3)]
    with pytest.raises(IntakeError, match="Unknown column: id"):
        parse_file("standard input", b"id,prompt\n1,a fox\n")


def test_a_form_that_is_named_wins_over_what_the_text_looks_like():
    data = b"a fox, red\nan owl"
    assert found(parse_file("standard input", data, "txt")) == [(1, "a fox, red"), (2, "an owl")]
    assert parse_file("standard input", data, "csv").problems
    with pytest.raises(IntakeError, match="not JSON that holds prompts"):
        parse_file("standard input", data, "json")
    assert found(parse_file("list.data", b'["a fox"]', "json")) == [(1, "a fox")]
    assert FORMATS == ("txt", "csv", "json")


@pytest.mark.parametrize("columns", [101, 16_384])
def test_more_than_a_hundred_columns_are_refused_with_their_number(columns):
    data = f"prompt{',' * (columns - 1)}\na fox{',' * (columns - 1)}\n".encode()
    intake = parse_file("p.csv", data)
    assert intake.rows == []
    assert intake.problems[0].message.startswith(f"{columns:,} columns are too many: at most 100")


def test_a_hundred_columns_are_fine_when_the_others_are_empty():
    assert found(parse_file("p.csv", f"prompt{',' * 99}\na fox{',' * 99}\n".encode())) == [
        (2, "a fox")
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('["a fox", "an owl"]', [Row("a fox", 1), Row("an owl", 1)]),
        (
            '[\n"a \\"red\\" fox",\n\n"an\\nowl\\u0000\\ud83e"\n]',
            [Row('a "red" fox', 2), Row("an\nowl", 4)],
        ),
        (
            '[{"prompt": "a fox", "size": "1024X1024", "n": 2, "id": 7}]',
            [Row("a fox", 1, "1024x1024", count=2)],
        ),
        (
            '{"data": [\n{"text_prompt": "a fox"},\n{"Prompt": "an owl"}]}',
            [Row("a fox", 2), Row("an owl", 3)],
        ),
        ('{"prompts": ["a fox"]}', [Row("a fox", 1)]),
        ('{"prompt": "a fox", "quality": "high"}', [Row("a fox", 1, quality="high")]),
        ('{"prompt": "a fox"}\n\n{"prompt": "an owl"}', [Row("a fox", 1), Row("an owl", 3)]),
        ("['a fox', 'it\\'s an owl',]", [Row("a fox", 1), Row("it's an owl", 1)]),
        ('"a fox",\n"an owl"', [Row("a fox", 1), Row("an owl", 2)]),
        ("“a fox”\n“an owl”", [Row("a fox", 1), Row("an owl", 2)]),
        ('```json\n["a fox"]\n```', [Row("a fox", 2)]),
        ("prompts = [\n  'a fox',\n]", [Row("a fox", 2)]),
        ('const a = ["a fox"];', [Row("a fox", 1)]),
        ('{"prompts": [{"text": "a fox", "id": 7}]}', [Row("a fox", 1)]),
        ('{"job": {"prompts":\n["a fox"]}}', [Row("a fox", 2)]),
        ('{"prompt1": "a fox",\n"prompt2": "an owl"}', [Row("a fox", 1), Row("an owl", 2)]),
        ('{"title": "Fox", "description": "a fox"}', [Row("a fox", 1)]),
        ('[{"text": "a fox", "mood": "sad"}]', [Row('{"text": "a fox", "mood": "sad"}', 1)]),
        # An object without a prompt is one: some models take their prompts as JSON.
        ('{\n  "subject": "a fox"\n}', [Row('{\n  "subject": "a fox"\n}', 1)]),
        ('[{"subject": "a fox"}]', [Row('{"subject": "a fox"}', 1)]),
    ],
)
def test_json_becomes_rows(text, rows):
    assert parse_text(text) == Intake(rows)


@pytest.mark.parametrize("item", ["7", "null", '["a"]', '{"size": "1024x1024"}', '{"prompt": " "}'])
def test_an_item_of_json_without_a_prompt_is_a_problem_with_its_line(item):
    intake = parse_text(f'[{{"prompt": "a fox"}},\n{item}]')
    assert [row.text for row in intake.rows] == ["a fox"]
    assert [problem.line for problem in intake.problems] == [2]


@pytest.mark.parametrize(
    "text",
    ["[subject] in snow", "{red|blue} fox", '["a fox"] and more', "[" * 50_000, '{"a":' * 50_000],
    ids=range(5),
)
def test_what_only_begins_like_json_is_a_prompt(text):
    assert found(parse_text(text)) == [(1, text)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            '"a fox\nin snow"\nan owl\n"a ""red"" hare"',
            [(1, "a fox\nin snow"), (3, "an owl"), (4, 'a "red" hare')],
        ),
        ('prompt\tsize\n"a fox\nin snow"\t1024x1024', [(2, "a fox\nin snow")]),
        ('Prompts\n"a fox, red"\nan owl', [(2, "a fox, red"), (3, "an owl")]),
        ('"a fox" in snow\nan "owl', [(1, '"a fox" in snow'), (2, 'an "owl')]),
        ("| Prompt | Size |\n|:---|---|\n| a fox | 1024x1024 |", [(3, "a fox")]),
        ("Prompt | Size\n--- | ---\na fox | 1024x1024", [(3, "a fox")]),
        ("prompt|size\na fox|1024x1024", [(2, "a fox")]),
        ("a fox\t1024x1024\nan owl\t1024x1536", [(1, "a fox"), (2, "an owl")]),
        ("a fox\tin snow\nan owl\t1024x1536", [(1, "a fox\tin snow"), (2, "an owl\t1024x1536")]),
    ],
)
def test_cells_that_were_copied_from_a_sheet_become_rows(text, rows):
    assert found(parse_text(text)) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("```\na fox\nan owl\n```", [(2, "a fox"), (3, "an owl")]),
        (
            "```text\na fox\nin snow\n```\n\n````\nan owl\n````",
            [(2, "a fox\nin snow"), (7, "an owl")],
        ),
        ("```\na fox\nin snow\n```\n---\n```\nan owl\n```", [(1, "a fox\nin snow"), (6, "an owl")]),
        ("a fox\n```", [(1, "a fox")]),
        ("```\na fox", [(2, "a fox")]),
        ("```\nprompt,count\na fox,2\n```", [(3, "a fox")]),
    ],
)
def test_a_code_fence_is_no_prompt(text, rows):
    assert [prompt for _, prompt in found(parse_text(text))] == [prompt for _, prompt in rows]


def test_what_stands_outside_the_code_fences_is_named_and_not_bought():
    intake = parse_text("Here you are\n```\na fox\n```\nEnjoy!")
    assert [row.text for row in intake.rows] == ["a fox"]
    assert [problem.line for problem in intake.problems] == [1, 5]
    assert "outside the ``` code fences" in intake.problems[0].message


@pytest.mark.parametrize(
    "marks",
    [
        ("1. ", "2. "),
        ("1) ", "2) "),
        ("(1) ", "(2) "),
        ("1.", "2."),
        ("9. ", "10. "),
        ("1. ", "1. "),
        ("1: ", "2: "),
        ("1 - ", "2 - "),
        ("#1. ", "#2. "),
        ("1\t", "2\t"),
        ("**1.** ", "**2.** "),
        ("1️⃣ ", "2️⃣ "),
        ("1、", "2、"),
        ("a) ", "b) "),
        ("- ", "- "),
        ("* ", "* "),
        ("• ", "• "),
        ("– ", "– "),
        ("> ", "> "),
        ("- [ ] ", "- [x] "),
        ("  - ", "  - "),
        ("Prompt 1: ", "Prompt 2: "),
        ("Prompt: ", "Prompt: "),
        ("**Prompt 1:** ", "**Prompt 2:** "),
        ("/imagine prompt: ", "/imagine prompt: "),
        ("① ", "② "),
        ("١. ", "٢. "),
        ("１．", "２．"),
        ("I. ", "II. "),
        ("No. 1: ", "No. 2: "),
        ("Scene 1: ", "Scene 2: "),
        ("Image 1 - ", "Image 2 - "),
    ],
)
def test_the_marks_of_a_list_are_no_part_of_its_prompts(marks):
    one, two = marks
    assert found(parse_text(f"{one}a fox\n\n{two}an owl")) == [(1, "a fox"), (3, "an owl")]
    blocks = found(parse_text(f"{one}a fox\nin snow\n---\n{two}an owl"))
    assert [prompt for _, prompt in blocks] == ["a fox\nin snow", "an owl"]


@pytest.mark.parametrize(
    "text",
    [
        "- a fox",
        "1. FC Köln\na fox",
        "3. a fox\n7. an owl",
        "- a fox\n* an owl",
        "- Animals\n  - a fox\n  - an owl",
        "3 foxes\n4 owls",
        "1.5 metre fox\n2.5 metre owl",
        "*a fox*\n*an owl*",
    ],
)
def test_a_mark_that_may_belong_to_its_prompt_stays_for_a_person_to_look_at(text):
    assert [row.text for row in parse_text(text).rows] == [
        line.strip() for line in text.split("\n")
    ]


def test_a_list_inside_a_prompt_is_part_of_it():
    text = "- subject: fox\n- style: oil\n---\n- subject: owl\n- style: ink"
    assert [row.text for row in parse_text(text).rows] == text.split("\n---\n")


def test_what_is_indented_under_an_item_goes_on_with_it():
    text = "1. a fox\n   in snow\n\n2. an owl\n\tat dusk"
    assert found(parse_text(text)) == [(1, "a fox\nin snow"), (4, "an owl\nat dusk")]


def test_a_heading_above_a_list_keeps_its_marks_from_the_prompts():
    text = "Here are two prompts:\n1. a fox\n2. an owl"
    assert [row.text for row in parse_text(text).rows] == [
        "Here are two prompts:",
        "a fox",
        "an owl",
    ]
