"""Fixtures for tests of stored files; a site lists this module in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bulk_admin.testing.loopback.s3_server import S3Server

PUBLIC, PRIVATE = "pages", "originals"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    # moto takes a second to import: only for runs that keep files in buckets.
    from bulk_admin.testing.loopback.s3_server import S3Server

    with S3Server(PUBLIC, PRIVATE) as server:
        yield server


@pytest.fixture
def buckets(s3_server: S3Server, settings: Any) -> S3Server:
    """Files are kept in two empty buckets, whose public files have an address of their own."""
    s3_server.reset()
    settings.STORAGES = {
        **settings.STORAGES,
        **s3_server.storages(PUBLIC, PRIVATE),
        "default": s3_server.storages(PUBLIC, PRIVATE, public_url="https://img.example.com/f")[
            "default"
        ],
    }
    return s3_server


@pytest.fixture
def local_files(tmp_path: Path, settings: Any) -> Path:
    """Files are kept in two empty folders: ``public`` and ``private`` of the one returned."""
    backend = {"BACKEND": "bulk_admin.storages.DurableFileStorage"}
    public = {"location": tmp_path / "public", "base_url": "/media/"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**backend, "OPTIONS": public},
        "private": {**backend, "OPTIONS": {"location": tmp_path / "private"}},
    }
    return tmp_path


@pytest.fixture(params=["buckets", "local_files"])
def any_storage(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)
