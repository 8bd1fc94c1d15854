"""What a broken rule is."""

from __future__ import annotations

from dataclasses import dataclass

SERVICES = "bulk_admin/services/"
TESTS = "bulk_admin/tests/services/"


@dataclass(frozen=True)
class Mutant:
    """``old`` must stand in ``path`` exactly once; ``test``, a function in ``file``, must notice
    ``new`` in its place.
    """

    name: str
    path: str
    old: str
    new: str
    file: str
    test: str
