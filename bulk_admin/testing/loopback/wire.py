"""A real HTTP/1.1 server on loopback whose answers may also go wrong on the wire."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.content) if self.content else {}
        except ValueError:
            return {}


@dataclass
class Answer:
    """``wire`` says how the bytes leave: whole, reset (none), cut (half), hang (none, until let
    go), drip (slowly).
    """

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    wire: str = "whole"

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class LoopbackServer(ThreadingHTTPServer):
    """Use as a context manager, or call ``serve`` in a process of its own.

    ``url`` has no slash at its end.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    hang_seconds = 60.0

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.let_go = threading.Event()
        self.connections = 0
        self.count_lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go.set()
        self.shutdown()
        self.server_close()

    def serve(self) -> None:
        """Print the port on one line, then serve until the process is ended."""
        sys.stdout.write(f"{self.server_address[1]}\n")
        sys.stdout.flush()
        try:
            self.serve_forever()
        except KeyboardInterrupt:
            self.let_go.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LoopbackServer

    def setup(self) -> None:
        super().setup()
        with self.server.count_lock:
            self.server.connections += 1

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            self.command,
            urlsplit(self.path).path,
            {name.lower(): value for name, value in self.headers.items()},
            content,
        )
        answer = self.server.answer(request)
        getattr(self, f"send_{answer.wire}")(answer)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def head(self, answer: Answer) -> bytes:
        fields = {
            "Content-Type": "application/json",
            "Content-Length": str(len(answer.payload)),
            **answer.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return (
            f"HTTP/1.1 {answer.status}"
            f" {self.responses.get(answer.status, ('Status',))[0]}\r\n{lines}\r\n".encode()
        )

    def send_whole(self, answer: Answer) -> None:
        self.wfile.write(self.head(answer) + answer.payload)

    def send_reset(self, answer: Answer) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def send_cut(self, answer: Answer) -> None:
        self.wfile.write(self.head(answer) + answer.payload[: len(answer.payload) // 2])
        self.close_connection = True

    def send_hang(self, answer: Answer) -> None:
        self.server.let_go.wait(self.server.hang_seconds)
        self.close_connection = True

    def send_drip(self, answer: Answer) -> None:
        self.wfile.write(self.head(answer))
        ends = time.monotonic() + self.server.hang_seconds
        for byte in answer.payload:
            if self.server.let_go.wait(0.02) or time.monotonic() > ends:
                break
            self.wfile.write(bytes([byte]))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the till is the log."""
