"""Every parser that reads text from outside takes linear time: 100 kB of the worst we know of."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable

import pytest

from bulk_admin.logs import redact
from bulk_admin.money import parse_usd
from bulk_admin.services.drafting.intake import IntakeError, clean, parse_file, parse_text
from bulk_admin.services.drafting.intake.columns import column_of
from bulk_admin.services.drafting.marks import MARKS, has_words, ratio_of, without_list_marks
from bulk_admin.services.image_providers.base import parse_size
from bulk_admin.services.image_providers.http import client, fetch, waits
from bulk_admin.services.image_providers.http.error_table import error_for
from bulk_admin.services.image_providers.replicate import BLOCKED
from bulk_admin.services.writing.cleaning import title_within
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.refusals import is_refusal
from bulk_admin.wording import clean_tags, find_leftovers, one_line, sentences, without_markup

SIZE = 100_000
BOUND = 3.0  # seconds of the processor; 100 kB at n² take minutes

# Repeated to 100 kB.
PIECES = [
    ",",
    ";",
    "\t",
    " ",
    "\n",
    "\r\n",
    "|",
    '"',
    "'",
    '""',
    '",',
    "“",
    "\\",
    "[",
    "{",
    "[[",
    '{"a":',
    "(",
    "<",
    "<p ",
    "<a<",
    "</",
    "&",
    "&a",
    "&#1",
    "-",
    "- ",
    "--",
    "-- ",
    "—",
    "--no ",
    "--a ",
    "--no x ",
    "--ar 1",
    "--ar 1:",
    "--ar 1:1 ",
    "--sref x ",
    "*",
    "**",
    "#",
    "# ",
    "_",
    "__",
    "__a",
    "=",
    "`",
    "```",
    "```\n",
    "---\n",
    "1. ",
    "1.\n",
    "1. a\n",
    "a) ",
    "[a",
    "{a",
    "{ ",
    "{{",
    "<ab ",
    "a",
    "a ",
    "a.",
    "a. ",
    ". ",
    "。",
    "A",
    "é",
    "🦊",
    "狐",
    "\x0b",
    "\u200b",
    "\u0301",
    "1",
    "1 ",
    "1.",
    "0",
    "9" * 10,
    "1e9",
    "model ",
    "model not ",
    "try again in ",
    "try again in 1",
    "resets in 1.",
    "invalid ",
    "sk-",
    "sk-a",
    "r8_",
    "bearer ",
    "Bearer\t",
    "prompt",
    "prompt,",
    "prompt\n",
    "sep=",
    "Prompt: ",
    "/imagine ",
    "/imagine prompt: ",
    "Scene 1: ",
    "::",
    "x = [",
    "| - ",
    "x" * 999 + " ",
    "data:image/png;base64,",
    "%4",
    "UklGR" + "A" * 59 + "\\",
]
# What makes a pattern search on, or stop at the last moment.
FRAMED = [
    ("try again in ", "1", ""),
    ("try again in 1", " ", ""),
    ("--no ", "a ", ""),
    ("<p ", "a", ""),
    ("prompt\n", ",", ""),
    ("prompt\n", '"a\n', ""),
    ("[", '"a",', ""),
    ("[", '"a"\n', "!"),
    ("", "model ", "!"),
    ("", " ", "a"),
    ("", "\n", "a"),
    ('"', "a\n", ""),
    ("1. ", " ", "a"),
    ("```\n", "a\n", "```"),
    ("", "- ", "fox"),
    ("# ", "#", "a"),
    ("", "*", "a"),
    ("(", "'a',", ")"),
    ("{1", "a", ""),
    ("", "{1a", "{"),
    ("", "__a", ""),
]


def as_json(text: str) -> object:
    return parse_file("p.json", json.dumps([text]).encode())


def with_header(name: str) -> Callable[[str], object]:
    return lambda text: waits.wait_of({name: text}, "")


def refuse(body: object, prompt: str = "") -> object:
    return error_for(422, {}, json.dumps(body).encode(), prompt=prompt)


PARSERS: dict[str, Callable[[str], object]] = {
    "paste": parse_text,
    "csv": lambda text: parse_file("p.csv", text.encode()),
    "tsv": lambda text: parse_file("p.tsv", text.encode()),
    "txt": lambda text: parse_file("p", text.encode(), "txt"),
    "json": lambda text: parse_file("p.json", text.encode()),
    "json text": as_json,
    "file name": lambda text: parse_file(text, b"a fox"),
    "prompt": clean,
    "column": column_of,
    "left-overs": find_leftovers,
    "words": has_words,
    "ratio": ratio_of,
    "list": lambda text: without_list_marks([text, text]),
    **{f"find {mark.code}": mark.find for mark in MARKS},
    **{f"cut {mark.code}": mark.cut for mark in MARKS},
    "refusal": lambda text: refuse({"error": {"message": text}}),
    "refusal as text": lambda text: error_for(403, {}, text.encode()),
    "refusal as list": lambda text: refuse({"detail": [{"msg": text, "loc": [text]}]}, text),
    "rate limit": lambda text: refuse({"error": {"message": text}}, text),
    "wait": lambda text: waits.wait_of({}, text),
    "retry-after": with_header("retry-after"),
    "retry-after-ms": with_header("retry-after-ms"),
    "provider's words": client.clean,
    "provider's page": lambda text: client.words_of_page(f"<html>{text}"),
    "key": client.sendable,
    "blocked": BLOCKED.search,
    "base64": fetch.decode_base64,
    "pictures in a text": fetch.pictures_in,
    "data URL": lambda text: fetch.decode_data_url(f"data:image/png;base64,{text}"),
    "bare data URL": lambda text: fetch.decode_data_url(f"data:,x{text}"),
    "size": parse_size,
    "money": parse_usd,
    "log": redact,
    "line": one_line,
    "markup": without_markup,
    "sentences": sentences,
    "tags": lambda text: clean_tags([text, *text.split(",")]),
    "texts by rule": Content.from_prompt,
    "refusal by a model": is_refusal,
    "title": title_within,
}


NASTY = [*(("", piece, "") for piece in PIECES), *FRAMED]
FIRST_LOOK = 10  # all at a tenth of the size; what is slowest there is tried in full
IN_FULL = 8


def nasty(kind: tuple[str, str, str], size: int) -> str:
    start, piece, ending = kind
    return f"{start}{piece * (size // len(piece))}{ending}"


def seconds(parser: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    with contextlib.suppress(IntakeError, ValueError, fetch.FetchFailed):  # an answer too
        parser(text)
    return time.process_time() - begun


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_linear_time(name):
    parser = PARSERS[name]
    small = {kind: seconds(parser, nasty(kind, SIZE // FIRST_LOOK)) for kind in NASTY}
    for kind in sorted(NASTY, key=small.__getitem__, reverse=True)[:IN_FULL]:
        took = seconds(parser, nasty(kind, SIZE))
        assert took < BOUND, f"{took:.1f} s for {kind}"


@pytest.mark.parametrize("rows", [1, 20])
def test_a_table_of_empty_columns_takes_linear_time(rows):
    data = f"prompt{',' * 16_383}\n" + f"a fox{',' * 16_383}\n" * rows
    begun = time.process_time()
    assert parse_file("p.csv", data.encode()).rows == []
    assert time.process_time() - begun < BOUND


def test_two_megabytes_take_linear_time_as_well():
    for data in (b"," * 2_000_000, b'"' * 2_000_000, b"a," * 1_000_000, b"- " * 1_000_000):
        for name in ("p.csv", "p.txt"):
            begun = time.process_time()
            with contextlib.suppress(IntakeError):
                parse_file(name, data)
            assert time.process_time() - begun < 4 * BOUND
