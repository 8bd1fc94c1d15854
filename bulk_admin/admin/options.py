"""What every ModelAdmin here builds on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.safestring import mark_safe

from bulk_admin.sound_lists import SoundLists

from .door import through_the_door

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
else:

    class ModelAdmin(SoundLists, admin.ModelAdmin):
        """Django's, which type checkers know as a generic class and Python does not."""

        def __class_getitem__(cls, model: type[Model]) -> type:
            return cls

        @property
        def urls(self) -> list[URLPattern]:
            return [through_the_door(pattern) for pattern in self.get_urls()]

    class StackedInline(admin.StackedInline):
        def __class_getitem__(cls, models: Any) -> type:
            return cls

    class TabularInline(admin.TabularInline):
        def __class_getitem__(cls, models: Any) -> type:
            return cls


# A cell that has nothing to say; where a row is a card, it is left out.
NOTHING = mark_safe('<span class="nothing">–</span>')  # as it stands here


def route(
    model_admin: ModelAdmin[Any],
    address: str,
    view: Callable[..., HttpResponseBase],
    name: str,
    *,
    cacheable: bool = False,
) -> URLPattern:
    """The address of a plain view function beside the ModelAdmin's own.

    ``admin_view`` only checks that the user is staff: the view itself asks for permissions. What is
    ``cacheable`` says itself for how long: of all others a browser keeps nothing.
    """
    return path(
        address,
        model_admin.admin_site.admin_view(view, cacheable=cacheable),
        name=f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}",
    )


class ReadOnly:
    """Rows that only the machinery writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


__all__ = ["NOTHING", "ModelAdmin", "ReadOnly", "StackedInline", "TabularInline", "route"]
