"""Where the staff admin leads: the header's main links, and the groups of everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

JOBS = ("bulk_admin.view_bulkgenerationjob", "bulk_admin.change_bulkgenerationjob")


@dataclass(frozen=True, slots=True)
class Destination:
    """A main link, for whoever has one of the permissions; for all staff where there is none."""

    label: str
    address: str  # its name
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    is_here: bool


MAIN = (
    Destination("Today", "admin:index"),
    Destination("Jobs", "admin:bulk_admin_bulkgenerationjob_changelist", JOBS),
    Destination("Pictures", "admin:bulk_admin_generatedimage_changelist", JOBS),
    Destination(
        "Pages",
        "admin:prompts_prompt_changelist",
        ("prompts.view_prompt", "prompts.change_prompt"),
    ),
    Destination("Health", "admin:bulk_admin_bulkgenerationjob_health", JOBS[:1]),
)
# What stands in no group stands in the last one.
GROUPS = {
    "Work": ("bulk_admin.BulkGenerationJob", "bulk_admin.GeneratedImage", "prompts.Prompt"),
    "Records": (
        "prompts.Category",
        "taggit.Tag",
        "bulk_admin.ProviderCall",
        "bulk_admin.Spend",
    ),
    "Setup": (
        "bulk_admin.ProviderAccount",
        "bulk_admin.ImageModel",
        "prompts.StyleNote",
        "auth.User",
        "auth.Group",
    ),
    "System": ("bulk_admin.Worker", "bulk_admin.UnstoredImage"),
}


def main_links(request: HttpRequest) -> list[Link]:
    """Those that the person may follow. The page one is on belongs to the longest address."""
    person = request.user
    urls = {
        each.label: reverse(each.address)
        for each in MAIN
        if not each.permissions or any(person.has_perm(name) for name in each.permissions)
    }
    front = urls[MAIN[0].label]
    around = [url for url in urls.values() if url != front and request.path.startswith(url)]
    here = max(around, key=len, default=front if request.path == front else "")
    return [Link(label, url, url == here) for label, url in urls.items()]


def grouped(apps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Django's list of apps and their models as groups of what the models are for."""
    models = {model["model"]._meta.label: model for app in apps for model in app["models"]}
    found = {
        title: [models.pop(label) for label in labels if label in models]
        for title, labels in GROUPS.items()
    }
    found[list(GROUPS)[-1]] += models.values()
    return [
        {
            "name": title,
            "app_label": title.lower(),
            "app_url": "",
            "has_module_perms": True,
            "models": members,
        }
        for title, members in found.items()
        if members
    ]
