"""A page's files go when the page goes."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction

from bulk_admin.storages import StorageUnavailable
from prompts.models import Prompt
from prompts.services.publishing import delete_page_files

logger = logging.getLogger(__name__)


def on_page_deleted(sender: type[Prompt], instance: Prompt, **kwargs: Any) -> None:
    """Receiver of post_delete. After the commit: a deletion that is rolled back keeps its files."""
    transaction.on_commit(partial(_delete, instance))


def _delete(page: Prompt) -> None:
    try:
        delete_page_files(page)
    except StorageUnavailable:
        logger.exception(
            "the files of the deleted page %s are still in the storage: %s", page.slug, page.image
        )
