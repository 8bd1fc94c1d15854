"""A database that refuses a row for a word in it, as for what nobody has thought of yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

POISON = "unbookable"
NAME = "refuse_poison"


@contextmanager
def refusing(table: str, column: str) -> Iterator[None]:
    """Every update that puts POISON into the column, or leaves it there, fails."""
    if connection.vendor == "postgresql":
        set_up = (
            f"ALTER TABLE {table} ADD CONSTRAINT {NAME}"
            f" CHECK ({column}::text NOT LIKE '%{POISON}%') NOT VALID"
        )
        take_down = f"ALTER TABLE {table} DROP CONSTRAINT {NAME}"
    else:
        set_up = (
            f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {table}"
            f" WHEN NEW.{column} LIKE '%{POISON}%'"
            " BEGIN SELECT RAISE(ABORT, 'row refused'); END"
        )
        take_down = f"DROP TRIGGER {NAME}"
    _execute(set_up)
    try:
        yield
    finally:
        _execute(take_down)


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
