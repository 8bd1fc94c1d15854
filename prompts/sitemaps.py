"""What search engines may find."""

from __future__ import annotations

import datetime as dt

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse
from taggit.models import Tag

from prompts import selectors
from prompts.models import Category, Prompt


class HomeSitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameter when it runs
    changefreq = "daily"
    priority = 1.0

    def items(self) -> list[str]:
        return ["prompts:index"]

    def location(self, item: str) -> str:
        return reverse(item)


class PageSitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameter when it runs
    changefreq = "monthly"
    priority = 0.8

    def items(self) -> QuerySet[Prompt]:
        return selectors.published_pages().only("slug", "updated", "published")

    def lastmod(self, item: Prompt) -> dt.datetime:
        return item.updated


class CategorySitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameter when it runs
    changefreq = "weekly"

    def items(self) -> QuerySet[Category]:
        return selectors.public_categories()

    def location(self, item: Category) -> str:
        return reverse("prompts:category", args=[item.slug])


class TagSitemap(Sitemap):  # type: ignore[type-arg]  # takes no parameter when it runs
    changefreq = "weekly"
    priority = 0.3

    def items(self) -> QuerySet[Tag]:
        return selectors.public_tags()

    def location(self, item: Tag) -> str:
        return reverse("prompts:tag", args=[item.slug])


SITEMAPS = {
    "home": HomeSitemap,
    "pages": PageSitemap,
    "categories": CategorySitemap,
    "tags": TagSitemap,
}
