"""The desk's addresses, below that of the list of pages."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from . import deciding, publishing, reading, saving


def desk_urls(site: AdminSite) -> list[URLPattern]:
    views = {
        "": ("desk", reading.desk),
        "draft/<int:page_id>/": ("desk_draft", reading.draft),
        "news/": ("desk_news", reading.news),
        "save/": ("desk_save", saving.save),
        "approve/": ("desk_approve", deciding.approve),
        "drop/": ("desk_drop", deciding.drop),
        "restore/": ("desk_restore", deciding.restore),
        "undo/": ("desk_undo", deciding.undo),
        "rewrite/": ("desk_rewrite", deciding.rewrite_texts),
        "publish/": ("desk_publish", publishing.publish),
        "spread/": ("desk_spread", publishing.spread),
        "stop/": ("desk_stop", publishing.stop),
        "unpublish/": ("desk_unpublish", publishing.unpublish),
    }
    return [
        path(f"desk/{route}", site.admin_view(view), name=f"prompts_{name}")
        for route, (name, view) in views.items()
    ]
