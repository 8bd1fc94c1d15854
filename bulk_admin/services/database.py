"""What the ledger needs of a database: its clock, guards against a stuck transaction, and steps
that are repeated whole.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Set
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func

from bulk_admin.conf import conf

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)
# PostgreSQL, milliseconds: a process that is stopped inside a transaction must not hold an account
# for ever.
IDLE_GUARD = "idle_in_transaction_session_timeout"
GUARDS = {IDLE_GUARD: 5000, "lock_timeout": 8000}
KILLED_WHILE_IDLE = "25P03"  # PostgreSQL's code for the first guard, which psycopg calls internal
OURS = '"bulk_admin_'  # how the name of every table of ours begins
IDLE = 0  # libpq's PQTRANS_IDLE: the next statement begins a transaction


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


def guard_transactions(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Receiver of connection_created: on PostgreSQL every transaction has its guards from the
    statement on that first names a table of ours, and with BULK["GUARD_ALL_TRANSACTIONS"] from its
    first one. The site's own transactions wait as long as it lets them.

    They are set for each transaction, not with the connection: a pooler such as PgBouncer refuses
    start-up options, and gives every transaction another session. What ``?options=`` of the
    database's address says of a guard stands.
    """
    is_guarded = any(isinstance(each, _Guards) for each in connection.execute_wrappers)
    if connection.vendor == "postgresql" and not is_guarded:
        guards = _Guards()
        connection.execute_wrappers.append(guards)
        connection.SchemaEditorClass = _schema_editor(connection.SchemaEditorClass, guards)


def guards_in_force() -> dict[str, int]:
    """What the server says of the guards inside a transaction of ours, in milliseconds; 0 is none.

    Empty where the database knows no such guards.
    """
    if connection.vendor != "postgresql":
        return {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute('SELECT FROM "bulk_admin_worker" LIMIT 0')
        cursor.execute(
            "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [list(GUARDS)]
        )
        return dict(cursor.fetchall())


class _Guards:
    """Stands before the statements of one connection."""

    are_set = False  # in the transaction that is under way
    may_idle = False  # in it, as in a migration

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        this = context["connection"]
        if this.in_atomic_block:
            self._see_to(this, str(sql))
        return execute(sql, params, many, context)

    def _see_to(self, this: Any, sql: str) -> None:
        is_back = sql.startswith("ROLLBACK TO")  # and with it what was set since that savepoint
        if is_back or this.connection.info.transaction_status == IDLE:
            self.are_set = False
        if not (self.are_set or is_back) and (OURS in sql or conf.GUARD_ALL_TRANSACTIONS):
            _set_guards(this, GUARDS.keys() - ({IDLE_GUARD} if self.may_idle else set()))
            self.are_set = True


def _schema_editor(plain: Any, guards: _Guards) -> Any:
    """A migration draws up its models between two statements, for seconds where a server is busy,
    and must not be ended for it.
    """

    class SchemaEditor(plain):  # type: ignore[misc]  # the class that the connection has
        def __enter__(self) -> Any:
            guards.may_idle = True
            return super().__enter__()

        def __exit__(self, *raised: Any) -> None:
            try:
                super().__exit__(*raised)
            finally:
                guards.may_idle = False

    return SchemaEditor


def _set_guards(this: Any, names: Set[str]) -> None:
    said = this.settings_dict["OPTIONS"].get("options", "")
    ours = {name: GUARDS[name] for name in sorted(names) if name not in said}
    if ours:  # psycopg's own cursor: this must not come here again
        with this.wrap_database_errors, this.connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL {name} = {ours[name]}" for name in ours))


def is_broken_off(error: Exception) -> bool:
    """Whether a database broke a step off, so that it may work when it is repeated.

    SQLite says of a missing table what it says of a locked file.
    """
    if isinstance(error, OperationalError) and connection.vendor == "sqlite":
        return not str(error).startswith(("no such", "near "))
    return isinstance(error, OperationalError | InterfaceError) or _was_killed_while_idle(error)


def _was_killed_while_idle(error: Exception) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == KILLED_WHILE_IDLE


def whole_step(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function as one transaction, and again from its start when the database broke it off.

    A deadlock, a serialization failure, a lock time-out, a locked SQLite file, a lost connection or
    one that was ended for standing still undoes the step as a whole; five repeats follow, then the
    error is raised, as OperationalError or InterfaceError. Inside a transaction
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
            except (OperationalError, InterfaceError, InternalError) as error:
                if isinstance(error, InternalError) and not _was_killed_while_idle(error):
                    raise
                connection.close_if_unusable_or_obsolete()
                if isinstance(error, InternalError) and pause is None:
                    raise OperationalError(str(error)) from error
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
