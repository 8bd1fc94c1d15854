"""The admin: one module per ModelAdmin; importing them registers them."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import AdminSite

from bulk_admin.installation import missing_apps

if not missing_apps():  # a check tells of them
    from . import accounts, catalogue, images, jobs, ledger  # noqa: F401  # registers


def register_on(site: AdminSite) -> None:
    """Put the generator's pages on an admin site of the project's own."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label == "bulk_admin" and not site.is_registered(model):
            site.register(model, type(model_admin))
