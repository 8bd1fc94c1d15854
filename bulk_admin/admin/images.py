"""Pictures: the list over all jobs."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern

from bulk_admin.models import GeneratedImage
from .options import ModelAdmin


@admin.register(GeneratedImage)
class GeneratedImageAdmin(ModelAdmin[GeneratedImage]):
    def get_urls(self) -> list[URLPattern]:
        if not find_spec("bulk_admin.admin.views"):
            return super().get_urls()
        from .views import image_urls

        return [*image_urls(self), *super().get_urls()]
