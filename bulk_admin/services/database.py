"""What the ledger needs of a database: its clock, and steps that are repeated whole."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


class Clock(Func):
    """The database's clock at the moment a row is made.

    Not the transaction's ``now()``, which was read before the lock was won. Read it in a statement
    after the one that locks.
    """

    function = "clock_timestamp"
    output_field = DateTimeField()
    arity = 0

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW')",
            **context,
        )


def database_now() -> dt.datetime:
    """The database's clock, in UTC. The only clock that several hosts share."""
    sql = (
        "SELECT clock_timestamp()"
        if connection.vendor == "postgresql"
        else "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (value,) = cursor.fetchone()
    now: dt.datetime = (
        dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC) if isinstance(value, str) else value
    )
    return now.astimezone(dt.UTC)


def whole_step(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function as one transaction, and again from its start when the database broke it off.

    A deadlock, a serialization failure, a lock time-out, a locked SQLite file or a lost connection
    undoes the step as a whole; five repeats follow, then the error is raised. Inside a transaction
    of the caller's the step is a savepoint and is not repeated: the caller's would have to be.
    """

    @wraps(function)
    def step(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        for pause in (*PAUSES, None):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                connection.close_if_unusable_or_obsolete()
                if pause is None:
                    raise
                logger.warning(
                    "%s is repeated: %s",
                    function.__name__,
                    str(error).splitlines()[0] if str(error) else type(error).__name__,
                )
                time.sleep(pause)
        raise AssertionError("unreachable")

    return step
