"""The files of deleted pictures, for which no row is left that would ask again."""

from __future__ import annotations

import logging

from bulk_admin.services.queue.doorbell import ring_to_delete_later
from bulk_admin.services.storage import storing
from bulk_admin.storages import StorageUnavailable

logger = logging.getLogger(__name__)
MOST_TRIES = 10  # the last one a little over three days after the first


def delete_files(picture_keys: list[str], tries: int) -> None:
    """Delete them, and what the storage would not delete some time later.

    Raises StorageUnavailable when that was tried often enough.
    """
    for done, key in enumerate(picture_keys):
        try:
            storing.delete([key])
        except StorageUnavailable:
            if tries + 1 >= MOST_TRIES:
                raise
            # The one that failed goes last: it must not stand in the way of the others for ever.
            left = [*picture_keys[done + 1 :], key]
            ring_to_delete_later(left, tries + 1)
            logger.warning(
                "files could not be deleted: they are tried again",
                extra={"files": len(left), "tries": tries + 1},
                exc_info=True,
            )
            return
