"""Addresses of admin pages, on whichever admin site of the project ours stand."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, get_resolver, get_urlconf, reverse

from bulk_admin.conf import conf

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

JOBS = "bulk_admin_bulkgenerationjob_changelist"
ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]+)?/?")


class NotMounted(NoReverseMatch):
    """No admin site that our pages are registered on has an address."""


def admin_url(name: str, *args: Any) -> str:
    """The address of an admin page by its name, as ``bulk_admin_imagemodel_changelist``.

    Raises NoReverseMatch.
    """
    return reverse(f"{admin_site().name}:{name}", args=args)


def absolute(path: str) -> str:
    """The whole address of a path where no request names the host: the path itself if the site does
    not say where it is.
    """
    return f"{conf.SITE_URL.rstrip('/')}{path}"


def is_origin(address: str) -> bool:
    """Whether it is a scheme and a host, and nothing that a path could not follow."""
    return ORIGIN.fullmatch(address) is not None


def admin_site() -> AdminSite:
    """The admin site that our pages stand on. Raises NotMounted."""
    return _mounted(get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=8)
def _mounted(urlconf: str) -> AdminSite:
    from django.contrib.admin.sites import all_sites  # the admin imports settings and models

    jobs = apps.get_model("bulk_admin", "BulkGenerationJob")
    for site in sorted(all_sites, key=lambda site: site.name):
        if site.is_registered(jobs) and _has_address(site.name, urlconf):
            return site
    raise NotMounted("No admin site with the generator's pages is in ROOT_URLCONF.")


def _has_address(site_name: str, urlconf: str) -> bool:
    # reverse() also takes "admin" for any site that is there: each has it as its app's name.
    if site_name not in get_resolver(urlconf).namespace_dict:
        return False
    try:
        return bool(reverse(f"{site_name}:{JOBS}", urlconf=urlconf))
    except NoReverseMatch:
        return False
