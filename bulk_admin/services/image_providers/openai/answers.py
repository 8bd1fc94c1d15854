"""A good answer of the OpenAI protocol, in all the shapes that servers give it. Paid for: whatever
holds a picture is read as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx2

from bulk_admin.services.image_providers.errors import OutcomeUnknown
from bulk_admin.services.image_providers.http.client import clean, is_page
from bulk_admin.services.image_providers.http.fetch import pictures_in
from bulk_admin.services.image_providers.http.json_body import (
    read_json,
    read_values,
    text_of,
    texts_in,
)
from bulk_admin.services.image_providers.http.refusals import NO_TEXT, read_refusal, refusal_in

Item = Mapping[str, Any]

ENCODED = ("b64_json", "base64", "b64")
ADDRESSES = ("url", "image_url")
HOLDERS = ("data", "images", "image", "output", "result")
EVENTS_START = re.compile(r"\ufeff?\s*(?:event|data|id|retry)?:(?!image/)")
# PNG, JPEG, WebP, GIF, and the family of HEIF and AVIF.
PICTURE_START = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|....ftyp", re.DOTALL)
LINE_END = re.compile("\r\n?|\n")
SHORTEST_PICTURE = 60  # characters in base64
DEEPEST = 4


def picture_body(response: httpx2.Response) -> bytes:
    """The body, when it is the picture itself, whatever its headers say; else nothing."""
    body = response.content
    is_declared = response.headers.get("content-type", "").strip().lower().startswith("image/")
    is_json = body.lstrip()[:1] in (b"{", b"[")
    return body if PICTURE_START.match(body) or (is_declared and not is_json) else b""


def read_answer(response: httpx2.Response, key: str = "") -> Mapping[str, Any]:
    """The answer's object, or what its events come to. Raises OutcomeUnknown."""
    text = text_of(response.content)
    try:
        answer = _of_events(text) if EVENTS_START.match(text) else _of_values(read_values(text))
    except ValueError:
        answer = _hidden([text]) or None
    if isinstance(answer, str):
        answer = _hidden([answer])
    if isinstance(answer, list):
        answer = {"data": answer}
    if isinstance(answer, Mapping):
        return answer
    refusal = read_refusal(response.content)
    said = clean(refusal.message, key) if refusal.is_page else ""
    raise OutcomeUnknown(
        f"The answer could not be read. {said}".strip(),
        http_status=response.status_code,
        request_id=request_id_of(response),
    )


def _of_values(values: list[Any]) -> Any:
    """Of JSON lines the one that holds the picture: others tell how far it was."""
    return next(filter(items_of, values), values[0])


def request_id_of(response: httpx2.Response) -> str:
    return response.headers.get("x-request-id", "")[:120]


def words_of(answer: Mapping[str, Any], key: str) -> str:
    """What an answer without a picture says instead."""
    said = clean(refusal_in(answer).message, key)
    return f"The answer holds no picture. {said}".strip()


def items_in(answer: Mapping[str, Any]) -> list[Item]:
    """The entries of an answer that hold a picture or its address; in a shape that is not known,
    every picture that stands anywhere in it, unless it tells an error.
    """
    return items_of(answer) or ([] if answer.get("error") else _hidden(texts_in(answer)))


def _hidden(texts: Iterable[str]) -> list[Item]:
    """A web page's own pictures are none that were asked for."""
    readable = (text for text in texts if not is_page(text))
    return [{"b64_json": picture} for text in readable for picture in pictures_in(text)]


def items_of(found: object, depth: int = 0) -> list[Item]:
    """The entries that hold a picture or its address: in a list, in an object, or the answer
    itself.
    """
    if depth > DEEPEST:
        return []
    if isinstance(found, str):
        return [{"url": found}] if _is_address(found) else _in_base64(found)
    if isinstance(found, list):
        return [item for row in found for item in items_of(row, depth + 1)]
    if not isinstance(found, Mapping):
        return []
    if encoded_in(found):
        return [found]
    # An address beside the pictures may be any other.
    within = (items_of(found.get(holder), depth + 1) for holder in HOLDERS)
    return next(filter(None, within), [found] if address_in(found) else [])


def _in_base64(text: str) -> list[Item]:
    is_picture = len(text) >= SHORTEST_PICTURE and " " not in text.strip()
    return [{"b64_json": text}] if is_picture else []


def _is_address(text: str) -> bool:
    return text[:20].lower().lstrip().startswith(("http://", "https://", "data:"))


def address_in(item: Item) -> str:
    """Where an entry's picture is; "" when it is in the entry itself, or nowhere."""
    for field in (*ENCODED, *ADDRESSES):
        value = item.get(field)
        value = value.get("url") if isinstance(value, Mapping) else value
        if isinstance(value, str) and (field in ADDRESSES or _is_address(value)) and value.strip():
            return value.strip()
    return ""


def encoded_in(item: Item) -> str:
    """An entry's picture in base64, if it is there; "None" and the like are none."""
    values = (item.get(field) for field in ENCODED)
    texts = (value for value in values if isinstance(value, str) and not _is_address(value))
    return next((text for text in texts if text.strip() and text not in NO_TEXT), "")


def _of_events(text: str) -> Mapping[str, Any] | None:
    """One answer of a stream of server-sent events: the finished pictures, or the error that it
    ended with. Previews are no pictures.
    """
    events = list(_events(text))
    failed = next((event for event in events if event.get("error")), None)
    whole = [event for event in events if "partial" not in str(event.get("type", ""))]
    items = items_of(whole)
    if not items and (failed or not events):
        return failed
    facts = {
        name: event[name]
        for event in whole
        for name in ("usage", "size", "quality")
        if event.get(name)
    }
    return {**facts, "data": items}


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    data: list[str] = []
    for line in (*LINE_END.split(text.lstrip("\ufeff")), ""):
        if line.startswith("data:"):
            data.append(line[5:])
        elif not line and data:
            event = _event("\n".join(data))
            data = []
            if event is not None:
                yield event


def _event(data: str) -> Mapping[str, Any] | None:
    try:
        event = read_json(data)
    except ValueError:
        return None  # [DONE], or cut off
    if isinstance(event, list):
        event = {"data": event}
    return event if isinstance(event, Mapping) else None
