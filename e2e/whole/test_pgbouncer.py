"""Behind PgBouncer in transaction mode: every transaction may meet another session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from bulk_admin.models import CallState, ProviderCall
from bulk_admin.services import database
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="It pools PostgreSQL."),
    pytest.mark.skipif(not PGBOUNCER, reason="PgBouncer is not installed: apt-get install it."),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def somebody(host):
    """As whom it runs, for it refuses to be root: who may open the server's socket."""
    if os.getuid() != 0:
        return {}
    owner = Path(host).stat().st_uid if host.startswith("/") else 0
    return {"user": owner or pwd.getpwnam("nobody").pw_uid}


@pytest.fixture
def pooler():
    """The test database through a pooler of two sessions; its address."""
    server = connection.settings_dict
    host = server["HOST"] or server["OPTIONS"].get("host", "")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        password = f" password={server['PASSWORD']}" if server["PASSWORD"] else ""
        (folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host={host} port={server['PORT'] or 5432} user={server['USER']}{password}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        )
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [PGBOUNCER, folder / "pgbouncer.ini"], stdout=log, stderr=log, **somebody(host)
            )
        try:
            url = f"postgresql://{server['USER']}@127.0.0.1:{port}/{server['NAME']}"
            processes.wait_until(lambda: answers(url), seconds=20, what="PgBouncer answers")
            yield url
        finally:
            running.terminate()
            running.wait(timeout=10)


def answers(url):
    try:
        with psycopg.connect(url, connect_timeout=2) as found:
            return found.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


@pytest.fixture
def pooled(pooler):
    """This thread's connection, through the pooler."""
    own = connection.settings_dict
    port = int(pooler.rpartition(":")[2].partition("/")[0])
    through = {**own, "HOST": "127.0.0.1", "PORT": port}
    through["OPTIONS"] = {key: value for key, value in own["OPTIONS"].items() if key != "host"}
    connection.close()
    connection.settings_dict = through
    yield connection
    connection.close()
    connection.settings_dict = own


def test_start_up_options_are_what_it_refuses(pooler):
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(pooler, options="-c lock_timeout=8000")


def test_each_transaction_has_its_guards_and_leaves_none_behind(pooled):
    assert [database.guards_in_force() for _ in range(4)] == [database.GUARDS] * 4
    with pooled.cursor() as cursor:
        for _ in range(4):
            cursor.execute("SELECT current_setting('lock_timeout')")
            assert cursor.fetchone() == ("0",)


def test_a_worker_makes_a_job_through_it(worker_process, pooler):
    account = make_account(options={"delay": 0})
    job = make_job(12, "pending", account=account)
    worker_process(env={"DATABASE_URL": pooler})
    ring()

    def has_ended():
        job.refresh_from_db()
        return job.status == "completed"

    processes.wait_until(has_ended, what="the job ends")
    assert ProviderCall.objects.filter(state=CallState.DELIVERED).count() == 12
    assert audit() == []
