"""S3 on loopback: moto behind a front that refuses what Backblaze B2 refuses, and that can fail.

    python -m bulk_admin.testing.loopback.s3_server --port 0 --bucket pages --bucket originals

prints its port. GET /_front answers every call so far; POST /_front takes {"next": [...],
"outage": true|false}, with the faults slow_down (503), internal_error (500), access_denied (403),
lost_reply (done, but no answer) and reset (not done, no answer).
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bulk_admin.b2 import b2_options

REFUSED_HEADERS = (
    "HTTP_X_AMZ_CHECKSUM_",
    "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM",
    "HTTP_X_AMZ_TRAILER",
)
REGION = "us-east-1"
KEY_ID, APPLICATION_KEY = "loopback-key-id", "loopback-application-key"
CONTROL = "/_front"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class StrictFront:
    """WSGI in front of moto. ``calls`` is (method, path, outcome) of everything that arrived."""

    def __init__(self) -> None:
        self.inner = DomainDispatcherApplication(create_backend_app)
        self.calls: list[tuple[str, str, str]] = []
        self.outage = False
        self.hides_missing = False  # 403 for what is not there, as S3 to a key that may not list
        self._next: deque[str] = deque()
        self._lock = threading.Lock()

    def next(self, *faults: str) -> None:
        """What goes wrong with the next requests, one fault each."""
        with self._lock:
            self._next.extend(faults)

    def recover(self) -> None:
        """No outage, and no fault left to come."""
        with self._lock:
            self.outage = self.hides_missing = False
            self._next.clear()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == CONTROL:
            return self._control(environ, start_response)
        refusal = refused(environ)
        outcome = refusal[1] if refusal else self._fault(environ)
        self.calls.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], outcome))
        if refusal or outcome in FAULT_ANSWERS:
            status, code, message = refusal or FAULT_ANSWERS[outcome]
            return _xml(environ, start_response, status, code, message)
        if outcome == "reset":
            return _hang_up(environ)
        if self.hides_missing and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self._without_missing(environ, start_response)
        answer = self.inner(environ, start_response if outcome == "ok" else _silence)
        if outcome == "lost_reply":
            b"".join(answer)
            return _hang_up(environ)
        return answer

    def _without_missing(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            begun.append((status, headers))
            return lambda data: None

        body = b"".join(self.inner(environ, note))
        status, headers = begun[0]
        if status.startswith("404"):
            return _xml(environ, start_response, *FAULT_ANSWERS["access_denied"])
        start_response(status, headers)
        return [body]

    def _fault(self, environ: dict[str, Any]) -> str:
        with self._lock:
            if self.outage:
                return "slow_down"
            return self._next.popleft() if self._next else "ok"

    def _control(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        wanted = json.loads(_read(environ) or b"{}")
        self.next(*wanted.get("next", []))
        self.outage = wanted.get("outage", self.outage)
        body = json.dumps({"calls": self.calls, "outage": self.outage}).encode()
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        )
        return [body]


FAULT_ANSWERS = {
    "slow_down": ("503 Service Unavailable", "SlowDown", "Please reduce your request rate."),
    "internal_error": ("500 Internal Server Error", "InternalError", "An internal error occurred."),
    "access_denied": ("403 Forbidden", "AccessDenied", "not entitled"),
}


def refused(environ: dict[str, Any]) -> tuple[str, str, str] | None:
    """Status, code and words for what B2's S3 interface does not take."""
    for name in environ:
        if name.startswith(REFUSED_HEADERS):
            header = name.removeprefix("HTTP_").lower().replace("_", "-")
            return (
                "400 Bad Request",
                "InvalidArgument",
                f"Unsupported header '{header}' received for this API call.",
            )
    if environ["REQUEST_METHOD"] == "PUT" and (
        "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ
    ):
        return (
            "501 Not Implemented",
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )
    if "HTTP_X_AMZ_ACL" in environ:
        return (
            "400 Bad Request",
            "InvalidRequest",
            "Unsupported canned acl: an object's must be its bucket's",
        )
    if environ.get("HTTP_AUTHORIZATION", "").startswith("AWS "):
        return "400 Bad Request", "InvalidRequest", "Only AWS Signature Version 4 is supported"
    return None


class S3Server:
    """Use as a context manager. ``buckets`` exist and are empty at the start."""

    def __init__(self, *buckets: str, port: int = 0) -> None:
        self.front = StrictFront()
        self.buckets = buckets
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, self.front, threaded=True, request_handler=_Handler
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def environment(self, public: str, private: str) -> dict[str, str]:
        """What a process of the site is given to keep its files in these two buckets."""
        return {
            "B2_ENDPOINT_URL": self.url,
            "B2_REGION": REGION,
            "B2_BUCKET": public,
            "B2_PRIVATE_BUCKET": private,
            "B2_KEY_ID": KEY_ID,
            "B2_APPLICATION_KEY": APPLICATION_KEY,
        }

    def storages(self, public: str, private: str, **options: Any) -> dict[str, Any]:
        """The two entries of STORAGES for these buckets. ``options``: more for ``b2_options``."""
        where = {
            "endpoint_url": self.url,
            "region": REGION,
            "key_id": KEY_ID,
            "application_key": APPLICATION_KEY,
            **options,
        }
        return {
            alias: {
                "BACKEND": "bulk_admin.b2.B2Storage",
                "OPTIONS": b2_options(bucket, **where),
            }
            for alias, bucket in (("default", public), ("private", private))
        }

    @functools.cached_property
    def _client(self) -> Any:
        how = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=APPLICATION_KEY,
            config=how,
        )

    def client(self) -> Any:
        return self._client

    def keys(self, bucket: str) -> list[str]:
        return sorted(
            row["Key"]
            for page in self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for row in page.get("Contents", [])
        )

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        self.reset()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Empty buckets, no faults, no memory of calls."""
        self.front.recover()
        client = self.client()
        held = {row["Name"] for row in client.list_buckets()["Buckets"]}
        for bucket in held:
            for key in self.keys(bucket):
                client.delete_object(Bucket=bucket, Key=key)
        for bucket in set(self.buckets) - held:
            client.create_bucket(Bucket=bucket)
        self.front.calls.clear()

    def serve(self) -> None:
        """Print the port on one line, then serve until the process is ended."""
        self.__enter__()
        sys.stdout.write(f"{self._server.port}\n")
        sys.stdout.flush()
        threading.Event().wait()


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Silent: ``calls`` is the log."""


def _read(environ: dict[str, Any]) -> bytes:
    content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return content


def _xml(
    environ: dict[str, Any], start_response: StartResponse, status: str, code: str, message: str
) -> Iterable[bytes]:
    _read(environ)
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>{error}'.encode()
    start_response(
        status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    )
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _hang_up(environ: dict[str, Any]) -> Iterable[bytes]:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def _silence(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
    return lambda data: None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bucket", action="append", default=[])
    given = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    S3Server(*given.bucket, port=given.port).serve()


if __name__ == "__main__":
    main()
