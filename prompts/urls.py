from __future__ import annotations

from django.contrib.sitemaps.views import sitemap
from django.urls import path

from . import views
from .sitemaps import SITEMAPS

app_name = "prompts"
urlpatterns = [
    path("", views.index, name="index"),
    path("prompt/<slug:slug>/", views.detail, name="detail"),
    # Tags keep their own script: their slugs are not only ASCII.
    path("tag/<str:slug>/", views.tag_pages, name="tag"),
    path("category/<str:slug>/", views.category_pages, name="category"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
]
