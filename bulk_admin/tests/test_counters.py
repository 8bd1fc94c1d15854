"""Whatever happens in whatever order, every counter equals a recount."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from bulk_admin.models import Billed, BulkGenerationJob, CallState, GeneratedImage, ImageStatus, ProviderAccount, ProviderCall
from bulk_admin.services import jobs, ledger, pages
from bulk_admin.services.generation import handed_back
from bulk_admin.services.outcome import Outcome, StoredPicture
from bulk_admin.services.settling import settle

from .auditor import audit
from .factories import make_account, make_job, make_model, make_user, make_worker

ACTS = (
    *("open", "open", "open", "deliver", "deliver", "refuse", "retry_later", "unknown", "hand_back", "account_fault", "bad_request", "undecodable"),
    *("pause", "resume", "cancel", "retry", "reroll", "buy_again", "lose", "keep", "drop", "delete", "pages", "stop_pages"),
)


class Story:
    """One job, and every call that was ever opened for it: answers come in any order, late and twice."""

    def __init__(self) -> None:
        self.job = make_job(4, account=make_account(), model_name=make_model(provider="placeholder", name="story").name, created_by=make_user())
        self.pool = self.job.account.pools.get(kind="image").pk
        self.worker = make_worker().pk

    def act(self, name: str, pick: int) -> None:
        if name == "open":
            ProviderAccount.objects.update(stop_code="")
            ledger.open_call(self.pool, self.worker)
            return
        if name in OUTCOMES:
            calls = list(ProviderCall.objects.order_by("sent_at", "pk"))
            if calls:
                call = calls[pick % len(calls)]
                settle(call.pk, OUTCOMES[name](call))
            return
        images = list(GeneratedImage.objects.filter(job=self.job).order_by("pk"))
        STAFF[name](self.job, images[pick % len(images)]) if images else None


def _delivered(call: ProviderCall, **changes: Any) -> Outcome:
    picture = StoredPicture(key=call.picture_key, sha256="0" * 64, length=10, **changes)
    return Outcome(state=CallState.DELIVERED, billed=Billed.YES, picture=picture)


def _refused(code: str, **changes: Any) -> Outcome:
    return Outcome(state=CallState.REFUSED, billed=Billed.NO, error_code=code, **changes)


OUTCOMES = {
    "deliver": _delivered,
    "undecodable": lambda call: _delivered(call, is_readable=False),
    "refuse": lambda call: _refused("blocked"),
    "retry_later": lambda call: _refused("overloaded", retry_in=0.0),
    "unknown": lambda call: Outcome(state=CallState.UNKNOWN, billed=Billed.UNKNOWN, error_code="unknown"),
    "hand_back": lambda call: handed_back("too old"),
    "account_fault": lambda call: _refused("no_credit", stops="account", counts_as_try=False),
    "bad_request": lambda call: _refused("bad_request", stops="job", counts_as_try=False),
}


def _reroll(job: BulkGenerationJob, image: GeneratedImage) -> None:
    newest = GeneratedImage.objects.filter(job=job, position=image.position).order_by("-variant").values_list("variant", flat=True)[0]
    jobs.reroll(job.pk, image.pk, seen_variant=newest)


STAFF = {
    "pause": lambda job, image: jobs.pause(job.pk),
    "resume": lambda job, image: jobs.resume(job.pk),
    "cancel": lambda job, image: jobs.cancel(job.pk),
    "retry": lambda job, image: jobs.retry_failed(job.pk, [image.pk]),
    "reroll": _reroll,
    "buy_again": lambda job, image: jobs.buy_again(job.pk, image.pk, seen_attempt=image.attempt),
    "lose": lambda job, image: jobs.accept_as_lost(job.pk, image.pk, seen_attempt=image.attempt),
    "keep": lambda job, image: jobs.set_selected(job.pk, [image.pk], True),
    "drop": lambda job, image: jobs.set_selected(job.pk, [image.pk], False),
    "delete": lambda job, image: jobs.delete_images(job.pk, [image.pk]),
    "pages": lambda job, image: pages.create_pages(job.pk),
    "stop_pages": lambda job, image: pages.stop_pages(job.pk),
}


class TestCounters(TestCase):
    @settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 30)), min_size=5, max_size=40))
    def test_counters_equal_a_recount_after_any_story(self, acts: list[tuple[str, int]]) -> None:
        story = Story()
        for name, pick in acts:
            story.act(name, pick)
        deleted_costs = ProviderCall.objects.filter(image=None).exists()
        findings = [finding for finding in audit() if not deleted_costs or "cost" not in finding]
        assert findings == [], (findings, acts)
        revisions = GeneratedImage.objects.filter(job=story.job).values_list("revision", flat=True)
        story.job.refresh_from_db()
        assert all(revision <= story.job.revision for revision in revisions)
        if not GeneratedImage.objects.filter(job=story.job, status__in=(ImageStatus.QUEUED, ImageStatus.GENERATING)).exists() and story.job.total:
            assert story.job.status in ("completed", "failed", "cancelled")
