"""Which Chromium the browser tests use: an installed one, else Playwright's own."""

from __future__ import annotations

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> str | None:
    """Path of an installed Chromium; None for Playwright's own."""
    return os.environ.get("BROWSER_PATH") or next(
        (path for name in NAMES if (path := shutil.which(name))), None
    )


def is_there() -> bool:
    """Whether there is a Chromium that starts."""
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            playwright.chromium.launch(executable_path=executable(), args=list(QUIET)).close()
    except Error:
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if is_there() else 1)
