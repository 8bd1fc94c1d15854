"""Text and tags from elsewhere, made fit to store. Pure: no database, no storage."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from bulk_admin.text import NOT_KEPT

TAG_LIMIT = 50
TEXT_LIMIT = 20_000  # of a text that is to be plain: a page's longest has 1,500
MARKUP = re.compile(r"</?[a-zA-Z!?][^<>]*>")
# Of the words that stand in angle brackets, these are HTML; any other may be an unfilled template.
BLOCK_TAGS = (
    "p|br|hr|li|ul|ol|div|h[1-6]|table|thead|tbody|tr|td|th|html|body|head|main|title|img|svg"
    "|script|style|pre|blockquote|section|article|header|footer|figure"
)
INLINE_TAGS = "a|b|i|u|s|em|strong|span|code|font|mark|small|sub|sup"
LETTER = r"[^\W\d_]"
IN_BRACES = r"[^{}｛｝\"]"  # what JSON holds in braces has quotes
# {season}, {{ season }}, {red|blue}, {2$$red|blue}, [subject], <name>, __colour__
LEFTOVER = re.compile(
    rf"[{{｛]{{1,2}}\s{{0,9}}(?:{LETTER}|[\d$%@|_]{IN_BRACES}{{0,20}}(?:\||{LETTER}))"
    rf"{IN_BRACES}{{0,80}}[}}｝]{{1,2}}"
    rf"|\[{LETTER}[\w '’/|-]{{2,40}}\](?!\()"
    rf"|<(?!(?:{BLOCK_TAGS}|{INLINE_TAGS})\b){LETTER}[\w '’|-]{{2,40}}>"
    r"|__[^\W_][\w/-]{0,40}?[^\W_]__",
    re.IGNORECASE,
)
MARKDOWN = (
    (re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+)", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,3}(?:[-*_][ \t]*){3,30}$", re.MULTILINE), ""),  # a ruled line
    (re.compile(r"!?\[([^\[\]]{1,500})\]\([^()\n]{1,2000}\)"), r"\1"),
    (re.compile(r"```[a-z]*\n|`+|~~|\*\*+"), ""),
    # A mark that touches a word on one side only: 5 * 3 and snake_case are none.
    (re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])"), ""),
    (re.compile(r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)"), ""),
)
# Marks that turn text round or hide in it; joiners stay, for emoji and Persian need them.
INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")
QUOTES = ('"', "“”„‟", "«»", "‹›", "「」", "『』")
WRAPPED = {
    '"': '"', "“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』",
    "'": "'", "‘": "’", "`": "`'",
}  # fmt: skip
SENTENCE_END = re.compile(
    r"(?<=[.!?؟۔।።։។။])\s+|(?<=[.!?؟۔।][\"'”’»)\]])\s+"
    r"|(?<=[。！？｡])(?![。！？｡」』”’）])\s*|(?<=[。！？｡][」』”’）])\s*"
)
TAG_MARKS = re.compile(r"[,#|;{}\[\]<>\"“”„«»*`]")

_STOP_WORDS = """
a about above after against all an and are as at be been before being below between both but by
can did do does doing down during each few for from further
had has have having he her here hers him his how i if in into is it its itself just me more most
my no nor not now of off on once only or other our out over
own same she so some such than that the their them then there these they this those through to too
under until up very was we were what when where which
while who whom why will with you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def one_line(text: str) -> str:
    """Without control characters, which PostgreSQL or a browser may refuse, and with single
    spaces.
    """
    return " ".join(NOT_KEPT.sub(" ", text).split())


def without_markup(text: str) -> str:
    return one_line(MARKUP.sub(" ", text))


def unescaped(text: str) -> str:
    """HTML's entities as characters, also those that were escaped twice."""
    for _ in range(3):
        text = html.unescape(text)
    return text


def plain_text(text: str) -> str:
    """One line of words: no HTML and its entities, no Markdown, no invisible marks."""
    text = MARKUP.sub(" ", INVISIBLE.sub("", unescaped(text[:TEXT_LIMIT])))
    for mark, words in MARKDOWN:
        text = mark.sub(words, text)
    return without_markup(text)


def find_leftovers(text: str) -> list[str]:
    """What a template left behind, such as {season} or {red|blue}, each once, in its order."""
    return list(dict.fromkeys(one_line(found[0]) for found in LEFTOVER.finditer(text)))


def find_leftover(text: str) -> str:
    """The first one, or ""."""
    found = LEFTOVER.search(text)
    return one_line(found[0]) if found else ""


def without_stray_quotes(text: str) -> str:
    """One line without quotation marks around all of it, and without those that have no partner; an
    inch mark stays.
    """
    text = text.strip()
    while len(text) > 1 and text[-1] in WRAPPED.get(text[0], "") and not _quotes_inside(text):
        text = text[1:-1].strip()
    for marks in QUOTES:
        if sum(text.count(mark) for mark in marks) % 2:
            text = re.sub(rf"(?<!\d)[{marks}]", "", text)
    return " ".join(text.split())


def _quotes_inside(text: str) -> bool:
    """Whether the first mark belongs to another one than the last."""
    inside = re.sub(r"(?<=\w)['’](?=\w)", "", text[1:-1])
    return text[0] in inside or text[-1] in inside


def cut_at_word(text: str, limit: int) -> str:
    """``text`` with at most ``limit`` characters, whole words where it has any."""
    text = text.strip()
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not text[limit].isspace():
        words = head.rsplit(None, 1)
        # One long word, or a script without spaces, is cut where it must be.
        head = words[0] if len(words) == 2 and len(words[0]) * 2 >= limit else head
    return head.rstrip(" ,;:-–—\t\n\u200d")


def sentence_ends(text: str) -> list[int]:
    """Where each sentence ends, in characters from the beginning."""
    return [end for start, end in _between_gaps(text) if text[start:end].strip()]


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in _between_gaps(text) if text[start:end].strip()]


def _between_gaps(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in SENTENCE_END.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def clean_tags(names: Iterable[str], most: int | None = None) -> list[str]:
    """Lower case, hyphens for spaces, no marks of lists and markup, each once, in their order."""
    cleaned = (_clean_tag(name) for name in names)
    return list(dict.fromkeys(tag for tag in cleaned if tag and len(tag) <= TAG_LIMIT))[:most]


def _clean_tag(name: str) -> str:
    words = one_line(TAG_MARKS.sub(" ", plain_text(name).lower()))
    return "-".join(words.split(" ")).strip("-.'_:")
