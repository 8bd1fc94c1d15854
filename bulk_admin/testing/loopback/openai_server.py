"""OpenAI's endpoints on loopback: strict about requests, honest about what it charged, and able to
fail in every known way.

    python -m bulk_admin.testing.loopback.openai_server --port 0 --latency 0.2 --fault-share 0.3
    --seed 1 --limit 250

prints its port. GET /_till tells every call; POST /_plan changes {"next": [...], "latency",
"limit", "window", "fault_share", "seed", "kinds"}; DELETE /_till forgets. Prompts may hold
[fault:NAME] or, for moderation, [flagged].
"""

from __future__ import annotations

import argparse
import base64
import math
import random
import threading
import uuid
from typing import Any

from bulk_admin.testing import pictures

from . import openai_text
from .faults import FAULTS, Fault, FaultPlan, error, rate_limited
from .till import Entry, SlidingWindow, Till
from .wire import Answer, LoopbackServer, Request

QUALITY_FACTORS = {
    "gpt-image-2": {"low": 16, "medium": 48, "high": 96},
    "gpt-image-2.5": {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96},
}
MODELS: dict[str, str | None] = {
    "gpt-image-2.6-flare": None,
    "gpt-image-2.6-sunburst": None,
    "gpt-image-2.5-flare": None,
    "gpt-image-2.5-flare-2026-09-08": None,
    "gpt-image-2.5-sunburst": None,
    "gpt-image-2": None,
    "gpt-image-1-mini": "2026-12-01",
    "gpt-6-luna": None,
    "gpt-5.6-luna": None,
    "omni-moderation-latest": None,
}
SHUT_DOWN = {"gpt-image-1": "2026-10-23"}
TAKEN = {
    "prompt",
    "model",
    "n",
    "size",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "moderation",
    "safety_identifier",
    "user",
}
TEXT_FAULTS = {
    **FAULTS,
    "refusal": Fault("refusal", billed=True, spoil=openai_text.refused),
    "incomplete": Fault("incomplete", billed=True, spoil=openai_text.incomplete),
}


class OpenAIServer(LoopbackServer):
    """``latency``: seconds, or (least, most) chosen by the call's id.

    ``plan`` strikes images, ``text_plan`` texts, ``moderation_plan`` moderation. ``shrink``: the
    pictures have that part of the sides that were ordered and paid for, so that many cost a test
    little.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        latency: float | tuple[float, float] = 0.0,
        limit: int = 0,
        window: float = 60.0,
        plan: FaultPlan | None = None,
        till: Till | None = None,
        models: dict[str, str | None] | None = None,
        shrink: int = 1,
    ) -> None:
        super().__init__(port)
        self.shrink = shrink
        self.latency = latency
        # Cleared, it holds every answer back, so that a test may wait until as many calls are in
        # flight as it wants.
        self.gate = threading.Event()
        self.gate.set()
        self.window = SlidingWindow(limit, window)
        self.plan = plan or FaultPlan()
        self.text_plan = FaultPlan(table=TEXT_FAULTS)
        self.moderation_plan = FaultPlan()
        self.till = till or Till()
        self.models = MODELS if models is None else models
        self.keys: set[str] | None = None  # the only ones that it takes; None: any key
        self.requests: list[Request] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/_"):
            return self._control(request)
        self.requests.append(request)
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        handler = {
            "/v1/images/generations": self._image,
            "/v1/responses": self._text,
            "/v1/moderations": self._moderation,
        }.get(request.path, self._models if request.path.startswith("/v1/models") else None)
        if handler is None:
            answer = Answer(404, error(f"Invalid URL ({request.method} {request.path})"))
        elif refusal := self.refuse_key(key):
            answer = refusal
        else:
            answer = handler(request, key)
        answer.headers.setdefault("x-request-id", f"req_{uuid.uuid4().hex}")
        return answer

    def refuse_key(self, key: str) -> Answer | None:
        if not key:
            return Answer(401, error("You didn't provide an API key.", None))
        if self.keys is not None and key not in self.keys:
            return FAULTS["bad_key"].answer({}, key)
        return None

    def refuse_body(self, body: dict[str, Any]) -> Answer | None:
        """The first thing in a request that OpenAI would not take; a bulk call may also leave
        nothing to chance.
        """
        if unknown := sorted(body.keys() - TAKEN):
            return Answer(
                400,
                error(f"Unknown parameter: '{unknown[0]}'.", "unknown_parameter", param=unknown[0]),
            )
        if not body.get("prompt"):
            return Answer(
                400,
                error(
                    "Missing required parameter: 'prompt'.",
                    "missing_required_parameter",
                    param="prompt",
                ),
            )
        if body.get("model") not in self.models:
            return Answer(
                404,
                error(
                    f"The model `{body.get('model')}` does not exist or you do not have access"
                    " to it.",
                    "model_not_found",
                ),
            )
        if (body.get("quality") or "auto") not in ("low", "medium", "high", "xhigh", "max"):
            return Answer(
                400,
                error(f"Invalid value: '{body.get('quality')}'.", "invalid_value", param="quality"),
            )
        if not _size_is_valid(str(body.get("size") or "")):
            return Answer(
                400, error(f"Invalid size '{body.get('size')}'.", "invalid_value", param="size")
            )
        if (
            body.get("output_format", "png") not in ("png", "jpeg", "webp")
            or not 1 <= int(body.get("n", 1)) <= 10
        ):
            return Answer(400, error("Invalid value.", "invalid_value", param="output_format"))
        return None

    def picture(self, size: str, output_format: str, call_id: str, index: int = 0) -> bytes:
        """What a good answer to this call holds."""
        drawn = "x".join(str(int(edge) // self.shrink) for edge in size.split("x"))
        return pictures.picture(drawn, output_format, f"{call_id} {index}")

    def good_image(self, body: dict[str, Any], call_id: str) -> dict[str, Any]:
        count = int(body.get("n", 1))
        size, output_format = str(body["size"]), str(body.get("output_format", "png"))
        made = [self.picture(size, output_format, call_id, index) for index in range(count)]
        return {
            "created": 1_790_000_000,
            "background": body.get("background", "opaque"),
            "output_format": output_format,
            "quality": body.get("quality"),
            "size": size,
            "data": [{"b64_json": base64.b64encode(picture).decode()} for picture in made],
            "usage": image_usage(body),
        }

    def _image(self, request: Request, key: str) -> Answer:
        body = request.json
        call_id = request.headers.get("x-client-request-id", "")
        about = {
            "client_request_id": call_id,
            "prompt": str(body.get("prompt", "")),
            "model": str(body.get("model", "")),
        }
        about |= {"size": str(body.get("size", "")), "quality": str(body.get("quality", ""))}
        if refusal := self.refuse_body(body):
            self.till.ring(Entry("image", "invalid", billed=False, **about))
            return refusal
        if wait := self.window.admit(int(body.get("n", 1))):
            self.till.ring(Entry("image", "rate_limited", billed=False, **about))
            return Answer(
                429, rate_limited(str(body.get("model")), self.window.limit, _seconds_text(wait))
            )
        return self._answered(
            "image", self.plan, about, key, lambda: self.good_image(body, call_id)
        )

    def _text(self, request: Request, key: str) -> Answer:
        body = request.json
        about = {
            "client_request_id": request.headers.get("x-client-request-id", ""),
            "prompt": openai_text.texts_of(body.get("input")),
            "model": body.get("model", ""),
        }
        return self._answered(
            "text", self.text_plan, about, key, lambda: openai_text.text_response(body)
        )

    def _moderation(self, request: Request, key: str) -> Answer:
        body = request.json
        about = {
            "client_request_id": request.headers.get("x-client-request-id", ""),
            "prompt": openai_text.texts_of(body.get("input")),
            "model": body.get("model", ""),
        }
        return self._answered(
            "moderation", self.moderation_plan, about, key, lambda: openai_text.moderation(body)
        )

    def _answered(
        self, kind: str, plan: FaultPlan, about: dict[str, str], key: str, make: Any
    ) -> Answer:
        fault = plan.fault_for(
            about["prompt"] if kind == "image" else "", about["client_request_id"]
        )
        good = make()
        billed = kind != "moderation" and (fault is None or fault.billed)
        entry = Entry(
            kind,
            fault.name if fault else "ok",
            billed=billed,
            usage=good.get("usage", {}) if billed else {},
            **about,
        )
        # Rung before the work, so that a client which hangs up during it is charged all the same.
        self.till.ring(entry)
        self.gate.wait(self.hang_seconds)
        if fault is None or fault.billed:
            self.let_go.wait(self._latency(about["client_request_id"]))
        return fault.answer(good, key) if fault else Answer(200, good)

    def _latency(self, call_id: str) -> float:
        if isinstance(self.latency, (int, float)):
            return self.latency
        least, most = self.latency
        return random.Random(f"{call_id}:latency").uniform(least, most)

    def _models(self, request: Request, key: str) -> Answer:
        name = request.path.removeprefix("/v1/models").strip("/")
        known = {**self.models, **SHUT_DOWN}
        if not name:
            return Answer(
                200, {"object": "list", "data": [_model(one, day) for one, day in known.items()]}
            )
        if name not in known:
            return Answer(
                404, error(f"The model '{name}' does not exist", "model_not_found", param="model")
            )
        return Answer(200, _model(name, known[name]))

    def _control(self, request: Request) -> Answer:
        if request.path == "/_till" and request.method == "DELETE":
            self.till.clear()
        if request.path == "/_plan":
            self.replan(request.json)
        return Answer(
            200,
            {
                **self.till.as_json(),
                "most_in_window": self.window.most,
                "connections": self.connections,
            },
        )

    def replan(self, wanted: dict[str, Any]) -> None:
        self.plan.next(*wanted.get("next", []))
        self.text_plan.next(*wanted.get("next_text", []))
        self.moderation_plan.next(*wanted.get("next_moderation", []))
        self.latency = (
            tuple(wanted["latency"])
            if isinstance(wanted.get("latency"), list)
            else wanted.get("latency", self.latency)
        )
        self.window.limit = wanted.get("limit", self.window.limit)
        self.window.seconds = wanted.get("window", self.window.seconds)
        if wanted.keys() & {"fault_share", "seed", "kinds"}:
            self.plan = FaultPlan(
                wanted.get("fault_share", self.plan.share),
                wanted.get("seed", self.plan.seed),
                wanted.get("kinds", self.plan.kinds),
            )


def image_usage(body: dict[str, Any]) -> dict[str, Any]:
    """What the real models report: output by size and quality, input by the prompt's length."""
    model, quality = str(body.get("model")), str(body.get("quality"))
    family = QUALITY_FACTORS["gpt-image-2" if model == "gpt-image-2" else "gpt-image-2.5"]
    count = int(body.get("n", 1))
    made = count * output_tokens(family.get(quality, 96), str(body["size"]))
    given = count * (len(str(body["prompt"])) // 4 + 6)
    return {
        "input_tokens": given,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": given},
        "output_tokens": made,
        "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
        "total_tokens": given + made,
    }


def output_tokens(factor: int, size: str) -> int:
    width, height = (int(edge) for edge in size.split("x"))
    longer, shorter = max(width, height), min(width, height)
    steps = (2 * factor * shorter + longer) // (2 * longer)
    return math.ceil(factor * steps * (2_000_000 + width * height) / 4_000_000)


def _size_is_valid(size: str) -> bool:
    try:
        width, height = (int(edge) for edge in size.split("x"))
    except ValueError:
        return False
    fits = width % 16 == 0 and height % 16 == 0 and max(width, height) <= 3840
    return (
        fits
        and max(width, height) <= 3 * min(width, height)
        and 655_360 <= width * height <= 8_294_400
    )


def _seconds_text(seconds: float) -> str:
    """As the real one writes it: rounded up, so that whoever waits as told is let in."""
    return (
        f"{math.ceil(seconds * 1000)}ms"
        if seconds < 1
        else f"{math.ceil(seconds * 1000) / 1000:g}s"
    )


def _model(name: str, shutdown_date: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 1_780_000_000,
        "owned_by": "system",
        "shutdown_date": shutdown_date,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0], help="seconds, or least and most"
    )
    parser.add_argument("--fault-share", type=float, default=0.0)
    parser.add_argument(
        "--fault-kinds", default="all", help="all, image, unknown, or names with commas"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="pictures in any window; 0: no limit")
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--till", help="file to append every call to")
    given = parser.parse_args()
    latency = given.latency[0] if len(given.latency) == 1 else (given.latency[0], given.latency[1])
    plan = FaultPlan(given.fault_share, given.seed, given.fault_kinds)
    OpenAIServer(
        given.port,
        latency=latency,
        limit=given.limit,
        window=given.window,
        plan=plan,
        till=Till(given.till),
    ).serve()


if __name__ == "__main__":
    main()
