"""The site under a real gunicorn, and requests to it that no client library would send."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.test import Client

from bulk_admin.tests.support import processes

GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "prompts_manager.wsgi"),
    *("--threads", "2", "--no-control-socket"),
)


@dataclass(frozen=True, slots=True)
class Site:
    port: int
    process: psutil.Popen

    def answer(self, head: Iterable[str], body: Iterable[bytes] = ()) -> tuple[int, bytes]:
        """Status and what follows the head; sending stops where the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            lines = [*head, f"Host: 127.0.0.1:{self.port}", "Connection: close", "", ""]
            connection.sendall("\r\n".join(lines).encode())
            try:
                for piece in body:
                    connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = connection.makefile("rb")
            status = int(answer.readline().split()[1])
            length = 0
            while line := answer.readline().strip().lower():
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            return status, answer.read(length)

    @property
    def peak_memory(self) -> int:
        """Bytes, of the worker process that used most since it started."""
        return max(
            int(line.split()[1]) * 1024
            for worker in self.process.children()
            for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )


@contextmanager
def gunicorn(log: Path, **env: str) -> Iterator[Site]:
    """One worker with threads, as the Procfile starts it, until the block is left."""
    with log.open("wb") as out, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.set_inheritable(True)
        process = psutil.Popen(
            [*GUNICORN, "--bind", f"fd://{listening.fileno()}"],
            cwd=processes.ROOT,
            env=processes.environment(env),
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
        site = Site(listening.getsockname()[1], process)
        try:
            processes.wait_until(lambda: b"Booting worker" in log.read_bytes(), what="gunicorn")
            yield site
        finally:
            processes.stop(process)


def logged_in(person: Any) -> dict[str, str]:
    """Headers of somebody who is logged in, with the CSRF token of their browser."""
    client = Client()
    client.force_login(person)
    request: Any = HttpRequest()
    token = get_token(request)
    cookies = {
        settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
        settings.CSRF_COOKIE_NAME: request.META["CSRF_COOKIE"],
    }
    return {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": token,
    }


def chunked(pieces: Iterable[bytes], *, ended: bool = True) -> Iterator[bytes]:
    """A body without a length."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    if ended:
        yield b"0\r\n\r\n"


def multipart(pieces: Iterable[bytes], **fields: str) -> Iterator[bytes]:
    """A form with fields and one file, of boundary x."""
    for name, value in fields.items():
        yield f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n"
    )
    yield from pieces
    yield b"\r\n--x--\r\n"
