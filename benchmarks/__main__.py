"""All benchmarks, one after another, each in a process of its own: ``make bench``, or ``make bench
ARGS=--quick``.

The lines of all are collected in ``var/benchmarks.md``. In full it takes about 40 minutes, with
--quick three.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import HEAD, load

BOTH = (["--database", "sqlite"], ["--database", "postgres"])
RUNS: dict[str, tuple[list[str], ...]] = {
    "throughput": (
        ["--limit", "5", "50", "--no-baselines", "--database", "postgres"],
        ["--limit", "250", "--database", "postgres"],
    ),
    "cold_start": ([],),
    "sharing": ([],),
    "fairness": BOTH,
    "queue_depth": BOTH,
    "tile_delay": ([],),
    "poll_cost": BOTH,
    "job_page": ([],),
    "picture_cost": ([],),
    "fifty_pages": BOTH,
}


def run(name: str, arguments: list[str], out: Path) -> bool:
    """One benchmark; its lines are printed as they come, and kept. False if it broke."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    title = f"`{' '.join(['python', *command[1:]])}`"
    print(f"\n{title}", flush=True)
    began = time.monotonic()
    with (
        out.open("a") as kept,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        kept.write(f"\n{title}\n\n")
        for line in process.stdout:
            print(line, end="", flush=True)
            kept.write(line)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return process.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"only these: {', '.join(RUNS)}")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="seconds for minutes: shows that each runs, not how fast",
    )
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - RUNS.keys()):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    out = Path(__file__).resolve().parent.parent / "var" / "benchmarks.md"
    out.parent.mkdir(exist_ok=True)
    out.write_text(f"Load before: {load()}. Columns: {', '.join(HEAD)}.\n")
    chosen = {name: RUNS[name] for name in given.names or RUNS}
    jobs = [
        (name, arguments)
        for name, sets in chosen.items()
        for arguments in (([],) if given.quick else sets)
    ]
    broken = [
        name
        for name, arguments in jobs
        if not run(name, [*arguments, *(["--quick"] if given.quick else [])], out)
    ]
    print(f"\nKept in {out}." + (f" Broken: {', '.join(broken)}." if broken else ""), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
