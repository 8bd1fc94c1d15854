from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import pre_delete


class PagesConfig(AppConfig):
    name = "bulk_admin.testing.pages"
    label = "small_pages"
    verbose_name = "Small pages"

    def ready(self) -> None:
        """Deleting one frees its picture also where the tests' site names another adapter."""
        from bulk_admin.services.queue.page_queue import on_page_deleted

        pre_delete.connect(on_page_deleted, sender="small_pages.Page")
