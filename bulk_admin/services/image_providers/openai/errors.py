"""The error table of the OpenAI protocol: an answer that is no picture becomes one of our
errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulk_admin.services.image_providers.errors import (
    BadKey,
    BadRequest,
    Billed,
    ModelRetired,
    NoCredit,
    NotVerified,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
    RateLimited,
)
from bulk_admin.services.image_providers.http.client import clean
from bulk_admin.services.image_providers.http.waits import wait_of
from bulk_admin.text import WORDS_LIMIT, clean_text

CODES: dict[str, type[ProviderError]] = {
    "moderation_blocked": PromptBlocked,
    "content_policy_violation": PromptBlocked,
    "billing_hard_limit_reached": NoCredit,
    "insufficient_quota": NoCredit,
    "credit_balance_exhausted": NoCredit,
    "organization_spend_limit_exceeded": NoCredit,
    "project_spend_limit_exceeded": NoCredit,
    "organization_usage_limit_exceeded": NoCredit,
    "model_not_found": ModelRetired,
    "model_deprecated": ModelRetired,
    "invalid_api_key": BadKey,
    "account_deactivated": BadKey,
}
TYPES: dict[str, type[ProviderError]] = {
    "insufficient_quota": NoCredit,
    "image_generation_user_error": PromptRejected,
}
STATUSES: dict[int, type[ProviderError]] = {
    400: PromptRejected,
    401: BadKey,
    402: NoCredit,
    403: BadKey,
    404: ModelRetired,
    405: BadRequest,
    409: PromptRejected,
    410: ModelRetired,
    413: PromptRejected,
    415: BadRequest,
    422: PromptRejected,
    429: RateLimited,
}
# Words are looked at last, and only where servers give no code.
WORDS: list[tuple[int, re.Pattern[str], type[ProviderError]]] = [
    (403, re.compile(r"must be verified"), NotVerified),
    (400, re.compile(r"billing hard limit"), NoCredit),
    (400, re.compile(r"safety system|content policy"), PromptBlocked),
    (
        400,
        re.compile(r"\bmodel\b.*(deprecated|retired|shut ?down|not exist|no longer available)"),
        ModelRetired,
    ),
    (
        400,
        re.compile(
            r"(invalid|unknown|unsupported|unrecognized)"
            r" (size|quality|format|parameter|argument|field)"
        ),
        BadRequest,
    ),
    (429, re.compile(r"(exceeded your current quota|billing details|spend(ing)? limit)"), NoCredit),
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The body of an error answer, read with care: proxies and other servers send text, lists or
    pages.
    """

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)


def read_refusal(body: object) -> Refusal:
    if isinstance(body, Mapping) and "error" in body:
        body = body["error"]
    if not isinstance(body, Mapping):
        return Refusal(message=clean_text(body, WORDS_LIMIT))
    details, usage = body.get("moderation_details"), body.get("usage")
    return Refusal(
        message=clean_text(body.get("message"), WORDS_LIMIT) or _detail(body.get("detail")),
        code=clean_text(body.get("code")),
        type=clean_text(body.get("type")),
        param=clean_text(body.get("param")),
        details=details if isinstance(details, Mapping) else {},
        usage=usage if isinstance(usage, Mapping) else {},
    )


def error_for(
    status: int, headers: Mapping[str, str], body: object, *, key: str = ""
) -> ProviderError:
    """``key`` is taken out of whatever the provider says."""
    refusal = read_refusal(body)
    kind = error_class(status, refusal)
    return kind(
        _words(kind, status, refusal, key),
        http_status=status,
        request_id=headers.get("x-request-id", "")[:120],
        retry_after=wait_of(headers, refusal.message) if kind.code.about.is_retried else None,
        billed=_billed(kind, refusal),
        usage=refusal.usage,
    )


def error_class(status: int, refusal: Refusal) -> type[ProviderError]:
    if status == 503:
        return Overloaded
    if status >= 500 or status in (200, 408):
        return OutcomeUnknown
    if status < 400:
        return BadRequest
    known = CODES.get(refusal.code) or TYPES.get(refusal.type)
    return (
        known
        or _by_words(status, refusal.message.lower())
        or _by_param(status, refusal.param)
        or STATUSES.get(status, PromptRejected)
    )


def _by_words(status: int, message: str) -> type[ProviderError] | None:
    return next((kind for at, words, kind in WORDS if at == status and words.search(message)), None)


def _by_param(status: int, param: str) -> type[ProviderError] | None:
    if status != 400 or not param:
        return None
    # Too long, or not to its liking: the other prompts of the job may be fine.
    return PromptRejected if param.startswith("prompt") else BadRequest


def _billed(kind: type[ProviderError], refusal: Refusal) -> Billed | None:
    return (
        "unknown"
        if kind is PromptBlocked and refusal.details.get("moderation_stage") == "output"
        else None
    )


def _words(kind: type[ProviderError], status: int, refusal: Refusal, key: str) -> str:
    if kind is PromptBlocked:
        return _found(refusal.details)
    if kind is OutcomeUnknown:
        return f"HTTP {status}."
    if 300 <= status < 400:
        return f"The server answered with a redirect (HTTP {status}): look at the base URL."
    return clean(refusal.message, key) or f"HTTP {status}."


def _found(details: Mapping[str, Any]) -> str:
    listed = details.get("categories")
    names = [clean_text(name, 60) for name in listed[:20]] if isinstance(listed, list) else []
    categories = [name.replace("_", " ") for name in names if name]
    where = {"input": "prompt", "output": "picture"}.get(str(details.get("moderation_stage")), "")
    if not categories:
        return f"Found in the {where}." if where else ""
    return f"{', '.join(categories).capitalize()}, found in the {where or 'prompt or the picture'}."


def _detail(value: object) -> str:
    """FastAPI servers tell what was wrong in ``detail``: a sentence, or a list of places."""
    if not isinstance(value, list):
        return clean_text(value, WORDS_LIMIT)
    rows = [row for row in value[:20] if isinstance(row, Mapping)]
    places = [f"{_place(row.get('loc'))}: {clean_text(row.get('msg'))}" for row in rows]
    return clean_text("; ".join(places), WORDS_LIMIT)


def _place(loc: object) -> str:
    parts = loc[:10] if isinstance(loc, list) else []
    return ".".join(clean_text(str(part), 60) for part in parts if isinstance(part, str | int))
