"""A new text for a page that is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied

from bulk_admin.conf import conf
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import CallKind, GeneratedImage, ImageStatus, PageStatus
from bulk_admin.money import usd_total
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.page_adapter import style_note, takes_new_texts
from bulk_admin.services.pages.texts import platform_text_account
from bulk_admin.services.pricing.catalogue import ModelNotAvailable, model_for
from bulk_admin.services.pricing.estimate import UnknownPrice, text_reserve
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.queue.job_row import count_pages, lock_job, save


class RewriteRefused(ValueError):
    """No new text is bought; the message says why."""


def price_of_rewriting(page_ids: Iterable[Any]) -> str:
    """What new texts for these pages cost at most, as people read it; "" where none can be bought.

    Pages whose picture is gone are left out.
    """
    try:
        account = platform_text_account() if takes_new_texts() else None
        if account is None:
            return ""
        on = database_now().date()
        model = model_for(account, conf.OPENAI_TEXT_MODEL, on, kind=CallKind.TEXT)
        made = GeneratedImage.objects.filter(page_id__in=[str(page_id) for page_id in page_ids])
        note = style_note()
        prompts = made.order_by().values_list("prompt_text", flat=True)
        total = sum(text_reserve(model, prompt, note, on) for prompt in prompts)
    except (KeyUnreadable, ModelNotAvailable, UnknownPrice):
        return ""
    return usd_total(total) if total else ""


@whole_step
def rewrite(page_id: Any, *, by: Any) -> None:
    """Have a new text bought for a page, at the cost and under the cap of ``by``, and given to the
    adapter's ``rewritten``; the page keeps its old text until then, or if it fails.

    Pressed again while it is on its way, nothing changes. Raises RewriteRefused, PermissionDenied.
    """
    if not by.has_perm("bulk_admin.create_pages"):
        raise PermissionDenied
    found = GeneratedImage.objects.filter(page_id=str(page_id)).only("job_id").first()
    if found is None:
        raise RewriteRefused("The picture that this page was made of is gone.")
    if not takes_new_texts() or platform_text_account() is None:
        raise RewriteRefused("There is no account that could write a text.")
    job = lock_job(found.job_id)
    image = job.images.get(pk=found.pk)
    if image.page_status == PageStatus.REWRITING:
        return
    if image.status != ImageStatus.COMPLETED or image.page_status != PageStatus.CREATED:
        raise RewriteRefused("The picture that this page was made of is gone.")
    job.revision += 1
    asked = job.images.filter(pk=image.pk, page_id=str(page_id)).move(
        PageStatus.REWRITING,
        field="page_status",
        revision=job.revision,
        page_requested_by=by,
        page_attempt=0,
        page_not_before=None,
        page_owner=None,
        page_error_code="",
        page_error="",
    )
    count_pages(job, PageStatus.CREATED, PageStatus.REWRITING, asked)
    save(job, database_now())
    history.record(job, by, "Ordered a new text for a page.")
    ring()
