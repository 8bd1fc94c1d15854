from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_delete


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompt pages"

    def ready(self) -> None:
        from .services.desk import undoing  # noqa: F401  # registers the undo of its actions
        from .services.doorbell import ensure_schedule
        from .services.publish_queue import on_page_deleted

        post_migrate.connect(ensure_schedule, sender=self)
        pre_delete.connect(on_page_deleted, sender="prompts.Prompt")
