"""moto's S3 on loopback, behind a front that refuses what Backblaze B2 refuses."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Self

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

REFUSED = (
    "HTTP_X_AMZ_CHECKSUM_",
    "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM",
    "HTTP_X_AMZ_TRAILER",
    "HTTP_X_AMZ_ACL",
)


class Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: Any) -> None:
        pass


class B2Server:
    """``requests`` are (method, path); ``faults`` are statuses for the next requests."""

    def __init__(self) -> None:
        self.inner = DomainDispatcherApplication(create_backend_app)
        self.requests: list[tuple[str, str]] = []
        self.faults: deque[int] = deque()
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Silent)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if any(name.startswith(REFUSED) for name in environ):
            return self._refuse(environ, start_response, "400 Bad Request", "InvalidArgument")
        if self.faults:
            status = self.faults.popleft()
            return self._refuse(
                environ,
                start_response,
                f"{status} Fault",
                "SlowDown" if status == 503 else "AccessDenied",
            )
        return self.inner(environ, start_response)

    def _refuse(
        self, environ: dict[str, Any], start_response: Callable[..., Any], status: str, code: str
    ) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = f"<Error><Code>{code}</Code><Message>{status}</Message></Error>".encode()
        start_response(
            status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        )
        return [body]

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="id",
            aws_secret_access_key="key",
        )

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
