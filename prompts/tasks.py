"""What Django-Q calls: one line each. The names are stored in the queue and never change."""

from __future__ import annotations

from prompts.services import publish_worker


def publish_due() -> None:
    """Every minute, and when rung for: pages to publish, pictures to take off the public web."""
    publish_worker.run()
