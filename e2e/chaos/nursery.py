"""Starts worker processes quickly: it has imported everything once, and forks.

    python -m e2e.chaos.nursery

reads one JSON object a line, {"command", "log", "env"}, and prints the pid of the process that runs
it. What it starts is a ``manage.py`` command in a session of its own, as a process manager would
start it.
"""

from __future__ import annotations

import datetime as dt
import faulthandler
import json
import os
import signal
import sys
from typing import Any

import time_machine


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from bulk_admin import tasks
    from bulk_admin.services.image_providers import provider_class

    assert tasks and provider_class("openai")  # imported before the fork, like all that they import
    signal.signal(signal.SIGCHLD, _reap)
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(wanted, settings)
            call_command(wanted["command"])
            return  # the interpreter's end waits for the cluster, as after manage.py
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(wanted: dict[str, Any], settings: Any) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGUSR1, _tell)
    signal.signal(signal.SIGUSR2, _set_the_clock)
    os.environ.update(wanted["env"])
    for name, value in wanted["env"].items():
        own = name.removeprefix("BULK_")
        if own in settings.BULK:
            settings.BULK[own] = type(settings.BULK[own])(value)
    if wanted["command"] == "qcluster":  # Django-Q's own processes, which nothing makes safe
        from bulk_admin import background

        background.serve()


def _tell(number: int, frame: Any) -> None:
    """Where it stands and what it holds, into its log."""
    faulthandler.dump_traceback()
    sys.stderr.flush()


def _set_the_clock(number: int, frame: Any) -> None:
    """As a person sets a machine's clock: what counts seconds goes on, what tells the time is
    off.
    """
    step = dt.timedelta(seconds=float(os.environ["CHAOS_CLOCK_STEP"]))
    time_machine.travel(dt.datetime.now(dt.UTC) + step, tick=True).start()


def _reap(number: int, frame: Any) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    main()
