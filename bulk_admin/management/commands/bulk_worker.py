"""The worker. What is wrong with the project is told before anything is imported that needs it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start the workers that make pictures and pages; refused while system checks fail."

    def handle(self, *args: Any, **options: Any) -> None:
        from bulk_admin.management import safe_cluster

        safe_cluster.run()
