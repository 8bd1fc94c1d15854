"""A model's texts made fit for a page, or refused: what it wrote around them goes, and each is
judged by the lengths and sentence ends of its own script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from bulk_admin.services.image_providers.http.json_body import read_json, texts_in
from bulk_admin.services.writing.refusals import is_refusal
from bulk_admin.wording import (
    clean_tags,
    cut_at_word,
    plain_text,
    sentence_ends,
    unescaped,
    without_stray_quotes,
)

TITLE_LIMIT = 60
# The least characters of a title: a Chinese, Japanese or Korean one says as much in a quarter.
TITLE_LEAST, TITLE_LEAST_DENSE, TITLE_LEAST_UNSPACED = 20, 5, 12
SENTENCES_LIMIT, SENTENCES_LEAST = 6, 2
UNSPACED_LEAST = 30  # characters of a description in a script without sentence ends
DESCRIPTION_LIMIT = 1500
ALT_LIMIT, ALT_LEAST = 125, 60
TAGS_LIMIT = 10
UNSPACED = ("THAI ", "LAO ", "KHMER ", "MYANMAR ")  # no spaces between words; few or no full stops
LABEL = re.compile(
    r"(?:(?:(?:sure|certainly|of course|okay)[!,.]\s*)?"
    r"(?:here(?:'s|’s| is| are)|hier ist|voici|aquí (?:está|tienes)|ecco|aqui está)\b"
    r"[^:：.!?]{0,60}"
    r"|(?:(?:page|seo|meta|image|picture)[ -])?(?:title|headline|description|summary|caption"
    r"|alt(?:[ -]?text)?|tags?|keywords?)"
    r"|titel|überschrift|beschreibung|alternativtext|titre|título|titulo|titolo|descripción"
    r"|descrizione|descrição|etiquetas|заголовок|название|описание|теги"
    r"|标题|標題|描述|标签|標籤|タイトル|説明|タグ|제목|설명|태그)\s*[:：]\s*",
    re.IGNORECASE,
)
UNCOVERED = 5  # times; no text that somebody means is as deep
MARKS = re.compile(r"[<>&*_`#~\[\]\"“”„«»‹›「」『』'‘’]")
LABELS = 2  # "Here you go: Title: ..."
TAG_END = re.compile(r"[,;|#\n，；、،؛]")
LIST_MARK = re.compile(r"^\s*\d{1,2}[.)]\s+")
EDGES = " \t.,;:…·-–—_*。、，；："
CLAUSE_END = re.compile(
    r"[,;:!?](?=\s)|(?<=\w{3})\.(?=\s)|\s[-|](?=\s)|(?<!\d)[–—…]|[、，。；：！？]|\s(?=[(\[])"
)
BRACKETS = {"(": ")", "[": "]", "{": "}", "（": "）", "「": "」", "『": "』", "《": "》"}
# Words that lead on to something, and are no noun in any of these languages: no title ends so.
_LEADING_ON = """
a an the and or but nor of in on at by for from with without to into onto through between among
against as than that which whose its his her their my your our this these
der das dem des ein eine einen einem einer eines und oder mit ohne von vom im auf zu zum zur bei für
aus über unter vor hinter neben zwischen
le la les un une du de et ou avec sans dans sur sous en au aux pour chez
el los las una unos unas y con del al por para sobre entre
il lo gli uno della dei degli delle di da ed tra fra nel nella
os um uma com em na nos nas sem
и в во на с со из к у от до за под над при для без или
het een och på med av og
"""
LEADING_ON = frozenset(_LEADING_ON.split())
# The same, but some titles do end with them: Where the Wild Things Are.
_MAY_LEAD_ON = """
over under near across along around before behind beneath beside beyond during inside like while
where when who very is are
"""
MAY_LEAD_ON = LEADING_ON | frozenset(_MAY_LEAD_ON.split())


class TooPoor(Exception):
    """An answer that is not good enough for a page; the message says why."""


class Texts(NamedTuple):
    title: str
    description: str
    tags: list[str]
    alt_text: str


def cleaned(title: str, description: str, tags: Iterable[str], alt_text: str) -> Texts:
    """An answer within the limits; raises TooPoor."""
    written = list(tags)
    title, description, alt_text = (_bare(text) for text in (title, description, alt_text))
    if any(is_refusal(text) for text in (title, description, alt_text, ", ".join(written))):
        raise TooPoor("The model refused to write about this picture.")
    title = title_within(title)
    if len(title) < least_title(title):
        raise TooPoor("The title is too short.")
    if not _says_enough(description):
        raise TooPoor("The description is too short.")
    if not (names := clean_tags(_split(written), TAGS_LIMIT)):
        raise TooPoor("There are no tags.")
    alt_text = _plain(cut_at_clause(alt_text, ALT_LIMIT, ALT_LEAST))
    return Texts(title, _within(description), names, alt_text or title)


def title_within(text: str) -> str:
    """At most 60 characters, ending where a clause does, without a full stop."""
    return _plain(cut_at_clause(text, TITLE_LIMIT, least_title(text))).strip(EDGES)


def least_title(text: str) -> int:
    letters = [char for char in text if char.isalpha()]
    if 2 * sum(map(_is_dense, letters)) > len(letters):
        return TITLE_LEAST_DENSE
    return TITLE_LEAST_UNSPACED if _is_unspaced(text) else TITLE_LEAST


def cut_at_clause(text: str, limit: int, least: int) -> str:
    """At most ``limit`` characters: up to the last clause, else phrase, else word that fits, as
    long as ``least`` are left.
    """
    text = text.strip()
    if len(text) <= limit:
        return text
    for mark in reversed(list(CLAUSE_END.finditer(text, least, limit + 2))):
        head = text[: mark.start()].rstrip(EDGES)
        if least <= len(head) <= limit and _is_closed(head):
            return head
    return _at_phrase(text, limit, least)


def _at_phrase(text: str, limit: int, least: int) -> str:
    head = cut_at_word(text, limit)
    words, following = head.split(" "), text[len(head) :].split()
    if not (following and following[0].lower() in MAY_LEAD_ON):
        # The last phrase may have been cut: end before the word that leads on to it.
        leads = [n for n, word in enumerate(words) if n and word.lower() in MAY_LEAD_ON]
        if leads and len(" ".join(words[: leads[-1]])) >= least:
            words = words[: leads[-1]]
    return _closed(led_to_its_end(" ".join(words), MAY_LEAD_ON)).rstrip(EDGES)


def led_to_its_end(text: str, leading_on: frozenset[str] = LEADING_ON) -> str:
    """Without last words that lead on to something: "lemons and a" is "lemons"."""
    words = text.split(" ")
    while len(words) > 1 and words[-1].strip(EDGES).lower() in leading_on:
        words.pop()
    return " ".join(words)


def _is_closed(text: str) -> bool:
    return all(text.count(opening) <= text.count(end) for opening, end in BRACKETS.items())


def _closed(text: str) -> str:
    """Without the brackets that were cut before they close."""
    for opening, end in BRACKETS.items():
        while text.count(opening) > text.count(end):
            at = text.rindex(opening)
            text = text[:at] + text[at + 1 :]
    return " ".join(text.split())


def _bare(text: str) -> str:
    """Without markup, and without what a model writes around a text."""
    text = _plain(_unpacked(text))
    for _ in range(LABELS):
        text = _plain(_unlabelled(text))
    return text


def _unpacked(text: str) -> str:
    """The first text of JSON that was written into a field."""
    if not text.rstrip().endswith(("}", "]")):
        return text
    try:
        return next(texts_in(read_json(text)), text)
    except ValueError:
        return text


def _plain(text: str) -> str:
    """Without markup and stray quotes: what is taken away may uncover more of either."""
    for _ in range(UNCOVERED):
        before, text = text, without_stray_quotes(plain_text(text))
        if text == before:
            return text
    return " ".join(MARKS.sub(" ", text).split())


def _unlabelled(text: str) -> str:
    label = LABEL.match(text)
    return text[label.end() :] if label else text


def _split(names: Iterable[str]) -> list[str]:
    """Several tags may stand in one string."""
    return [
        LIST_MARK.sub("", name)
        for text in names
        for name in TAG_END.split(_unlabelled(unescaped(text).strip()))
    ]


def _says_enough(description: str) -> bool:
    if len(sentence_ends(description)) >= SENTENCES_LEAST:
        return True
    # Thai writes a space where others write a full stop.
    return (
        _is_unspaced(description)
        and len(description) >= UNSPACED_LEAST
        and len(description.split()) >= SENTENCES_LEAST
    )


def _within(description: str) -> str:
    """Whole sentences, as many as a page has room for."""
    ends = [end for end in sentence_ends(description)[:SENTENCES_LIMIT] if end <= DESCRIPTION_LIMIT]
    return description[: ends[-1]].strip() if ends else cut_at_word(description, DESCRIPTION_LIMIT)


def _is_dense(char: str) -> bool:
    """Chinese, Japanese, Korean."""
    return unicodedata.east_asian_width(char) in ("W", "F")


def _is_unspaced(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(unicodedata.name(char, "").startswith(UNSPACED) for char in letters) > len(
        letters
    )
