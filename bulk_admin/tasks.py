"""What Django-Q calls: a line or two each."""

from __future__ import annotations

from bulk_admin import background
from bulk_admin.services.jobs import trash
from bulk_admin.services.storage import deleting
from bulk_admin.services.worker import pump as pump_service
from bulk_admin.services.worker import rescue


def pump() -> None:
    pump_service.run()


def tick() -> None:
    """Every minute: rescue what dead workers held, ring if work is due, and empty the trash."""
    rescue.tick()
    trash.empty()
    background.forget_results()


def delete_files(picture_keys: list[str], tries: int = 0) -> None:
    deleting.delete_files(picture_keys, tries)
