"""What the worker's command says when it cannot start."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder

from bulk_admin.management import safe_cluster

pytestmark = pytest.mark.django_db


def lacks_a_column():
    raise OperationalError("no such column: bulk_admin_provideraccount.is_platform")


def test_a_database_without_our_newest_tables_is_told_with_what_to_run(monkeypatch):
    monkeypatch.setattr(safe_cluster, "run", lacks_a_column)
    newest = MigrationRecorder.Migration.objects.filter(app="bulk_admin").latest("name")
    newest.delete()
    with pytest.raises(CommandError, match=f"manage.py migrate first.*{newest.name}"):
        call_command("bulk_worker", skip_checks=True)


def test_any_other_fault_of_the_database_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr(safe_cluster, "run", lacks_a_column)
    with pytest.raises(OperationalError):
        call_command("bulk_worker", skip_checks=True)
