"""Third-party software that the product is tried on, in pinned versions under ``var/peers``.

    python -m bulk_admin.tests.peers.tools

fetches what is missing, without root, and says what cannot be had. Nothing of it goes into .venv.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "var" / "peers"
NPM = {"aimock": "@copilotkit/aimock@1.43.0", "s3rver": "s3rver@3.7.1"}
PYPI = {"litellm": "litellm[proxy]==1.99.4", "llmock": "llmock==0.2.2"}
DEBIAN = ("pgbouncer", "libc-ares2", "libevent-2.1-7")


def program(name: str) -> str | None:
    """The path of a program, or None when it is not there. An installed PgBouncer will do."""
    places = {
        # The package has two programs; this one takes the faults of its chaos as options.
        "aimock": FOLDER / "npm" / "node_modules" / ".bin" / "llmock",
        "s3rver": FOLDER / "npm" / "node_modules" / ".bin" / "s3rver",
        "litellm": FOLDER / "litellm" / "bin" / "litellm",
        "llmock": FOLDER / "llmock" / "bin" / "llmock",
        "pgbouncer": FOLDER / "debian" / "usr" / "sbin" / "pgbouncer",
    }
    if places[name].exists():
        return str(places[name])
    return shutil.which(name, path="/usr/sbin:/usr/bin") if name == "pgbouncer" else None


def fetch(name: str) -> None:
    """Have a program. Raises OSError or CalledProcessError when it cannot be had."""
    if program(name):
        return
    if name in NPM:
        folder = FOLDER / "npm"
        folder.mkdir(parents=True, exist_ok=True)
        _run("npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", NPM[name])
    elif name in PYPI:
        _run(sys.executable, "-m", "venv", str(FOLDER / name))
        _run(str(FOLDER / name / "bin" / "pip"), "install", "-q", PYPI[name])
    else:
        _unpack_debian()


def _unpack_debian() -> None:
    folder = FOLDER / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    _run("apt-get", "download", "-q", *DEBIAN, folder=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg", "-x", str(package), str(folder))


def _run(*words: str, folder: Path | None = None) -> None:
    done = subprocess.run(words, cwd=folder, env=os.environ, capture_output=True, text=True)
    if done.returncode:
        raise OSError((done.stderr or done.stdout).strip().splitlines()[-1])


def main(say: Callable[[str], object] = sys.stdout.write) -> None:
    for name in (*NPM, *PYPI, "pgbouncer"):
        try:
            fetch(name)
        except OSError as error:
            say(f"{name} is not there and cannot be fetched: {error}\n")


if __name__ == "__main__":
    main()
