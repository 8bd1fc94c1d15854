from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class AdminConfig(django_admin.AdminConfig):
    default = False
    default_site = "prompts_manager.admin_site.PromptFinderAdminSite"


class PromptFinderConfig(AppConfig):
    """The site: what belongs neither to its pages nor to the generator."""

    name = "prompts_manager"
    verbose_name = "PromptFinder"
    default = True

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers the system checks
