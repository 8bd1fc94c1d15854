"""A step that the database broke off is done again from its start, and its effect is there once."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from bulk_admin.models import Worker
from bulk_admin.services import database
from bulk_admin.services.database import PAUSES, whole_step
from bulk_admin.tests.support.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
on_postgres = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer, and no connection to lose."
)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows.")


@pytest.fixture
def pauses(monkeypatch):
    taken: list[float] = []
    monkeypatch.setattr(database.time, "sleep", taken.append)
    return taken


def rename(group: Group, name: str) -> None:
    Group.objects.filter(pk=group.pk).update(name=name)


def lock(group: Group) -> None:
    Group.objects.select_for_update().get(pk=group.pk)


def patience_for_deadlocks(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL deadlock_timeout = {milliseconds}")


@on_postgres
def test_the_victim_of_a_deadlock_goes_again(pauses):
    first, second = Group.objects.create(name="first"), Group.objects.create(name="second")
    both_hold_one = threading.Barrier(2, timeout=10)

    def other_way_round():
        with transaction.atomic():
            patience_for_deadlocks(10_000)
            lock(second)
            both_hold_one.wait()
            rename(first, "theirs")
        connections.close_all()

    tries = []

    @whole_step
    def step():
        tries.append(1)
        patience_for_deadlocks(50)
        lock(first)
        Group.objects.create(name=f"made by try {len(tries)}")
        if len(tries) == 1:
            both_hold_one.wait()
        rename(second, "ours")

    other = threading.Thread(target=other_way_round)
    other.start()
    step()
    other.join(10)
    assert len(tries) >= 2  # it may meet the other a second time
    assert set(Group.objects.values_list("name", flat=True)) == {
        "theirs",
        "ours",
        f"made by try {len(tries)}",
    }


@on_postgres
def test_a_lost_connection_repeats_the_step_on_a_new_one(pauses):
    tries = []

    @whole_step
    def step():
        tries.append(1)
        Group.objects.create(name=f"made by try {len(tries)}")
        if len(tries) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return "done"

    assert step() == "done"
    assert list(Group.objects.values_list("name", flat=True)) == ["made by try 2"]


def stand_still_too_long():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        cursor.execute("SELECT pg_backend_pid()")
        (ours,) = cursor.fetchone()
    other = connection.copy()
    gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
    with other.cursor() as cursor:
        wait_until(lambda: cursor.execute(gone, [ours]) or cursor.fetchone()[0])
    other.close()


@on_postgres
@pytest.mark.parametrize("times", [1, len(PAUSES) + 1])
def test_a_step_that_was_ended_for_standing_still_goes_again(pauses, times):
    """As of a process that was stopped in a transaction; it is no fault of what it wrote."""
    tries = []

    @whole_step
    def step():
        tries.append(1)
        Group.objects.create(name=f"made by try {len(tries)}")
        if len(tries) <= times:
            stand_still_too_long()
        Group.objects.count()

    if times == 1:
        step()
    else:
        with pytest.raises(OperationalError):
            step()
    made = ["made by try 2"] if times == 1 else []
    assert list(Group.objects.values_list("name", flat=True)) == made


@on_postgres
def test_a_connection_that_is_lost_before_a_step_begins_repeats_it(pauses):
    """What meets it first is the statement that sets the guards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (ours,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])
    other.close()
    whole_step(lambda: Group.objects.create(name="made"))()
    assert list(Group.objects.values_list("name", flat=True)) == ["made"]


@on_sqlite
def test_a_locked_file_is_waited_for(monkeypatch):
    other = connection.copy()
    other.cursor().execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database.time, "sleep", lambda seconds: other.close())
    connection.cursor().execute("PRAGMA busy_timeout = 1")

    @whole_step
    def step():
        return Group.objects.create(name="made")

    try:
        assert step().name == "made"
    finally:
        connection.close()


@pytest.mark.parametrize("error", [OperationalError("lost"), IntegrityError("taken")])
def test_how_often_a_step_is_tried(pauses, error):
    tries = []

    @whole_step
    def step():
        tries.append(1)
        Group.objects.create(name="never")
        raise error

    with pytest.raises(type(error)):
        step()
    is_the_database_s = isinstance(error, OperationalError)
    assert len(tries) == (len(PAUSES) + 1 if is_the_database_s else 1)
    assert pauses == (list(PAUSES) if is_the_database_s else [])
    assert not Group.objects.exists()


def test_inside_a_callers_transaction_it_is_not_repeated(pauses):
    tries = []

    @whole_step
    def step():
        tries.append(1)
        Group.objects.create(name="never")
        raise OperationalError("lost")

    with transaction.atomic():
        Group.objects.create(name="the caller's")
        with pytest.raises(OperationalError):
            step()
    assert (len(tries), pauses) == (1, [])
    assert Group.objects.get().name == "the caller's"


def lock_timeout():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        return cursor.fetchone()[0]


@on_postgres
def test_every_transaction_has_its_guards_and_no_statement_outside_one():
    assert database.guards_in_force() == database.GUARDS
    assert lock_timeout() == "0"
    with transaction.atomic():
        assert lock_timeout() == "8s"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        threading.Event().wait(0.5)
        cursor.execute("SELECT 1")
    connection.close()
    assert database.guards_in_force() == database.GUARDS


@on_postgres
def test_a_migration_may_stand_still_between_two_statements_but_not_wait_for_a_lock():
    with connection.schema_editor() as editor, connection.cursor() as cursor:
        editor.execute('SELECT FROM "bulk_admin_worker" LIMIT 0')
        cursor.execute(f"SELECT current_setting('{database.IDLE_GUARD}')")
        assert (cursor.fetchone()[0], lock_timeout()) == ("0", "8s")
    assert database.guards_in_force() == database.GUARDS


@on_postgres
def test_another_site_s_own_transactions_have_no_guards(settings):
    settings.BULK = settings.BULK | {"GUARD_ALL_TRANSACTIONS": False}
    with transaction.atomic():
        Group.objects.create(name="the site's")
        assert lock_timeout() == "0"
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert not Worker.objects.exists()
            assert lock_timeout() == "8s"
            assert 1 / 0
        assert lock_timeout() == "0"  # undone with the savepoint, as are its locks
        assert not Worker.objects.exists()
        assert lock_timeout() == "8s"
    assert database.guards_in_force() == database.GUARDS


@on_postgres
def test_options_of_the_databases_address_stand():
    own = connection.settings_dict
    connection.close()
    options = {**own["OPTIONS"], "options": "-c lock_timeout=7000 -c statement_timeout=60000"}
    connection.settings_dict = {**own, "OPTIONS": options}
    try:
        assert database.guards_in_force() == {**database.GUARDS, "lock_timeout": 7000}
    finally:
        connection.close()
        connection.settings_dict = own


@on_sqlite
def test_sqlite_has_no_guards_to_miss():
    assert database.guards_in_force() == {}
