"""A provider that answers anything: random JSON, bytes, headers and statuses, from one seed."""

from __future__ import annotations

import base64
import json
import random
import threading
from typing import Any

from bulk_admin.testing.pictures import png_bytes

from .till import Entry, Till
from .wire import Answer, LoopbackServer, Request

TEXTS = [
    *("", "a red fox", "a red fox \ud83e", "caf\0e9", "\x1b[31m", "\udcff", "\r\n", "x" * 9_000),
    *("NaN", "-5", "1e700000", "try again in 9999999999 s", "<html>", "sk-1234567890abcdef"),
]
NUMBERS: list[Any] = [0, -1, 7, 1.5, 10**18, 10**400, -(10**30), float("nan"), float("inf"), True]
KEYS = ["data", "error", "usage", "b64_json", "url", "message", "code", "detail", "output_tokens"]
STATUSES = [200] * 60 + [201, 206, 299] + [400, 409, 413, 422] * 2 + [408, 500, 502, 504, 599] * 2
STATUSES += [429, 503, 529, 302]
STOPS = [401, 402, 403, 404, 405]  # these stop a job or an account: someone has to resume
HEADERS = ["x-request-id", "retry-after", "retry-after-ms", "content-type", "x-odd"]
PICTURE = png_bytes(8, 8)


class FuzzServer(LoopbackServer):
    """``till`` knows the truth: every 2xx without an error is charged, no 3xx or 4xx is, and of the
    rest every other one.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.drawing = threading.Lock()
        self.till = Till()

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Answer:
        with self.drawing:
            answer, is_charged = self._drawn()
        call_id = request.headers.get("x-client-request-id", "")
        self.till.ring(
            Entry("image", str(answer.status), billed=is_charged, client_request_id=call_id)
        )
        return answer

    def _drawn(self) -> tuple[Answer, bool]:
        draw = self.chance
        status = draw.choice(STOPS) if draw.random() < 0.005 else draw.choice(STATUSES)
        is_success = 200 <= status < 300
        body = self._success() if is_success and draw.random() < 0.7 else self._anything()
        is_error = isinstance(body, dict) and "error" in body
        is_charged = (
            not is_error
            if is_success
            else status in (408, 500, 502, 504, 599) and draw.random() < 0.5
        )
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        wire = draw.choice(["reset", "cut"]) if draw.random() < 0.02 else "whole"
        return Answer(status, payload, self._headers(), wire), is_charged or wire != "whole"

    def _headers(self) -> dict[str, str]:
        draw = self.chance
        words = ["", "req_1", "-5", "nan", "0.01", "x" * 3_000, "\xff\xfe", "text/html", "1m"]
        return {name: draw.choice(words) for name in HEADERS if draw.random() < 0.2}

    def _success(self) -> Any:
        """An answer with a picture, or one that is nearly that."""
        draw = self.chance
        encoded = base64.b64encode(PICTURE).decode()
        content = draw.choice(
            [encoded] * 6 + [encoded[:40], "####", f"data:image/png;base64,{encoded}"]
        )
        row: Any = {"b64_json": content, "revised_prompt": self._json(1)}
        if draw.random() < 0.1:
            row = draw.choice(
                [
                    {"url": "https://elsewhere.example/a.png"},
                    {"url": "data:image/svg+xml,<svg/>"},
                    {"url": self._text()},
                    self._json(2),
                ]
            )
        usage = draw.choice(
            [
                {"input_tokens": 9, "output_tokens": 90},
                {"input_tokens": self._json(0), "output_tokens": self._json(0)},
                self._json(2),
            ]
        )
        return {"created": 1, "data": [row], "usage": usage, "size": self._json(0)}

    def _anything(self) -> Any:
        draw = self.chance
        return draw.choice(
            [
                lambda: draw.randbytes(draw.randrange(200)),
                lambda: b"<html><body>502 Bad Gateway</body></html>",
                lambda: b"[" * 20_000,
                lambda: b'{"data": ' + b"9" * 5_000 + b"}",
                lambda: {"error": {name: self._json(2) for name in KEYS}},
                lambda: {"error": self._json(2)},
                lambda: {draw.choice(KEYS): self._json(3)},
                lambda: self._json(3),
            ]
        )()

    def _text(self) -> str:
        return self.chance.choice(TEXTS)

    def _json(self, depth: int) -> Any:
        draw = self.chance
        kind = draw.randrange(6 if depth else 4)
        if kind <= 1:
            return self._text()
        if kind == 2:
            return draw.choice(NUMBERS)
        if kind == 3:
            return draw.choice([None, True, False])
        inner = [self._json(depth - 1) for _ in range(draw.randrange(4))]
        return inner if kind == 4 else {draw.choice([*KEYS, self._text()]): one for one in inner}
