"""A page's texts by rule from its prompt, for a site without a key for a model."""

from __future__ import annotations

import re
import unicodedata

from bulk_admin.services.writing.cleaning import (
    ALT_LEAST,
    ALT_LIMIT,
    EDGES,
    LEADING_ON,
    TAGS_LIMIT,
    Texts,
    cut_at_clause,
    least_title,
    led_to_its_end,
    title_within,
)
from bulk_admin.wording import STOP_WORDS, clean_tags, plain_text

PROMPT_LIMIT = 4000  # a look at its beginning is enough
START_LIMIT, START_LEAST = 300, 150
SENTENCE_CLOSED = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
WORD_END = re.compile(r"[\s,;|/()、，。；：！？・…（）「」]+")
KNOWN_FLAGS = (
    "ar|aspect|c|chaos|cref|cw|exp|hd|iw|niji|no|oref|ow|p|profile|q|quality|raw|repeat|s|seed|sref|"
    "stop|style|stylize|sv|sw|tile|turbo|v|version|video|w|weird"
)
# What the tools of image models read out of a prompt, and what of it is words; in this order.
SYNTAX = (
    (r"(?is)\bnegative prompt\s*:.*", ""),
    (r"(?i)^\s*(?:/imagine\s+)?(?:prompt\s*[:：]\s*)?", ""),
    (r"<[^<>]*>", " "),  # <lora:film:0.8>
    # --ar 3:2, --style raw, --no text; a dash that an editor made of the two hyphens
    (rf"(?i)(?<![\w-])(?:--(?=[a-z])|[—–](?=(?:{KNOWN_FLAGS})(?!\w)))"
     r"(?:no\s(?:(?!\s--|\s—).)*"
     r"|(?:style|sref|cref|oref|p|profile)\s+(?!--)\S+"
     r"|[a-z][\w-]*(?:[ =]+[\d.:/x,-]+(?!\w))?)", " "),
    (r"(?<!\S)-{2,}(?!\S)", ","),
    (r"\\([()\[\]{}])", r"\1"),
    (r"::-?\d*(?:\.\d+)?", ", "),  # hot::2 dog
    (r"\bBREAK\b", ","),
)  # fmt: skip
# Brackets may stand in one another: applied until nothing changes, the innermost first.
BRACKETS = (
    (r"\{([^{}|]*)\|[^{}]*\}", r"\1"),  # {red|green}
    (r"\[([^\[\]|]*)\|[^\[\]]*\]", r"\1"),
    (r"\[[^\[\]:]*:([^\[\]:]*):\s*[\d.]+\s*\]", r"\1"),  # [from:to:0.5]
    (r"\(\s*\(([^()]*?)(?::\s*-?[\d.]+\s*)?\)\s*\)", r"\1"),  # ((word))
    (r"\(([^()]*):\s*-?[\d.]+\s*\)", r"\1"),  # (word:1.2)
    (r"\[([^\[\]]*):\s*-?[\d.]+\s*\]", r"\1"),
    (r"[{\[]([^{}\[\]]*)[}\]]", r"\1"),  # {name}, [word]
)
LEFT_OVER = re.compile(r"[{}\[\]|\\<>]|\(\s*\)")
COMMAS = re.compile(r"\s*,(?:\s*,)*")
DEPTH = 4
NO_TAGS = STOP_WORDS | LEADING_ON


def texts_of(prompt: str) -> Texts:
    """Valid for any prompt, and the same for the same one."""
    plain = words_of(prompt[:PROMPT_LIMIT])
    start = cut_at_clause(plain, START_LIMIT, START_LEAST) or "a few signs"
    ending = "" if start.endswith(SENTENCE_CLOSED) else "."
    return Texts(
        _title(plain),
        f"A picture made from this prompt: {start}{ending} Copy the prompt, change a word or two,"
        " and make your own.",
        _tags(plain),
        cut_at_clause(f"Picture made from the prompt: {start}", ALT_LIMIT, ALT_LEAST),
    )


def words_of(prompt: str) -> str:
    """What a prompt says, without what only an image model's tools understand."""
    for pattern, words in SYNTAX:
        prompt = re.sub(pattern, words, prompt)
    for _ in range(DEPTH):
        for pattern, words in BRACKETS:
            prompt = re.sub(pattern, words, prompt)
    text = plain_text(LEFT_OVER.sub(" ", prompt).replace("_", " "))
    return COMMAS.sub(",", text).strip(" ,;")


def _title(plain: str) -> str:
    title = title_within(plain)
    ended = led_to_its_end(title)
    if title[-1:].islower() and len(ended) >= least_title(ended):  # a letter A is not an article
        title = ended.rstrip(EDGES)
    if not any(char.isalnum() for char in title):
        return "Picture from a prompt without words"
    if len(title) < least_title(title):
        title = f"{title.rstrip('!?！？')}: picture and prompt"
    first = title[0].upper()
    return first + title[1:] if len(first) == 1 else title


def _tags(plain: str) -> list[str]:
    words = (_bare(word) for word in WORD_END.split(plain.lower()))
    telling = [word for word in words if word not in NO_TAGS and _is_telling(word)]
    return clean_tags(telling, TAGS_LIMIT) or ["picture"]


def _is_telling(word: str) -> bool:
    letters = sum(char.isalpha() for char in word)
    is_dense = any(unicodedata.east_asian_width(char) in ("W", "F") for char in word)
    return letters >= (2 if is_dense else 3)


def _bare(word: str) -> str:
    """A word without the punctuation around it; marks inside, as Devanagari has them, stay."""
    while word and unicodedata.category(word[0])[0] in "PSZC":
        word = word[1:]
    while word and unicodedata.category(word[-1])[0] in "PSZC":
        word = word[:-1]
    return word
