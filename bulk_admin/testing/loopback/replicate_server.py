"""Replicate's endpoints on loopback: create, poll, download, and the ways in which each goes wrong.

    python -m bulk_admin.testing.loopback.replicate_server --port 0 --polls 2

A prompt may hold [run:NAME] for how its run ends, or [fault:NAME] for how its create is answered.
"""

from __future__ import annotations

import argparse
import re
import threading
import uuid
from collections import deque
from typing import Any

from bulk_admin.testing import pictures

from .till import Entry, Till
from .wire import Answer, LoopbackServer, Request

PAGE = {"Content-Type": "text/html"}


def page(title: str) -> bytes:
    """As a proxy or firewall in front answers."""
    return f"<html><head><title>{title}</title></head><body></body></html>".encode()


CREATE_FAULTS: dict[str, Answer] = {
    "bad_token": Answer(
        401,
        {
            "title": "Unauthenticated",
            "detail": "You did not pass a valid authentication token: {key}",
            "status": 401,
        },
    ),
    "no_credit": Answer(
        402,
        {
            "title": "Insufficient credit",
            "detail": "You have insufficient credit to run this model.",
            "status": 402,
        },
    ),
    "no_model": Answer(
        404, {"detail": "The requested resource could not be found.", "status": 404}
    ),
    "firewall": Answer(403, page("Attention Required! | Cloudflare"), PAGE),
    "no_such_page": Answer(404, page("404 Not Found"), PAGE),
    "no_such_route": Answer(404, {"detail": "Not Found"}),
    "moved": Answer(302, b"", {"Location": "https://replicate.com/"}),
    "method": Answer(405, page("405 Not Allowed"), PAGE),
    "policy": Answer(403, {"detail": "The input violates our content policy.", "status": 403}),
    "too_large": Answer(413, page("413 Request Entity Too Large"), PAGE),
    "bad_input": Answer(
        422,
        {
            "title": "Input validation failed",
            "detail": "- input.aspect_ratio: must be one of 1:1, 16:9",
            "status": 422,
        },
    ),
    "bad_prompt": Answer(
        422,
        {
            "title": "Input validation failed",
            "detail": "- input.prompt: is too long",
            "status": 422,
        },
    ),
    "throttled": Answer(
        429, {"detail": "Request was throttled. Your rate limit resets in ~30s.", "status": 429}
    ),
    "overloaded": Answer(503, {"detail": "Service unavailable"}),
    "server_error": Answer(500, page("oops"), PAGE),
    "reset": Answer(wire="reset"),
    "hang": Answer(wire="hang"),
    "broken_json": Answer(201, b'{"id": "abc'),
    "no_id": Answer(201, {"status": "starting"}),
}
RUNS: dict[str, dict[str, Any]] = {
    "nsfw": {
        "status": "failed",
        "error": "NSFW content detected. Try running it again, or try a different prompt.",
        "metrics": {"predict_time": 1.5},
    },
    "sensitive": {
        "status": "failed",
        "error": (
            "The input or output was flagged as sensitive. Please try again with different inputs."
            " (E005)"
        ),
    },
    "failed": {
        "status": "failed",
        "error": "Prediction failed: E1001 out of memory",
        "metrics": {"predict_time": 0.4},
    },
    "canceled": {"status": "canceled"},
    "aborted": {"status": "aborted"},
    "no_output": {"status": "succeeded", "output": None},
    "elsewhere": {"status": "succeeded", "output": "http://169.254.169.254/latest/meta-data/"},
    "gone": {"status": "succeeded", "output": "{url}/files/gone"},
    "redirected": {"status": "succeeded", "output": "{url}/files/redirect"},
    "huge": {"status": "succeeded", "output": "{url}/files/huge"},
    "inline": {"status": "succeeded", "output": "data:image/png;base64,aW5saW5l"},
    "named": {
        "status": "succeeded",
        "output": {"seed": 7, "images": [{"url": "data:image/png;base64,aW5saW5l"}]},
    },
    "never": {"status": "processing"},
}
RUN = re.compile(r"\[run:([a-z_]+)\]")
FAULT = re.compile(r"\[fault:([a-z_]+)\]")
HUGE = 41 * 1024 * 1024


class ReplicateServer(LoopbackServer):
    """``polls``: looks at a run until it has ended.

    ``hiccups``: how many next looks are answered by ``hiccup``, a 500.
    """

    def __init__(self, port: int = 0, *, polls: int = 2, till: Till | None = None) -> None:
        super().__init__(port)
        self.polls = polls
        self.hiccups, self.hiccup = 0, CREATE_FAULTS["server_error"]
        self.next_creates: deque[str] = deque()
        self.till = till or Till()
        self.runs: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.run_lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.path == "/_till":
            return Answer(200, self.till.as_json())
        if request.path.startswith("/files/"):
            return self._file(request.path.removeprefix("/files/"))
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not key or key.startswith("bad"):
            return _with_key(CREATE_FAULTS["bad_token"], key)
        if request.method == "POST" and request.path.endswith("/predictions"):
            return self._create(request, key)
        if request.path.startswith("/v1/predictions/"):
            return self._look(request.path.rsplit("/", 1)[-1])
        if request.path == "/v1/account":
            return Answer(200, {"type": "organization", "username": "loopback"})
        return self._model(request.path)

    def _create(self, request: Request, key: str) -> Answer:
        given = request.json.get("input", {})
        prompt = str(given.get("prompt", ""))
        found = FAULT.search(prompt)
        name = self.next_creates.popleft() if self.next_creates else found[1] if found else ""
        if name:
            self.till.ring(
                Entry("image", name, billed=name in ("hang", "broken_json", "no_id"), prompt=prompt)
            )
            return _with_key(CREATE_FAULTS[name], key)
        ending = RUN.search(prompt)
        outcome = ending[1] if ending else "ok"
        self.till.ring(
            Entry(
                "image",
                outcome,
                billed=outcome not in ("aborted", "sensitive"),
                prompt=prompt,
                model=request.path,
            )
        )
        run = {
            "id": uuid.uuid4().hex[:26],
            "status": "starting",
            "input": given,
            "output": None,
            "error": None,
            "looks": 0,
            "ending": outcome,
        }
        with self.run_lock:
            self.runs[run["id"]] = run
        return Answer(201, self._body_of(run))

    def _look(self, remote_id: str) -> Answer:
        with self.run_lock:
            if self.hiccups:
                self.hiccups -= 1
                return self.hiccup
            run = self.runs.get(remote_id)
            if run is None:
                return Answer(404, {"detail": "The requested resource could not be found."})
            run["looks"] += 1
            return Answer(200, self._body_of(run))

    def _body_of(self, run: dict[str, Any]) -> dict[str, Any]:
        shown = {name: value for name, value in run.items() if name not in ("looks", "ending")}
        if run["looks"] == 0:
            return shown
        if run["looks"] < self.polls:
            return {**shown, "status": "processing"}
        good = {
            "status": "succeeded",
            "output": [f"{self.url}/files/{run['id']}.png"],
            "metrics": {"predict_time": 0.8},
        }
        ending = {**RUNS.get(run["ending"], good)}
        if isinstance(ending.get("output"), str):
            ending["output"] = ending["output"].replace("{url}", self.url)
        return {**shown, **ending}

    def _file(self, name: str) -> Answer:
        if name == "gone":
            return Answer(404, b"")
        if name == "redirect":
            return Answer(302, b"", {"Location": f"{self.url}/v1/account"})
        if name == "huge":
            return Answer(200, bytes(HUGE), {"Content-Type": "image/png"})
        return Answer(200, pictures.picture("64x64", "png", name), {"Content-Type": "image/png"})

    def _model(self, path: str) -> Answer:
        if "retired" in path or not path.startswith("/v1/models/"):
            return CREATE_FAULTS["no_model"]
        return Answer(200, {"owner": "owner", "name": path.rsplit("/", 1)[-1]})


def _with_key(answer: Answer, key: str) -> Answer:
    """Some servers quote the key that they refuse."""
    if not isinstance(answer.body, dict):
        return answer
    return Answer(
        answer.status,
        {
            name: value.replace("{key}", key) if isinstance(value, str) else value
            for name, value in answer.body.items()
        },
        dict(answer.headers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--polls", type=int, default=2)
    parser.add_argument("--till", help="file to append every create to")
    given = parser.parse_args()
    ReplicateServer(given.port, polls=given.polls, till=Till(given.till)).serve()


if __name__ == "__main__":
    main()
