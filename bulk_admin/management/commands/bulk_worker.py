"""The worker. What is wrong with the project is told before anything is imported that needs it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    help = "Start the workers that make pictures and pages; refused while system checks fail."

    def handle(self, *args: Any, **options: Any) -> None:
        from bulk_admin.management import safe_cluster

        try:
            safe_cluster.run()
        except DatabaseError as error:
            if names := _not_applied():
                raise CommandError(
                    f"Run manage.py migrate first, for {', '.join(names)}."
                ) from error
            raise


def _not_applied() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]
