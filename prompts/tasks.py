"""What Django-Q calls: one line each. The names are stored in the queue and never change."""

from __future__ import annotations

from prompts.services import publish_worker, trash


def publish_due() -> None:
    """Every minute, and when rung for: pages to publish, pictures to take off the public web."""
    publish_worker.run()


def purge_trash() -> None:
    """Every hour: pages that have been in the trash for long enough are deleted for good."""
    trash.purge()
