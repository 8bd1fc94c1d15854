"""The sample job from paste to draft pages, in a folder that is thrown away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bulk_admin.money import parse_usd, usd
from prompts_manager.management import sample

LIMIT = 120  # seconds


class Command(BaseCommand):
    help = (
        "Generate the sample prompts with the placeholder and make draft pages of them, without"
        " touching the real database."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="promptfinder-demo-") as folder:
            env = environment(Path(folder))
            manage(env, "migrate", "--noinput", "--verbosity", "0")
            manage(
                env,
                "createsuperuser",
                "--noinput",
                "--username",
                "demo",
                "--email",
                "demo@example.com",
                "--verbosity",
                "0",
            )
            began = time.monotonic()
            with (Path(folder) / "worker.log").open("wb") as log:
                worker = subprocess.Popen(
                    command("bulk_worker"),
                    env=env,
                    cwd=settings.BASE_DIR,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            try:
                report = manage(
                    env,
                    "bulk_generate",
                    str(sample.FILE),
                    "--name",
                    sample.NAME,
                    "--wait",
                    "--create-pages",
                    "--json",
                )
            except subprocess.SubprocessError as error:
                self.stderr.write((Path(folder) / "worker.log").read_text()[-4000:])
                raise CommandError(f"The sample job did not end as it should: {error}") from error
            finally:
                stop(worker)
            self.summarise(json.loads(report), time.monotonic() - began)

    def summarise(self, report: dict[str, Any], seconds: float) -> None:
        self.stdout.write(
            f"\n  {report['completed']} of {report['total']} pictures, {report['failed']} failed,"
            f" {report['unknown']} unknown"
        )
        self.stdout.write(
            f"  {report['pages_created']} draft pages, {report['pages_blocked']} blocked,"
            f" {report['pages_failed']} failed"
        )
        self.stdout.write(
            f"  {usd(parse_usd(report['spent_usd']))} spent of"
            f" {usd(parse_usd(report['estimated_usd']))} estimated, {seconds:.0f} seconds"
        )
        self.stdout.write(
            "  It ran in a folder of its own, which is gone. `make run` shows the same in a"
            " browser.\n"
        )


def environment(folder: Path) -> dict[str, str]:
    """A clean one: no key of a real account reaches the demo."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "REPLICATE_", "B2_", "BULK_", "SENTRY_"))
    }
    return {
        **kept,
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_FOLDER": str(folder / "media"),
        "DJANGO_SUPERUSER_PASSWORD": os.urandom(12).hex(),
    }


def command(*words: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]


def manage(env: dict[str, str], *words: str) -> str:
    """Run a management command; its standard output. Its progress goes to the terminal."""
    return subprocess.run(
        command(*words),
        env=env,
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=LIMIT,
    ).stdout


def stop(worker: subprocess.Popen[bytes]) -> None:
    """SIGTERM to every process of the worker; SIGKILL when it does not end."""
    os.killpg(worker.pid, signal.SIGTERM)
    try:
        worker.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
