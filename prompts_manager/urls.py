"""Every address of the site."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_control
from django.views.static import serve

from bulk_admin.storages import PUBLIC_CACHE_SECONDS
from prompts_manager.healthz import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/login/", include("prompts_manager.logins.urls")),
    path("admin/", admin.site.urls),
    path("", include("prompts.urls")),
]
if not settings.B2_BUCKET and not settings.PUBLIC_MEDIA_URL:
    # Local files: fine on a laptop and on a single host; docs/deploying.md says when it is not.
    cached = cache_control(public=True, max_age=PUBLIC_CACHE_SECONDS)(serve)
    urlpatterns.append(
        re_path(r"^media/(?P<path>.*)$", cached, {"document_root": settings.MEDIA_ROOT})
    )
