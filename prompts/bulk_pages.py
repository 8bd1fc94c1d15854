"""How the bulk generator's pictures become pages of this site."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.urls import reverse

from bulk_admin.adapter import Content, Fact, PageAdapter, PageDraft, PageInfo, Review
from prompts.models import Category, Prompt, StyleNote
from prompts.services import publish_health, publishing
from prompts.services.desk import rewriting
from prompts.services.publish_queue import request_publishing, unpublish
from prompts.services.publishing import NewPage, PageFiles
from prompts.utils.seo import file_words


class PromptPages(PageAdapter):
    model = "prompts.Prompt"
    prompt_field = "prompt_text"

    def store(self, draft: PageDraft) -> PageFiles:
        number = draft.source_ref.rpartition("-")[2]
        files = publishing.prepare_files(draft.original, file_words(draft.content.title, number))
        publishing.store_files(files)
        return files

    def create(self, draft: PageDraft, stored: PageFiles) -> Prompt:
        chosen = draft.options
        return publishing.create_page(
            NewPage(
                source_ref=draft.source_ref,
                prompt_text=draft.prompt,
                content=draft.content,
                files=stored,
                verdict=draft.verdict,
                category_id=chosen.get("category"),
                extra_tags=[tag.strip() for tag in (chosen.get("tags") or "").split(",")],
                visibility=chosen.get("visibility") or Prompt.Visibility.PUBLIC,
                ai_generator=draft.generator,
                ai_model=draft.model,
                is_placeholder=draft.is_placeholder,
                created_by_id=draft.person_id,
                job_ref=draft.job_ref,
                job_label=draft.job_name,
            )
        )

    def rewritten(self, page_id: str, content: Content, by: Any) -> None:
        rewriting.rewritten(int(page_id), content, by=by)

    def options(self) -> dict[str, forms.Field]:
        return {
            "category": forms.ModelChoiceField(
                Category.objects.all(), required=False, empty_label="No category"
            ),
            "visibility": forms.ChoiceField(
                choices=Prompt.Visibility.choices,
                initial=Prompt.Visibility.PUBLIC,
                help_text="Once they are published.",
            ),
            "tags": forms.CharField(
                label="Tags for every page",
                required=False,
                max_length=300,
                help_text="Separate with commas. Each page also gets tags of its own.",
            ),
        }

    def style_note(self) -> str:
        return StyleNote.objects.values_list("text", flat=True).first() or ""

    def health(self) -> list[Fact]:
        return publish_health.facts()

    def describe(self, ids: Iterable[Any]) -> dict[str, PageInfo]:
        pages = Prompt.objects.filter(pk__in=list(ids)).values_list("pk", "title", "status")
        return {
            str(pk): PageInfo(title, status, self.url(pk), status == Prompt.Status.PUBLISHED)
            for pk, title, status in pages
        }

    def review(self, job_ref: str, by: Any) -> Review | None:
        if not (by.has_perm("prompts.view_prompt") or by.has_perm("prompts.change_prompt")):
            return None
        unread = Prompt.objects.filter(
            job_ref=job_ref, status=Prompt.Status.DRAFT, reviewed_at=None, publish_at=None
        )
        return Review(f"{reverse('admin:prompts_desk')}?job={job_ref}", unread.count())

    def publish(self, ids: Iterable[str], by: Any, per_day: int | None = None) -> dict[str, str]:
        return self._asked(ids, by, partial(request_publishing, per_day=per_day))

    def unpublish(self, ids: Iterable[str], by: Any) -> dict[str, str]:
        return self._asked(ids, by, lambda pages, pk: dict.fromkeys(unpublish(pages, pk), ""))

    @staticmethod
    def _asked(
        ids: Iterable[str], by: Any, change: Callable[[Iterable[Prompt], int], dict[int, str]]
    ) -> dict[str, str]:
        wanted = list(ids)
        if not by.has_perms(["prompts.change_prompt", "prompts.publish"]):
            return dict.fromkeys(wanted, f"{by} may not publish pages.")
        done = change(Prompt.objects.filter(pk__in=wanted), by.pk)
        return {str(pk): reason for pk, reason in done.items()}
