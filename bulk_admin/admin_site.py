"""The admin site."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class PromptFinderAdminSite(AdminSite):
    site_header = "PromptFinder administration"
    site_title = "PromptFinder"
