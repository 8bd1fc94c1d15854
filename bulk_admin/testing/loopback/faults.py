"""Everything that OpenAI's endpoints are known to answer when they do not answer well."""

from __future__ import annotations

import base64
import random
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bulk_admin.testing import pictures

from .wire import Answer

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
KEY_ECHO = "Incorrect API key provided: {key}. You can find your API key in your account settings."


@dataclass(frozen=True)
class Fault:
    """``billed``: a picture was made, whatever became of it.

    ``spoil`` turns a good answer's body into this one's.
    """

    name: str
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    billed: bool = False
    wire: str = "whole"
    spoil: Callable[[dict[str, Any]], Any] | None = None

    def answer(self, good: dict[str, Any], key: str) -> Answer:
        body = self.spoil(good) if self.spoil else good if self.body is None else self.body
        if isinstance(body, dict):
            body = _with_key(body, key)
        page = (
            {"Content-Type": "text/html"}
            if isinstance(body, bytes) and body.startswith(b"<")
            else {}
        )
        return Answer(self.status, body, {**page, **self.headers}, self.wire)


def error(
    message: str,
    code: str | None = None,
    type_: str = "invalid_request_error",
    param: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": param, "code": code, **more}}


def _with_key(body: dict[str, Any], key: str) -> dict[str, Any]:
    refusal = body.get("error")
    if isinstance(refusal, dict) and "{key}" in str(refusal.get("message")):
        return {"error": {**refusal, "message": refusal["message"].replace("{key}", key)}}
    return body


def _replaced(
    content: Callable[[dict[str, Any]], str],
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda good: {
        **good,
        "data": [{**row, "b64_json": content(row)} for row in good["data"]],
    }


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _blocked(stage: str) -> dict[str, Any]:
    details = {"moderation_stage": stage, "categories": ["violence"]}
    return error(
        "Your request was rejected by the safety system. safety_violations=[violence].",
        "moderation_blocked",
        "image_generation_user_error",
        moderation_details=details,
    )


RATE_TEXT = (
    "Rate limit reached for {model} (for limit gpt-image) in organization org-loopback on"
    " input-images per min: Limit {limit}, Used {limit}, Requested 1. Please try again in {wait}."
    " Visit https://platform.openai.com/account/rate-limits to learn more."
)


def rate_limited(model: str, limit: int, wait: str) -> dict[str, Any]:
    return error(
        RATE_TEXT.format(model=model, limit=limit, wait=wait), "rate_limit_exceeded", "input-images"
    )


def _quota(code: str) -> dict[str, Any]:
    return error(
        "You exceeded your current quota, please check your plan and billing details.",
        code,
        "insufficient_quota",
    )


# Faults of one picture, of the pace or of the wire: a job goes on.
IMAGE_FAULTS = [
    Fault("moderation_input", 400, _blocked("input")),
    Fault("moderation_output", 400, _blocked("output"), billed=True),
    Fault(
        "content_policy",
        400,
        error(
            "Your request was rejected as a result of our safety system.",
            "content_policy_violation",
        ),
    ),
    Fault(
        "user_error",
        400,
        error(
            "The image could not be made from this prompt.",
            "image_generation_failed",
            "image_generation_user_error",
        ),
    ),
    Fault(
        "prompt_too_long",
        400,
        error("Invalid 'prompt': string too long.", "string_above_max_length", param="prompt"),
    ),
    Fault("error_is_text", 400, {"error": "something was wrong with key {key}"}),
    Fault("conflict", 409, error("Conflict.")),
    Fault(
        "unprocessable",
        422,
        {"detail": [{"loc": ["body", "prompt"], "msg": "is odd", "type": "value_error"}]},
    ),
    Fault("rate_limit", 429, rate_limited("gpt-image-2.5-flare", 5, "12s"), {"Retry-After": "2"}),
    Fault(
        "rate_limit_ms",
        429,
        rate_limited("gpt-image-2.5-flare", 5, "12s"),
        {"Retry-After-Ms": "1500"},
    ),
    Fault("rate_limit_text", 429, rate_limited("gpt-image-2.5-flare", 5, "1.2s")),
    Fault(
        "overloaded",
        503,
        error("The engine is currently overloaded, please try again later.", None, "server_error"),
        {"Retry-After": "1"},
    ),
    Fault(
        "server_error",
        500,
        error("The server had an error while processing your request.", None, "server_error"),
    ),
    Fault(
        "server_error_billed",
        500,
        error("The server had an error while processing your request.", None, "server_error"),
        billed=True,
    ),
    Fault("request_timeout", 408, error("Request timed out.")),
    Fault("bad_gateway", 502, HTML, billed=True),
    Fault("gateway_timeout", 504, HTML, billed=True),
    Fault("reset", wire="reset"),
    Fault("reset_after_billing", wire="reset", billed=True),
    Fault("cut", wire="cut", billed=True),
    Fault("hang", wire="hang", billed=True),
    Fault("drip", wire="drip", billed=True),
    Fault("broken_json", billed=True, spoil=lambda good: b'{"created": 1, "data": [{"b64_js'),
    Fault("page_instead", body=HTML, billed=True),
    Fault("empty_data", billed=True, spoil=lambda good: {**good, "data": []}),
    Fault("null_data", billed=True, spoil=lambda good: {**good, "data": None}),
    Fault("empty_base64", billed=True, spoil=_replaced(lambda row: "")),
]
# The answer is good HTTP: what is in it is the storing step's to judge. Paid for, and kept.
ODD_PICTURES = [
    Fault(
        "not_an_image",
        billed=True,
        spoil=_replaced(lambda row: _encoded(b"This is not a picture.")),
    ),
    Fault(
        "truncated_base64",
        billed=True,
        spoil=_replaced(lambda row: row["b64_json"][: len(row["b64_json"]) // 2 * 2 // 4 * 4 - 3]),
    ),
    Fault(
        "truncated_picture",
        billed=True,
        spoil=_replaced(lambda row: _encoded(base64.b64decode(row["b64_json"])[:-40])),
    ),
    Fault("bomb", billed=True, spoil=_replaced(lambda row: _encoded(pictures.bomb()))),
    Fault(
        "wrong_size",
        billed=True,
        spoil=_replaced(lambda row: _encoded(pictures.picture("640x480"))),
    ),
    Fault(
        "no_usage",
        billed=True,
        spoil=lambda good: {name: value for name, value in good.items() if name != "usage"},
    ),
    Fault(
        "short_usage",
        billed=True,
        spoil=lambda good: {
            **good,
            "usage": {k: v for k, v in good["usage"].items() if k != "output_tokens_details"},
        },
    ),
]
# Faults of the key, the credit, the model or a setting: the job or the account stops.
STOPPING_FAULTS = [
    Fault("bad_parameter", 400, error("Invalid value: 'ultra'.", "invalid_value", param="quality")),
    Fault(
        "billing_hard_limit",
        400,
        error("Billing hard limit has been reached", "billing_hard_limit_reached"),
    ),
    Fault("model_deprecated", 400, error("The model `gpt-image-1` has been deprecated.", None)),
    Fault(
        "model_not_found_400",
        400,
        error("The requested model 'x' does not exist.", "model_not_found", param="model"),
    ),
    Fault("bad_key", 401, error(KEY_ECHO, "invalid_api_key")),
    Fault(
        "country",
        403,
        error(
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
            "request_forbidden",
        ),
    ),
    Fault(
        "not_verified",
        403,
        error(
            "Your organization must be verified to use the model `gpt-image-2`. Please go to the"
            " settings."
        ),
    ),
    Fault(
        "no_model_access",
        403,
        error("Project `proj_x` does not have access to model `gpt-image-2`", "model_not_found"),
    ),
    Fault(
        "model_not_found",
        404,
        error(
            "The model `gpt-image-1` does not exist or you do not have access to it.",
            "model_not_found",
        ),
    ),
    Fault("insufficient_quota", 429, _quota("insufficient_quota")),
    Fault("credit_balance_exhausted", 429, _quota("credit_balance_exhausted")),
    Fault("organization_spend_limit_exceeded", 429, _quota("organization_spend_limit_exceeded")),
    Fault("project_spend_limit_exceeded", 429, _quota("project_spend_limit_exceeded")),
    Fault("organization_usage_limit_exceeded", 429, _quota("organization_usage_limit_exceeded")),
]
FAULTS = {fault.name: fault for fault in [*IMAGE_FAULTS, *ODD_PICTURES, *STOPPING_FAULTS]}
SETS = {
    "all": sorted(FAULTS),
    "image": sorted(fault.name for fault in [*IMAGE_FAULTS, *ODD_PICTURES]),
    "unknown": [
        "bad_gateway",
        "broken_json",
        "cut",
        "empty_data",
        "gateway_timeout",
        "reset",
        "reset_after_billing",
        "server_error",
    ],
}
MARKER = re.compile(r"\[fault:([a-z0-9_]+)\]")


class FaultPlan:
    """Which fault strikes a call: the next one planned, else the one that its prompt names, else by
    chance.

    Chance depends on the seed and the client request id alone, so a run can be replayed call by
    call.
    """

    def __init__(
        self,
        share: float = 0.0,
        seed: int = 0,
        kinds: Iterable[str] | str = "all",
        table: Mapping[str, Fault] = FAULTS,
    ) -> None:
        self.table = table
        self.share, self.seed = share, seed
        self.kinds = (
            SETS[kinds]
            if isinstance(kinds, str) and kinds in SETS
            else kinds.split(",")
            if isinstance(kinds, str)
            else list(kinds)
        )
        self._next: deque[str] = deque()
        self._lock = threading.Lock()

    def next(self, *names: str) -> None:
        """Plan faults for the coming calls, in order; "ok" lets one through."""
        with self._lock:
            self._next.extend(names)

    def clear(self) -> None:
        with self._lock:
            self._next.clear()

    def fault_for(self, prompt: str, call_id: str) -> Fault | None:
        with self._lock:
            name = self._next.popleft() if self._next else None
        if name is None and (found := MARKER.search(prompt)):
            name = found[1]
        if name is None and self.share:
            chance = random.Random(f"{self.seed}:{call_id}")
            name = chance.choice(self.kinds) if chance.random() < self.share else None
        return self.table[name] if name and name != "ok" else None
