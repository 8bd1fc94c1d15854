"""What a person should know before they approve a draft, in words and with its weight."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

from django.urls import reverse

from bulk_admin.wording import STOP_WORDS, sentences
from prompts.models import Prompt
from prompts.services.desk.reviewing import why_not_approve
from prompts.services.desk.texts import tags_of
from prompts.services.publishing import Doubt, doubts_of

FEW_TAGS = 3
SHORT_TEXT, FEW_SENTENCES = 120, 2
CLOSE = 0.86  # of two titles' letters
SHARED = 0.6  # of a title's words: less is never close
COMMON = 400  # titles with a word that says nothing of one of them
MOST_TITLES = 20_000
WORD = re.compile(r"\w+")


class Weight(IntEnum):
    """How it is told; the first one is the heaviest."""

    STOP = 1  # it cannot be approved
    LOOK = 2
    NOTE = 3


@dataclass(frozen=True, slots=True)
class Flag:
    weight: Weight
    text: str
    name: str = ""  # of the page that it is close to
    url: str = ""
    more: str = ""  # after the name

    @property
    def brief(self) -> str:
        """For a list: without why it matters."""
        return self.text.partition(";")[0]

    @property
    def word(self) -> str:
        return self.weight.name.capitalize()


@dataclass(frozen=True, slots=True)
class Neighbour:
    pk: int
    title: str
    status: str


class Titles:
    """Every page's title, found by its words."""

    def __init__(self, neighbours: Iterable[Neighbour]) -> None:
        self._by_word: dict[str, list[Neighbour]] = defaultdict(list)
        for each in neighbours:
            for word in words_of(each.title):
                self._by_word[word].append(each)

    @classmethod
    def of_all_pages(cls) -> Titles:
        rows = Prompt.objects.order_by("-pk").values_list("pk", "title", "status")
        return cls(Neighbour(*row) for row in rows[:MOST_TITLES])

    def closest(self, pk: int, title: str) -> Neighbour | None:
        """Another page whose title reads almost alike."""
        words = words_of(title)
        shared: Counter[Neighbour] = Counter()
        for word in words:
            known = self._by_word.get(word, [])
            if len(known) <= COMMON:
                shared.update(known)
        best, best_ratio = None, CLOSE
        for other, n in shared.items():
            if other.pk == pk or n < SHARED * len(words):
                continue
            ratio = _alike(title, other.title)
            if ratio >= best_ratio:
                best, best_ratio = other, ratio
        return best


def words_of(title: str) -> set[str]:
    words = set(WORD.findall(title.casefold()))
    return words - STOP_WORDS or words


def _alike(one: str, other: str) -> float:
    """Of their words in one order: "Fox in Snow" and "Snow fox" read alike."""
    first, second = ("".join(sorted(words_of(title))) for title in (one, other))
    return float(SequenceMatcher(None, first, second, autojunk=False).ratio())


def flags_of(page: Prompt, titles: Titles, same_text: Sequence[str] = ()) -> list[Flag]:
    """Heaviest first. ``page`` has its tags; ``same_text``: titles of others with its description.

    Whatever cannot be known from the page's own row and those two is not looked for.
    """
    found = [*_stops(page), *_doubts(page), *_text_flags(page, same_text)]
    if close := titles.closest(page.pk, page.title):
        found.append(_close(close))
    count = len(tags_of(page))
    if count < FEW_TAGS:
        told = ("No tags", "One tag", "Two tags")[count]
        found.append(Flag(Weight.NOTE, f"{told}; pages with three or more are found more often."))
    if page.category_id is None:
        found.append(Flag(Weight.NOTE, "No category."))
    return sorted(found, key=lambda flag: flag.weight)


def _stops(page: Prompt) -> list[Flag]:
    reason = why_not_approve(page)
    return [Flag(Weight.STOP, reason)] if reason else []


def _doubts(page: Prompt) -> list[Flag]:
    """What is accepted by approving; left-overs are not."""
    return [
        Flag(Weight.LOOK, sentence)
        for doubt, sentence in doubts_of(page).items()
        if not doubt.startswith(Doubt.LEFTOVER)
    ]


def _text_flags(page: Prompt, same_text: Sequence[str]) -> list[Flag]:
    flags = []
    text = page.description.strip()
    if not page.alt_text.strip():
        flags.append(Flag(Weight.LOOK, "The alt text is missing."))
    if not text:
        flags.append(Flag(Weight.LOOK, "The description is missing."))
    elif len(text) < SHORT_TEXT or len(sentences(text)) < FEW_SENTENCES:
        flags.append(Flag(Weight.LOOK, f"The description is thin: {len(text)} characters."))
    if text and same_text:
        flags.append(Flag(Weight.LOOK, f"“{same_text[0]}” has the same description."))
    if page.content_source == Prompt.ContentSource.RULE:
        flags.append(Flag(Weight.NOTE, "Its texts were made from the prompt by rule."))
    return flags


def _close(other: Neighbour) -> Flag:
    return Flag(
        Weight.LOOK,
        "Title is close to",
        other.title,
        reverse("admin:prompts_prompt_change", args=[other.pk]),
        f"({other.status})",
    )


def same_texts(pages: Iterable[Prompt]) -> dict[int, list[str]]:
    """For each page the titles of the others that have its description."""
    by_text: dict[str, list[Prompt]] = defaultdict(list)
    for page in pages:
        if text := " ".join(page.description.lower().split()):
            by_text[text].append(page)
    return {
        page.pk: [other.title for other in same if other.pk != page.pk]
        for same in by_text.values()
        for page in same
        if len(same) > 1
    }
