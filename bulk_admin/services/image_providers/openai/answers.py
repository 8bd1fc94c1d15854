"""A good answer of the OpenAI protocol, in all the shapes that servers give it. Paid for: whatever
holds a picture is read as one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from bulk_admin.services.image_providers.errors import OutcomeUnknown
from bulk_admin.services.image_providers.http.client import clean
from bulk_admin.services.image_providers.http.refusals import read_refusal, refusal_in

Item = Mapping[str, Any]

ENCODED = ("b64_json", "base64", "b64")
ADDRESSES = ("url", "image_url")
HOLDERS = ("data", "images", "image", "output", "result")
EVENT_STARTS = (b"event:", b"data:", b"id:", b"retry:", b":")
SHORTEST_PICTURE = 60  # characters in base64
DEEPEST = 4


def read_answer(response: httpx2.Response, key: str = "") -> Mapping[str, Any]:
    """The answer's object, or what its events come to. Raises OutcomeUnknown."""
    body = response.content
    try:
        answer = (
            _of_events(body) if body[:100].lstrip().startswith(EVENT_STARTS) else json.loads(body)
        )
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, list):
        answer = {"data": answer}
    if isinstance(answer, Mapping):
        return answer
    refusal = read_refusal(body)
    said = clean(refusal.message, key) if refusal.is_page else ""
    raise OutcomeUnknown(
        f"The answer could not be read. {said}".strip(),
        http_status=response.status_code,
        request_id=request_id_of(response),
    )


def request_id_of(response: httpx2.Response) -> str:
    return response.headers.get("x-request-id", "")[:120]


def words_of(answer: Mapping[str, Any], key: str) -> str:
    """What an answer without a picture says instead."""
    said = clean(refusal_in(answer).message, key)
    return f"The answer holds no picture. {said}".strip()


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
    if any(found.get(field) for field in (*ENCODED, *ADDRESSES)):
        return [found]
    return next(
        (items for holder in HOLDERS if (items := items_of(found.get(holder), depth + 1))), []
    )


def _in_base64(text: str) -> list[Item]:
    is_picture = len(text) >= SHORTEST_PICTURE and " " not in text.strip()
    return [{"b64_json": text}] if is_picture else []


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://", "data:"))


def address_in(item: Item) -> str:
    """Where an entry's picture is; "" when it is in the entry itself, or nowhere."""
    for field in (*ENCODED, *ADDRESSES):
        value = item.get(field)
        value = value.get("url") if isinstance(value, Mapping) else value
        if isinstance(value, str) and (field in ADDRESSES or _is_address(value)) and value:
            return value
    return ""


def encoded_in(item: Item) -> str:
    """An entry's picture in base64, if it is there."""
    values = (item.get(field) for field in ENCODED)
    return next((v for v in values if isinstance(v, str) and v and not _is_address(v)), "")


def _of_events(body: bytes) -> Mapping[str, Any] | None:
    """One answer of a stream of server-sent events: the finished pictures, or the error that it
    ended with. Previews are no pictures.
    """
    events = list(_events(body))
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


def _events(body: bytes) -> Iterator[Mapping[str, Any]]:
    data: list[bytes] = []
    for line in (*body.splitlines(), b""):
        if line.startswith(b"data:"):
            data.append(line[5:])
        elif not line and data:
            event = _event(b"\n".join(data))
            data = []
            if event is not None:
                yield event


def _event(data: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return None  # [DONE], or cut off
    return event if isinstance(event, Mapping) else None
