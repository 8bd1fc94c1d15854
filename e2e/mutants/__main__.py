"""Tries each broken rule on a copy of the tree, and sees to it that its test fails.

python -m e2e.mutants [words of names]
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from . import MUTANTS
from .mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "bulk_admin",
    "e2e",
    "prompts",
    "prompts_manager",
    "templates",
    "static",
    "conftest.py",
    "manage.py",
    "pyproject.toml",
)
AT_ONCE = 2
MINUTES = 3
# Starting is most of the work: nothing is loaded, rewritten or migrated that a test can do without.
PYTEST = (
    *(sys.executable, "-m", "pytest", "-q", "-x", "--assert=plain", "--reuse-db"),
    *("-p", "pytest_django.plugin", "-p", "no:cacheprovider", "-m", "not process and not e2e"),
)


class Tree:
    """A copy of the code with a migrated database. One mutant at a time breaks it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.migrated = folder / "migrated.sqlite3"
        self.database = folder / "tests.sqlite3"

    @classmethod
    def planted(cls, folder: Path) -> Tree:
        """Of the code as it is, where all tests that are to notice pass."""
        folder.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, folder / name)
        tree = cls(folder)
        tree._run(
            (sys.executable, "manage.py", "migrate", "--verbosity", "0"),
            {"ENV_FILE": os.devnull, "DATABASE_URL": f"sqlite:///{tree.migrated}"},
        ).check_returncode()
        return tree

    def copied(self, folder: Path) -> Tree:
        shutil.copytree(self.folder, folder)
        return Tree(folder)

    def why_not_whole(self, mutants: Iterable[Mutant]) -> str:
        """Which of the tests fail although no rule is broken; this also compiles them."""
        wanted = {mutant.file: None for mutant in mutants}
        names = " or ".join(sorted({mutant.test for mutant in mutants}))
        done = self._test(*wanted, "-k", names)
        return "" if done.returncode == 0 else f"{done.stdout[-3000:]}{done.stderr[-3000:]}"

    def notices(self, mutant: Mutant) -> bool:
        """Whether the mutant's test fails, in time, where its rule is broken."""
        path = self.folder / mutant.path
        source = path.read_text()
        if source.count(mutant.old) != 1:
            raise SystemExit(f"{mutant.name}: its text does not stand once in {mutant.path}.")
        try:
            self._write(path, source.replace(mutant.old, mutant.new))
            done = self._test(mutant.file, "-k", mutant.test)
        except subprocess.TimeoutExpired:
            return False
        finally:
            self._write(path, source)
        if done.returncode not in (0, 1):
            raise SystemExit(
                f"{mutant.name}: its test did not run.\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.returncode == 1

    def _write(self, path: Path, source: str) -> None:
        path.write_text(source)
        # Python notices a change by size and second only.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def _test(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        for file in self.folder.glob(f"{self.database.name}*"):
            file.unlink()
        shutil.copy2(self.migrated, self.database)
        return self._run(
            (*PYTEST, *arguments),
            {
                **os.environ,
                "TEST_DATABASE": "sqlite",
                "TEST_DATABASE_FILE": str(self.database),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
        )

    def _run(
        self, command: tuple[str, ...], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**env, "DEBUG": "true", "PYTHONDONTWRITEBYTECODE": ""},
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )


def main() -> int:
    words = sys.argv[1:]
    chosen = [each for each in MUTANTS if not words or any(word in each.name for word in words)]
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="promptfinder-mutants-") as folder,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        tree = Tree.planted(Path(folder) / "0")
        if why := tree.why_not_whole(chosen):
            raise SystemExit(f"Tests fail although no rule is broken.\n{why}")
        trees: SimpleQueue[Tree] = SimpleQueue()
        trees.put(tree)
        for number in range(1, AT_ONCE):
            trees.put(tree.copied(Path(folder) / str(number)))
        caught = sum(pool.map(lambda mutant: judge(mutant, trees), chosen))
    sys.stdout.write(
        f"{caught} of {len(chosen)} mutants caught in {time.monotonic() - begun:.0f} s\n"
    )
    return 0 if caught == len(chosen) else 1


def judge(mutant: Mutant, trees: SimpleQueue[Tree]) -> bool:
    begun, tree = time.monotonic(), trees.get()
    try:
        caught = tree.notices(mutant)
    finally:
        trees.put(tree)
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{'caught' if caught else 'MISSED'}  {seconds:4.1f} s  {mutant.name}\n")
    sys.stdout.flush()
    return caught


if __name__ == "__main__":
    raise SystemExit(main())
