"""What Django-Q calls: one line each."""

from __future__ import annotations

from . import cleaning


def clean() -> None:
    cleaning.clean()
