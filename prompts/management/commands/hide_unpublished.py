"""Take the pictures of pages that are not public off the public web, now."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from prompts.services import publish_worker

LEFT = 3


class Command(BaseCommand):
    help = (
        "Move the pictures of drafts and private pages from public to private storage, and delete"
        " those of deleted pages. It may be stopped and run again: it goes on where it was. A"
        " worker does the same on its own, one page after another."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        publish_worker.try_again_now()
        before = publish_worker.exposed()
        while publish_worker.hide_next() or publish_worker.delete_next():
            if options["verbosity"] > 1:
                self.stdout.write(f"{publish_worker.exposed()} left")
        left = publish_worker.exposed()
        self.stdout.write(f"{before} to hide, {before - left} hidden, {left} left.")
        if left:
            self.stderr.write(
                "What is left could not be moved now: the log says why. Workers try it again, or"
                " run this once more."
            )
            sys.exit(LEFT)
