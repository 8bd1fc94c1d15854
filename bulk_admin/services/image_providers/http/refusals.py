"""What an answer without a picture says, whoever wrote it: the provider, a gateway that relays to
it, or a proxy or firewall in front. Read with care: they send text, lists and web pages too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulk_admin.text import WORDS_LIMIT, clean_text

from .client import is_page, words_of_page
from .json_body import read_json, text_of

MOST_CATEGORIES = 20
NO_TEXT = ("None", "null")  # LiteLLM writes what it does not know as a word
LISTED = re.compile(r"safety_violations\s{0,3}=\s{0,3}\[([^\]]{0,300})\]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """``names`` are the codes and types it gives itself, the most exact first, as small letters
    and digits; ``stage`` says where moderation found something, if it says so.
    """

    message: str = ""
    names: tuple[str, ...] = ()
    param: str = ""
    stage: str = ""
    categories: tuple[str, ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    is_page: bool = False


def plain_name(name: object) -> str:
    """``content_filter``, ``contentFilter`` and ``ContentFilter`` are one name."""
    return re.sub(r"[^a-z0-9]", "", name[:100].lower()) if isinstance(name, str) else ""


def read_refusal(body: bytes) -> Refusal:
    """A refusal out of an answer's body."""
    text = text_of(body)
    try:
        answer = read_json(text)
    except ValueError:
        text = text[: 10 * WORDS_LIMIT].strip()
        if is_page(text):
            return Refusal(message=words_of_page(text), is_page=True)
        return Refusal(message=clean_text(text, WORDS_LIMIT))
    return refusal_in(answer)


def refusal_in(answer: object) -> Refusal:
    """A refusal out of what JSON holds: the error itself, or what wraps one."""
    if isinstance(answer, list):  # Google wraps its errors in a list
        answer = answer[0] if answer else None
    if isinstance(answer, Mapping) and "error" in answer:
        outer, answer = answer, answer["error"]
        if not isinstance(answer, Mapping):
            answer = {**outer, "message": _text(answer) or outer.get("message")}
    if not isinstance(answer, Mapping):
        return Refusal(message=_text(answer))
    message = (
        _text(answer.get("message"))
        or _detail(answer.get("detail"))
        or _text(answer.get("msg"))
        or _text(answer.get("title"))
    )
    inner = _mapping(answer.get("inner_error") or answer.get("innererror"))
    details = _mapping(answer.get("moderation_details"))
    names = (answer.get("code"), inner.get("code"), answer.get("type"), answer.get("status"))
    return Refusal(
        message=message,
        names=tuple(name for name in map(plain_name, names) if name and name != "none"),
        param=_text(answer.get("param")) or _place(answer.get("detail")),
        stage=_text(details.get("moderation_stage")),
        categories=_categories(answer, details, inner, message),
        usage=_mapping(answer.get("usage")),
    )


def _categories(
    answer: Mapping[str, Any], details: Mapping[str, Any], inner: Mapping[str, Any], message: str
) -> tuple[str, ...]:
    """What moderation found: OpenAI's list, else OpenRouter's reasons, else Azure's filters, else
    what the message lists.
    """
    listed = LISTED.search(message)
    for found in (
        details.get("categories"),
        _mapping(answer.get("metadata")).get("reasons"),
        _filtered(inner.get("content_filter_result") or answer.get("content_filter_result")),
        listed[1].split(",") if listed else None,
    ):
        if isinstance(found, list) and (names := [_category(name) for name in found]):
            return tuple(name for name in names[:MOST_CATEGORIES] if name)
    return ()


def _category(name: object) -> str:
    return _text(name)[:60].strip(" \"'").replace("_", " ")


def _filtered(result: object) -> list[str] | None:
    found = _mapping(result).items()
    return [name for name, verdict in found if _mapping(verdict).get("filtered") is True] or None


def _detail(value: object) -> str:
    """FastAPI servers tell what was wrong in ``detail``: a sentence, or a list of places."""
    if not isinstance(value, list):
        return _text(value)
    rows = [row for row in value[:MOST_CATEGORIES] if isinstance(row, Mapping)]
    return _text("; ".join(f"{'.'.join(_loc(row))}: {_text(row.get('msg'))}" for row in rows))


def _place(value: object) -> str:
    """The field that FastAPI's first place names: ``size`` of ["body", "size"]."""
    rows = value if isinstance(value, list) else []
    first = next((row for row in rows if isinstance(row, Mapping)), {})
    return next((part for part in _loc(first) if part != "body"), "")


def _loc(row: Mapping[str, Any]) -> list[str]:
    loc = row.get("loc")
    return (
        [clean_text(str(part), 60) for part in loc[:10] if isinstance(part, str | int)]
        if isinstance(loc, list)
        else []
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """Bounded before anything is looked for in it: a search for two words takes time squared."""
    return "" if value in NO_TEXT else clean_text(value, WORDS_LIMIT)
