"""What a paste carries that is not part of a prompt: list marks, quotes, code fences, headings,
Midjourney's options, HTML. Each is found in one row, named, and cut on request. Pure.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bulk_admin.wording import BLOCK_TAGS, INLINE_TAGS

MAX_HEADING = 200  # characters; a longer line is a prompt
SHOWN = 60  # characters of what was found
MAX_NESTED = 3  # marks within marks, "> - 1. a fox"; bounded, or a line of hyphens is quadratic

BULLETS = "-*+•‣⁃◦▪▫■□●○·∙◆◇★☆➤►▶→–—>☐☑✓✔"
LIST_MARK = re.compile(
    r"(?:\*\*)?(?:"
    rf"(?P<bullet>[{BULLETS}]{{1,3}})\s+(?:\[[ xX]?\]\s+)?"
    r"|(?:n[or]\.\s?)?[(\[#№]{0,2}(?P<number>\d{1,4})"
    r"(?:[.)\]、．]{1,2}(?:\*\*)?(?:\s+|(?=[^\W\d_]))|[:/](?:\*\*)?\s+|\s?[-–—]\s+|\t\s*)"
    r"|(?P<keycap>[0-9])\ufe0f?\u20e3\s*"
    r"|(?P<circled>[①-⑳⓵-⓾❶-❿➀-➓])\s*"
    r"|(?P<letter>[a-z])\)\s+"
    r"|(?P<roman>(?-i:[IVX]{1,5}))[.)]\s+"
    r"|(?:scene|image|picture|shot|frame|panel|step|variation|option|idea|concept)\s?#?"
    r"(?P<nth_scene>\d{1,4})\s?(?:[:)]|\.(?!\d)|[-–—](?=\s))(?:\*\*)?\s*"
    r"|(?P<label>(?:/imagine\s{1,9})?(?:image\s)?prompt)\s?#?(?P<nth>[0-9]{0,4})\s?(?:[:.)]|[-–—](?=\s))(?:\*\*)?\s*"
    r"|(?P<command>/imagine)\s+"
    r")",
    re.IGNORECASE,
)

FENCE = re.compile(r"(?P<ticks>`{3,20})(?P<language>[^`]{0,40})")
WRAPS = (
    ('"""', '"""'),
    ("'''", "'''"),
    ("```", "```"),
    ("**", "**"),
    ('"', '"'),
    ("“", "”"),
    ("„", "“"),
    ("«", "»"),
    ("‘", "’"),
    ("'", "'"),
    ("`", "`"),
    ("「", "」"),
)

# What a chat says before and after its list, and lines that are about a prompt above them.
INTRODUCTION = re.compile(
    r"(?:sure|certainly|of course|absolutely)[,.!]|here(?:['’]s| are| is) "
    r"|let me know |would you like (?:me|any|more|another)\b|feel free to "
    r"|(?:i )?hope (?:this|these|you) |enjoy[.!]|negative prompt\s?:|steps:\s?\d|//",
    re.IGNORECASE,
)
HASHES = re.compile(r"#{1,6}\s+")
RULED = re.compile(r"[-=*_~#–—]{3,}")

# Keyboards make one dash of two hyphens. After a single dash only Midjourney's own names count,
# for a dash is punctuation too.
OPTION_NAMES = (
    "ar|aspect|version|v|stylize|s|chaos|c|no|seed|quality|q|style|niji|tile|iw|sref|sw|cref|cw"
    "|oref|ow|profile|p|weird|w|stop|repeat|r|raw|draft|fast|relax|turbo|hd|video|motion|loop|sv|exp"
)
DASHES = r"(?:--\s?|[–—])"
NUMBER = r"[0-9]{1,5}(?:\.[0-9]{1,3})?"
ASPECT = rf"(?:aspect|ar)(?:\s{{1,3}}|=)({NUMBER})\s?[:x×/]\s?({NUMBER})"
OPTION = re.compile(
    r"(?<!\S)(?:"
    rf"{DASHES}{ASPECT}"
    rf"|{DASHES}no\s[^\n]{{1,500}}?(?=\s{DASHES}[a-z]|\n|$)"
    rf"|{DASHES}(?:style|profile|p|sref|cref|oref)(?![\w-])(?:(?:\s{{1,3}}|=)(?!--|[–—])\S{{1,500}})?"
    rf"|(?:--[a-z]{{1,16}}|[–—](?:{OPTION_NAMES}))(?![\w-])"
    r"(?:(?:\s{1,3}|=)(?=\S{0,20}[0-9])(?!--|[–—])\S{1,100})?"
    r"|<?https?://\S{1,500}"  # a picture to go by
    rf")|::(?:-?{NUMBER})?(?!\S)",  # a weight
    re.IGNORECASE,
)
RATIO = re.compile(rf"(?<!\S){DASHES}{ASPECT}", re.IGNORECASE)

BLOCK_TAG = re.compile(rf"</?(?:{BLOCK_TAGS})(?:\s[^<>]{{0,500}})?/?>", re.IGNORECASE)
INLINE_TAG = re.compile(rf"</?(?:{INLINE_TAGS})(?:\s[^<>]{{0,500}})?>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:[a-z]{2,8}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """``find`` says what stands in a text, "" for nothing; ``cut`` takes it away. The buttons do
    it for one row and for all.
    """

    code: str
    find: Callable[[str], str]
    cut: Callable[[str], str]
    button: str
    button_of_all: str


def has_words(text: str) -> bool:
    """Whether anything in it can be drawn: a letter, a digit, an emoji."""
    return any(
        unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in text
    )


# --- list marks ----------------------------------------------------------------------------------


def find_list_mark(text: str) -> str:
    found = _list_mark(text)
    return f"list mark {found[0].strip()}" if found else ""


def cut_list_mark(text: str) -> str:
    for _ in range(MAX_NESTED):
        if found := _list_mark(text):
            text = text[found.end() :].strip()
    return text


def _list_mark(text: str) -> re.Match[str] | None:
    found = LIST_MARK.match(text)
    return found if found and has_words(text[found.end() :]) else None


def without_list_marks(texts: Sequence[str]) -> list[str]:
    """The items of one list without their marks: all bullets alike, or numbers that count up.

    Headings between them may stay as they are. Anything else comes back as it was given.
    """
    items = [text for text in texts if not find_heading(text)]
    found = [mark for text in items if (mark := _list_mark(text))]
    if len(found) < max(len(items), 2) or not _is_one_list(found) or any(map(_is_outline, items)):
        return list(texts)
    return [text if find_heading(text) else cut_list_mark(text) for text in texts]


def _is_one_list(marks: Sequence[re.Match[str]]) -> bool:
    kinds = {(mark["bullet"], bool(mark["label"]), mark["command"]) for mark in marks}
    numbers = [_number_of(mark) for mark in marks]
    letters = [mark["letter"] for mark in marks]
    if any(letters):
        return all(letters) and all(ord(b) - ord(a) == 1 for a, b in pairwise(map(str, letters)))
    if any(number is not None for number in numbers):
        counted = [-1 if number is None else number for number in numbers]
        return all(number >= 0 for number in counted) and (
            len(set(counted)) == 1 or all(b - a == 1 for a, b in pairwise(counted))
        )
    return len(kinds) == 1


def _number_of(mark: re.Match[str]) -> int | None:
    if mark["circled"]:
        return int(unicodedata.numeric(mark["circled"]))
    digits = mark["number"] or mark["keycap"] or mark["nth"] or mark["nth_scene"]
    return int(digits) if digits else None


def _is_outline(text: str) -> bool:
    """A prompt of several lines that is a list in itself: its first mark belongs to it."""
    return any(LIST_MARK.match(line.strip()) for line in text.split("\n")[1:])


# --- quotes and fences ---------------------------------------------------------------------------


def find_wrap(text: str) -> str:
    if any(is_fence(line) for line in text.split("\n")):
        return "code fence"
    found = _wrap(text)
    return f"wrapped in {found[0]}…{found[1]}" if found else ""


def cut_wrap(text: str) -> str:
    text = "\n".join(line for line in text.split("\n") if not is_fence(line)).strip()
    for _ in range(MAX_NESTED):
        if found := _wrap(text):
            text = text.rstrip(",; \t")[len(found[0]) : -len(found[1])].strip()
    return text


def is_fence(line: str) -> bool:
    """A line that opens or closes a block of code: ``` with at most a language."""
    return len(line) <= 100 and bool(FENCE.fullmatch(line.strip()))


def _wrap(text: str) -> tuple[str, str] | None:
    body = text.rstrip(",; \t")
    for opening, closing in WRAPS:
        inside = body[len(opening) : -len(closing)]
        if (
            len(body) > len(opening) + len(closing)
            and body.startswith(opening)
            and body.endswith(closing)
            and opening not in inside
            and closing not in inside
            and has_words(inside)
        ):
            return opening, closing
    return None


# --- headings ------------------------------------------------------------------------------------


def find_heading(text: str) -> str:
    return "looks like a heading" if _is_heading(text) else ""


def _is_heading(text: str) -> bool:
    if "\n" in text or len(text) > MAX_HEADING or not has_words(text):
        return False
    return bool(
        HASHES.match(text)
        or INTRODUCTION.match(text)
        or text.rstrip("*_ ").endswith((":", "："))
        or (RULED.match(text) and RULED.match(text[::-1]))
    )


def cut_heading(text: str) -> str:
    text = INTRODUCTION.sub("", text, count=1) if INTRODUCTION.match(text) else text
    return text.strip("#*_=~–—:： \t-")


# --- Midjourney's options ------------------------------------------------------------------------


def find_options(text: str) -> str:
    found = " ".join(" ".join(option[0].split()) for option in OPTION.finditer(text))
    return f"options {found if len(found) <= SHOWN else f'{found[: SHOWN - 1]}…'}" if found else ""


def cut_options(text: str) -> str:
    lines = text.split("\n")
    cut = (" ".join(OPTION.sub(" ", line).split()).rstrip(" ,;") for line in lines)
    return "\n".join(
        left if OPTION.search(line) else line for line, left in zip(lines, cut, strict=True)
    ).strip()


def ratio_of(text: str) -> float | None:
    """Width by height of the last --ar, or None."""
    found = [(float(each[1]), float(each[2])) for each in RATIO.finditer(text)]
    return found[-1][0] / found[-1][1] if found and all(found[-1]) else None


# --- HTML ----------------------------------------------------------------------------------------


def find_html(text: str) -> str:
    found = BLOCK_TAG.search(text) or INLINE_TAG.search(text) or ENTITY.search(text)
    return f"HTML {found[0][:SHOWN]}" if found else ""


def cut_html(text: str) -> str:
    text = html.unescape(INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text)))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(lines).strip()


OPTIONS = Mark("options", find_options, cut_options, "Cut options", "Cut all options")
MARKS = (
    Mark("heading", find_heading, cut_heading, "Use as a prompt", "Use all headings as prompts"),
    Mark("html", find_html, cut_html, "Remove HTML", "Remove all HTML"),
    Mark("list_mark", find_list_mark, cut_list_mark, "Remove mark", "Remove all list marks"),
    Mark("wrap", find_wrap, cut_wrap, "Unwrap", "Unwrap all"),
    OPTIONS,
)
