"""JSON becomes rows: a list of texts or objects, an object that holds one, or JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .cleaning import clean
from .columns import column_of, row_of
from .rows import Intake, IntakeError, Problem, Row

# Of an object without a prompt: what names its text, and what may stand beside that and is left.
TEXTS = re.compile(r"text|content|description|caption|value", re.IGNORECASE)
BESIDE = re.compile(r"id|n[or]|number|index|name|title|type|label|category|tags?", re.IGNORECASE)
NUMBERED = re.compile(r"(?:prompt|image|scene|item)?[ _-]?\d{1,4}", re.IGNORECASE)
DEEPEST = 5  # objects within objects that prompts are looked for in
# What stands before a list in a program or a settings file.
ASSIGNED = re.compile(
    r"\s*(?:(?:export\s+)?(?:const|let|var)\s+)?[A-Za-z_]\w{0,40}\s{0,3}[=:]\s*(?=[\[(])"
)
SPACE = re.compile(r"[ \t\n]*")
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)+)"|“([^“”\n]+)”|\'((?:[^\'\\\n]|\\.)+)\'')
ESCAPED = re.compile(r"\\(.)")
DECODER = json.JSONDecoder()

Items = list[tuple[int, Any]]  # each with the line that it starts on


def rows_of_json(text: str) -> Intake:
    """Raises IntakeError when it is no JSON."""
    intake = find_json(text)
    if intake is None:
        raise IntakeError(
            'This is not JSON that holds prompts. Write ["a fox", "an owl"] or'
            ' [{"prompt": "a fox"}], or save the prompts as .txt.'
        )
    return intake


def find_json(text: str) -> Intake | None:
    """The rows when all of the text is JSON, or a list of quoted texts; else None."""
    text = _unassigned(text)
    try:
        items = _whole(text)
        if items is None:
            items = _lines(text)
        return _quoted(text) if items is None else _rows(items)
    except RecursionError:  # thousands of brackets within brackets
        return None


def _whole(text: str) -> Items | None:
    at = _skip(text, 0)
    if text[at : at + 1] not in ("[", "{"):
        return None
    try:
        value, end = DECODER.raw_decode(text, at)
    except ValueError:
        return None
    if text[end:].strip():
        return None
    lines = _Lines(text)
    if isinstance(value, list):
        return [(lines.of(start), item) for start, item in _items(text, at)]
    if (start := _list_in(text, at)) is not None:
        return [(lines.of(place), item) for place, item in _items(text, start)]
    if value and all(map(NUMBERED.fullmatch, value)):
        return [(lines.of(place), held) for place, _, held in _members(text, at)]
    # An object that names no prompt may be one itself, written for a model that takes JSON.
    return [(lines.of(at), value if _keyed(value) else text[at:end])]


def _unassigned(text: str) -> str:
    """A program's list without the name that it is given, on the line where it stood."""
    found = ASSIGNED.match(text)
    return "\n" * found[0].count("\n") + text[found.end() :] if found else text


def _list_in(text: str, at: int, levels: int = DEEPEST) -> int | None:
    """Where the first list of prompts starts within the sound object at ``at``."""
    for start, key, held in _members(text, at):
        if isinstance(held, list) and (column_of(key) == "prompt" or _has_prompts(held)):
            return start
        if isinstance(held, dict) and levels and (within := _list_in(text, start, levels - 1)):
            return within
    return None


def _has_prompts(items: list[Any]) -> bool:
    return any(isinstance(item, dict) and _keyed(item) for item in items)


def _lines(text: str) -> Items | None:
    """JSON lines: every line an object, the first one with a prompt."""
    items: Items = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line) if line.lstrip().startswith("{") else None
        except ValueError:
            item = None
        if not items and not (isinstance(item, dict) and _keyed(item)):
            return None
        items.append((number, item))
    return items or None


def _quoted(text: str) -> Intake | None:
    """Texts in quotes and nothing else between them but commas, as a program's list holds them."""
    body = text.strip().rstrip(";")
    bracketed = body.startswith(("[", "(")) and body.endswith(("]", ")"))
    start = text.index(body) + bracketed if body else 0
    end = start + len(body) - 2 * bracketed
    lines, intake, at = _Lines(text), Intake(), start
    for found in QUOTED.finditer(text, start, end):
        if text[at : found.start()].strip(" \t\n,"):
            return None
        at = found.end()
        prompt = clean(ESCAPED.sub(r"\1", found[1] or found[2] or found[3]))
        if prompt:
            intake.rows.append(Row(prompt, lines.of(found.start())))
    if text[at:end].strip(" \t\n,") or len(intake.rows) < (1 if bracketed else 2):
        return None
    return intake


def _rows(items: Items) -> Intake:
    intake = Intake()
    keyed = _has_prompts([item for _, item in items])
    for line, item in items:
        found = _row(line, item, keyed)
        if isinstance(found, Row):
            intake.rows.append(found)
        else:
            intake.problems.append(found)
    return intake


def _row(line: int, item: Any, keyed: bool) -> Row | Problem:
    if isinstance(item, str):
        return row_of(line, {"prompt": clean(item)})
    if not isinstance(item, dict):
        return Problem(line, "This item is no text and no object with a prompt.")
    values = _keyed(item)
    if values:
        return row_of(line, values)
    if keyed:
        return Problem(line, "There is no prompt in this item.")
    return row_of(line, {"prompt": _text(item)})


def _keyed(item: Mapping[str, Any]) -> dict[str, str]:
    """An item's values by column; empty without a prompt. Other keys are left alone."""
    values: dict[str, str] = {}
    for key, value in item.items():
        if column := column_of(key):
            values.setdefault(column, _text(value))
    if "prompt" not in values and (key := _only_text(item)):
        values["prompt"] = _text(item[key])
    return values if "prompt" in values else {}


def _only_text(item: Mapping[str, Any]) -> str:
    """The key of a text that is all that an item says; "" where others say something too."""
    texts = [key for key, value in item.items() if TEXTS.fullmatch(key) and isinstance(value, str)]
    others = [key for key in item if key not in texts and not column_of(key)]
    return texts[0] if len(texts) == 1 and all(map(BESIDE.fullmatch, others)) else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


# --- where an item starts ------------------------------------------------------------------------


class _Lines:
    """The line of each place in a text, asked for in rising order."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1

    def of(self, place: int) -> int:
        self.line += self.text.count("\n", self.at, place)
        self.at = place
        return self.line


def _items(text: str, at: int) -> Iterator[tuple[int, Any]]:
    """The items of the sound list that starts at ``at``."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = DECODER.raw_decode(text, at)
        yield at, value
        at = _skip(text, end, ",")


def _members(text: str, at: int) -> Iterator[tuple[int, str, Any]]:
    """The members of the sound object that starts at ``at``: each value's place, its key, it."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, end = DECODER.raw_decode(text, at)
        at = _skip(text, end, ":")
        value, end = DECODER.raw_decode(text, at)
        yield at, key, value
        at = _skip(text, end, ",")


def _skip(text: str, at: int, mark: str = "") -> int:
    """Past white space, and past the mark with its white space when it is next."""
    at = _past_space(text, at)
    return _past_space(text, at + 1) if mark and text[at] == mark else at


def _past_space(text: str, at: int) -> int:
    space = SPACE.match(text, at)
    return space.end() if space else at
