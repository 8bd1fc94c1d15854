"""How the small pages are made."""

from __future__ import annotations

from typing import Any

from django import forms

from bulk_admin.adapter import Content, Fact, PageAdapter, PageDraft, private

from .models import Page


class SmallPages(PageAdapter):
    model = "small_pages.Page"
    prompt_field = "prompt"

    def store(self, draft: PageDraft) -> str:
        picture = draft.picture
        key = f"pages/{draft.source_ref}.{picture.extension}"
        private.put(key, picture.content, picture.content_type)
        return key

    def create(self, draft: PageDraft, stored: str) -> Page:
        page, _ = Page.objects.get_or_create(
            source_ref=draft.source_ref,
            defaults={
                "prompt": draft.prompt,
                "title": draft.content.title[:200],
                "written_by": draft.content.source,
                "moderation": draft.verdict.status,
                "is_placeholder": draft.is_placeholder,
                "shelf": draft.options["shelf"],
                "picture": stored,
            },
        )
        return page

    def rewritten(self, page_id: str, content: Content, by: Any) -> None:
        Page.objects.filter(pk=page_id).update(title=content.title[:200], written_by=content.source)

    def options(self) -> dict[str, forms.Field]:
        shelves = [("new", "New"), ("best", "Best")]
        return {"shelf": forms.ChoiceField(choices=shelves, initial="new")}

    def health(self) -> list[Fact]:
        return [Fact("Pages", str(Page.objects.count()))]

    def url(self, page_id: Any) -> str:
        return f"/pages/{page_id}/"
