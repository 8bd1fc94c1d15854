"""Answers of /v1/responses and /v1/moderations: what is asked for by a JSON schema is made up from
the prompt.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

IMAGE_CATEGORIES = (
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "violence",
    "violence/graphic",
)
TEXT_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "sexual/minors",
)
FLAGGED = "[flagged]"
ENDINGS = ("in Soft Morning Light", "Rendered in Fine Detail", "with a Calm Mood")


def texts_of(given: Any) -> str:
    """All the text in a request's input, whatever its shape."""
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return "\n".join(text for row in given if (text := texts_of(row)))
    if isinstance(given, dict):
        return texts_of(given.get("text") or given.get("content") or "")
    return ""


def moderation(body: dict[str, Any]) -> dict[str, Any]:
    flagged = FLAGGED in texts_of(body.get("input"))
    names = (*IMAGE_CATEGORIES, *TEXT_CATEGORIES)
    result = {
        "flagged": flagged,
        "categories": {name: flagged and name == "violence" for name in names},
        "category_scores": {
            name: 0.91 if flagged and name == "violence" else 0.0001 for name in names
        },
        "category_applied_input_types": {
            name: ["text", "image"] if name in IMAGE_CATEGORIES else ["text"] for name in names
        },
    }
    return {
        "id": f"modr-{uuid.uuid4().hex}",
        "model": body.get("model", "omni-moderation-latest"),
        "results": [result],
    }


def text_response(body: dict[str, Any]) -> dict[str, Any]:
    wanted = (body.get("text") or {}).get("format") or {}
    prompt = texts_of(body.get("input")).strip()
    text = (
        json.dumps(_instance(wanted["schema"], "", prompt, wanted["schema"]))
        if wanted.get("type") == "json_schema"
        else _sentence(prompt)
    )
    pictures = json.dumps(body.get("input")).count('"input_image"')
    given, made = len(prompt) // 4 + 308 * pictures + 60, len(text) // 4 + 1
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "completed",
        "model": body.get("model", ""),
        "output": [message({"type": "output_text", "text": text, "annotations": []})],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        },
    }


def refused(good: dict[str, Any]) -> dict[str, Any]:
    return {
        **good,
        "output": [message({"type": "refusal", "refusal": "I cannot help with that."})],
    }


def incomplete(good: dict[str, Any]) -> dict[str, Any]:
    text = good["output"][0]["content"][0]["text"]
    cut = message({"type": "output_text", "text": text[: len(text) // 2], "annotations": []})
    return {
        **good,
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [cut],
    }


def message(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"msg_{uuid.uuid4().hex}",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }


def _instance(schema: dict[str, Any], name: str, prompt: str, root: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _instance(
            root.get("$defs", {}).get(schema["$ref"].rsplit("/", 1)[-1], {}), name, prompt, root
        )
    if "enum" in schema:
        return schema["enum"][0]
    for branch in ("anyOf", "oneOf", "allOf"):
        if branch in schema:
            return _instance(schema[branch][0], name, prompt, root)
    kind = schema.get("type")
    if kind == "object":
        return {
            key: _instance(value, key, prompt, root)
            for key, value in schema.get("properties", {}).items()
        }
    if kind == "array":
        if schema.get("items", {}).get("type", "string") == "string":
            return _words(prompt)[: schema.get("maxItems", 6)]
        return [_instance(schema["items"], name, prompt, root)]
    return (
        {"integer": 1, "number": 0.5, "boolean": False, "null": None}[kind]
        if kind in ("integer", "number", "boolean", "null")
        else _string(name, prompt)
    )


def _string(name: str, prompt: str) -> str:
    if "title" in name:
        return _title(prompt)
    if "alt" in name:
        return f"A picture of {' '.join(_words(prompt)[:8]) or 'a quiet scene'}."[:120]
    return _sentence(prompt)


def _title(prompt: str) -> str:
    """40 to 60 characters, whole words, its own for every prompt."""
    title = " ".join(word.capitalize() for word in _words(prompt)) or "A Quiet Scene"
    for ending in ENDINGS:
        if len(title) >= 40:
            break
        title = f"{title} {ending}"
    return title if len(title) <= 60 else title[:61].rsplit(" ", 1)[0]


def _sentence(prompt: str) -> str:
    subject = " ".join(_words(prompt)[:10]) or "a quiet scene"
    return (
        f"A prompt for {subject}. It sets the light, the place and the mood, and leaves room for a"
        " style of your own. Copy it, change a word or two, and try again."
    )


def _words(prompt: str) -> list[str]:
    """Words of the last line that is one: instructions stand before the prompt."""
    lines = [line for line in re.sub(r"\[[a-z0-9_:-]+\]", "", prompt).splitlines() if line.strip()]
    words = re.findall(r"[A-Za-z][A-Za-z'-]{2,}", lines[-1] if lines else "")
    return list(dict.fromkeys(word.lower() for word in words))[:12]
