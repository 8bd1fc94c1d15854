"""A small run for ``test_killed_runs.py``, which kills it: a test starts a bit of everything, tells
of it, and never ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.tests.support import postgres, processes, run_folder
from e2e.browser import QUIET, executable


@pytest.mark.parametrize("number", [1, 2])
def test_never_ends(number):
    folder = Path(os.environ[run_folder.NAME])
    postgres.start()
    start("-c", "import signal; signal.pause()")
    start("-m", "bulk_admin.testing.loopback.openai_server")
    start(
        "-c",
        "import os, signal; os.fork(); signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " signal.pause()",
    )
    if chromium := executable():
        from playwright.sync_api import sync_playwright

        browser = (
            sync_playwright().start().chromium.launch(executable_path=chromium, args=list(QUIET))
        )
        browser.new_page().goto("about:blank")
    with OpenAIServer():
        note = Path(os.environ["TELL_IN"]) / f"{number}.new"
        note.write_text(f"{os.getpid()}\n{folder}")
        note.rename(note.with_suffix(".ready"))
        signal.pause()


def start(*words):
    subprocess.Popen([sys.executable, *words], cwd=processes.ROOT, start_new_session=True)
