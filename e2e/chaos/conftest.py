"""The chaos suite's seeds and servers.

``CHAOS_SEEDS=0-199`` (or ``17``, or ``3,8-9``) plays those; without it a few fixed ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.s3_server import S3Server

from .scenario import draw
from .stage import PRIVATE, PUBLIC, SECONDS, Nursery, Stage

SHORT = (3, 6, 10)


def seeds(text: str) -> list[int]:
    """The numbers that "3,8-9" means."""
    ranges = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)]


def pytest_configure() -> None:
    if os.environ.get("TEST_DATABASE") == "postgres":
        raise pytest.UsageError("A scenario may crash the database: TEST_DATABASE=postgres-each.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        wanted = os.environ.get("CHAOS_SEEDS", "")
        metafunc.parametrize("seed", seeds(wanted) if wanted else SHORT)


@pytest.fixture(scope="session")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(shrink=16) as running:
        yield running


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server(PUBLIC, PRIVATE) as running:
        yield running


@pytest.fixture(scope="session")
def nursery(django_db_setup: None, s3: S3Server) -> Iterator[Nursery]:
    found = Nursery({**SECONDS, **s3.environment(PUBLIC, PRIVATE)})
    yield found
    found.close()


@pytest.fixture
def stage(
    seed: int,
    transactional_db: None,
    settings: Any,
    server: OpenAIServer,
    s3: S3Server,
    nursery: Nursery,
    tmp_path: Path,
) -> Iterator[Stage]:
    from django.db import connection

    settings.STORAGES = {**settings.STORAGES, **s3.storages(PUBLIC, PRIVATE, retries=0)}
    settings.BULK = settings.BULK | {
        name.removeprefix("BULK_"): float(value)
        for name, value in SECONDS.items()
        if name != "BULK_LOOK_AGAIN"
    }
    playing = Stage(draw(seed, connection.vendor), server, s3, nursery, tmp_path)
    yield playing
    playing.kill_all()
