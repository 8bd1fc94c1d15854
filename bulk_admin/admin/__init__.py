"""The admin: one module per ModelAdmin; importing them registers them."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured

from bulk_admin.installation import missing_apps

if not apps.is_installed("bulk_admin"):  # the site's own admin imports register_on
    raise ImproperlyConfigured('Add "bulk_admin" to INSTALLED_APPS.')
if not missing_apps():  # a check tells of them
    from . import accounts, catalogue, images, jobs, ledger  # noqa: F401  # registers


def register_on(site: AdminSite) -> None:
    """Put the generator's pages on an admin site of the project's own."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label == "bulk_admin" and not site.is_registered(model):
            site.register(model, type(model_admin))
