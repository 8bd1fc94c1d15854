from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_delete


class PromptsConfig(AppConfig):
    name = "prompts"
    verbose_name = "Prompt pages"

    def ready(self) -> None:
        from .services.page_files import on_page_deleted

        post_delete.connect(on_page_deleted, sender="prompts.Prompt")
