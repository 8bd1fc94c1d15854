"""The public pages."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from prompts import selectors
from prompts.models import Category, Prompt
from prompts.services import b2_upload
from prompts.services.publishing import why_not_publish
from prompts.utils import seo

PER_PAGE = 24
ROBOTS = "User-agent: *\nDisallow: /admin/\nDisallow: /*?q=\n\nSitemap: {sitemap}\n"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All published pages; ``?tag=`` and ``?category=`` take a slug, as the pages of their own
    do.
    """
    if slug := request.GET.get("tag"):
        return tag_pages(request, slug)
    if slug := request.GET.get("category"):
        return category_pages(request, slug)
    return _listing(
        request,
        heading="Prompts and the pictures they make",
        url=reverse("prompts:index"),
        is_home=True,
    )


@require_safe
def tag_pages(request: HttpRequest, slug: str) -> HttpResponse:
    tag = get_object_or_404(selectors.public_tags(), slug=selectors.search_text(slug))
    return _listing(
        request,
        heading=f"Prompts tagged “{tag.name}”",
        url=reverse("prompts:tag", args=[tag.slug]),
        tag=tag,
    )


@require_safe
def category_pages(request: HttpRequest, slug: str) -> HttpResponse:
    category = get_object_or_404(selectors.public_categories(), slug=selectors.search_text(slug))
    return _listing(
        request,
        heading=f"{category.name} prompts",
        url=reverse("prompts:category", args=[category.slug]),
        category=category,
    )


def _listing(
    request: HttpRequest,
    *,
    heading: str,
    url: str,
    tag: Any = None,
    category: Category | None = None,
    is_home: bool = False,
) -> HttpResponse:
    text = selectors.search_text(request.GET.get("q", ""))
    found = Paginator(selectors.published_pages(text, tag, category), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "title": f"{text} - search" if text else heading + _page_of_title(found),
        "heading": heading,
        "found": found,
        "numbers": found.paginator.get_elided_page_range(found.number, on_each_side=1, on_ends=1),
        "text": text,
        "tag": tag,
        "category": category,
        "categories": selectors.public_categories(),
        "is_home": is_home,
        "list_url": url,
        "canonical": request.build_absolute_uri(url) + _page_query(found),
    }
    return render(request, "prompts/list.html", context)


def _page_of_title(found: Page[Prompt]) -> str:
    return f" - page {found.number}" if found.number > 1 else ""


def _page_query(found: Page[Prompt]) -> str:
    return f"?page={found.number}" if found.number > 1 else ""


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A published page for everybody; a draft or private one for staff alone, who may see it in
    admin too. One in the trash that was ever published is gone for good, as search engines
    understand it.
    """
    page = get_object_or_404(Prompt.everything.select_related("category"), slug=slug)
    if page.deleted_at is not None:
        if page.published is None:
            raise Http404
        return render(request, "prompts/gone.html", status=410)
    is_public = page.is_public
    if not is_public and not _may_preview(request):
        raise Http404
    tags = list(page.tags.all())
    context = {
        "page": page,
        "tags": tags,
        "related": selectors.related_pages(page, tags),
        "is_public": is_public,
        "may_edit": _may_preview(request),
        "against_publishing": "" if is_public else why_not_publish(page),
        **_for_machines(request, page, [tag.name for tag in tags]),
    }
    response = render(request, "prompts/detail.html", context)
    if not is_public:
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
    return response


def _may_preview(request: HttpRequest) -> bool:
    return (
        request.user.is_active
        and request.user.is_staff
        and request.user.has_perm("prompts.view_prompt")
    )


def _for_machines(request: HttpRequest, page: Prompt, tags: list[str]) -> dict[str, Any]:
    """Titles, addresses and facts for search engines and link previews."""
    url = request.build_absolute_uri(page.get_absolute_url())
    # A private picture is nothing for them.
    image_url = _absolute(request, page.image) if page.is_public else ""
    smallest = (
        min(page.variants, key=lambda variant: int(variant["width"]), default=None)
        if page.is_public
        else None
    )
    facts = seo.image_json_ld(
        name=page.title,
        description=page.description,
        caption=page.alt_text,
        page_url=url,
        image_url=image_url,
        width=page.width,
        height=page.height,
        thumbnail_url=_absolute(request, smallest["key"]) if smallest else "",
        keywords=tags,
        published=page.published,
        credit=page.ai_generator,
    )
    meta = {
        "meta_title": seo.meta_title(page.title, page.ai_generator),
        "meta_description": seo.meta_description(page.description),
    }
    return {"canonical": url, "image_url": image_url, "facts": facts, **meta}


def _absolute(request: HttpRequest, key: str) -> str:
    return request.build_absolute_uri(b2_upload.public_url(key)) if key else ""


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        ROBOTS.format(sitemap=request.build_absolute_uri(reverse("prompts:sitemap"))),
        content_type="text/plain; charset=utf-8",
    )
