"""What Django-Q calls: a line or two each."""

from __future__ import annotations

from bulk_admin import background
from bulk_admin.services.jobs import notices, trash
from bulk_admin.services.storage import deleting
from bulk_admin.services.worker import pump as pump_service
from bulk_admin.services.worker import rescue


def pump() -> None:
    pump_service.run()


def tick() -> None:
    """Every minute: rescue what dead workers held, ring if work is due, empty the trash, and send
    mails; these last, for a mail server may keep them waiting.
    """
    rescue.tick()
    trash.empty()
    background.forget_results()
    notices.send_due()


def delete_files(picture_keys: list[str], tries: int = 0) -> None:
    deleting.delete_files(picture_keys, tries)
