"""What staff press: once is enough, twice changes nothing, and nothing is bought that nobody asked
for.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.models import BulkGenerationJob, CallState, GeneratedImage, ImageModel, ProviderCall
from bulk_admin.services.drafting import drafts
from bulk_admin.services.jobs import decisions, lifecycle, pictures, trash
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_model,
    make_page,
    make_user,
)
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    job = make_job(3, status="draft", images_per_prompt=2)
    GeneratedImage.objects.filter(job=job, position=2).update(included=False)
    GeneratedImage.objects.filter(job=job, position=3).update(count=4)
    return job


def test_generate_drops_unticked_rows_makes_variants_and_rings_once(draft):
    assert lifecycle.generate(draft.pk, by=make_user())
    draft.refresh_from_db()
    assert sorted(draft.images.values_list("position", "variant")) == [
        (1, 1),
        (1, 2),
        (3, 1),
        (3, 2),
        (3, 3),
        (3, 4),
    ]
    assert set(draft.images.values_list("status", flat=True)) == {"queued"}
    assert (draft.status, draft.total_prompts, draft.total, draft.queued, draft.skipped) == (
        "pending",
        2,
        6,
        6,
        1,
    )
    assert OrmQ.objects.count() == 1
    assert audit() == []


def test_generate_pressed_twice_is_one_job(draft):
    assert lifecycle.generate(draft.pk, by=make_user())
    assert not lifecycle.generate(draft.pk, by=make_user())
    assert draft.images.count() == 6
    assert OrmQ.objects.count() == 1


def test_generate_starts_only_what_its_button_was_shown_for(draft):
    shown = draft.revision
    assert drafts.set_included(draft.pk, [draft.images.get(position=2).pk], True) == 1
    with pytest.raises(lifecycle.SheetChanged, match="Look at the new price"):
        lifecycle.generate(draft.pk, by=make_user(), seen_revision=shown)
    draft.refresh_from_db()
    assert (draft.status, draft.images.count(), OrmQ.objects.count()) == ("draft", 3, 0)
    assert (
        drafts.set_included(draft.pk, [draft.images.get(position=2).pk], True) == 0
    )  # as it was: the price is the same
    assert lifecycle.generate(draft.pk, by=make_user(), seen_revision=draft.revision)


def test_generate_with_nothing_ticked_changes_nothing(draft):
    draft.images.update(included=False)
    with pytest.raises(lifecycle.CannotStart, match="tick at least one"):
        lifecycle.generate(draft.pk, by=make_user())
    draft.refresh_from_db()
    assert (draft.status, draft.images.count(), OrmQ.objects.count()) == ("draft", 3, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda job: type(job.account).objects.update(is_enabled=False), "account_off"),
        (
            lambda job: (
                type(job.account).objects.filter(pk=job.account_id).update(provider="openai")
            ),
            "bad_key",
        ),
        (
            lambda job: ImageModel.objects.update(
                retired_on=timezone.now().date() - dt.timedelta(days=1)
            ),
            "model_retired",
        ),
        (lambda job: ImageModel.objects.update(is_enabled=False), "model_retired"),
        (lambda job: BulkGenerationJob.objects.update(size="17x3"), "bad_request"),
        (lambda job: BulkGenerationJob.objects.update(quality="splendid"), "bad_request"),
        (lambda job: ImageModel.objects.update(prompt_limit=5), "too_long"),
    ],
)
def test_generate_is_refused_with_what_to_do(change, code):
    job = make_job(2, status="draft", model_name=make_model(name="priced").name, quality="medium")
    change(job)
    with pytest.raises(lifecycle.CannotStart) as refused:
        lifecycle.generate(job.pk, by=make_user())
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
    job.refresh_from_db()
    assert (job.status, OrmQ.objects.count()) == ("draft", 0)


def test_resume_goes_on_and_rings():
    job = make_job(2, status="paused", status_reason="job_cap")
    assert lifecycle.resume(job.pk, by=None)
    assert not lifecycle.resume(job.pk, by=None)
    job.refresh_from_db()
    assert (job.status, job.status_reason, OrmQ.objects.count()) == ("processing", "", 1)


def test_resume_after_an_account_fault_tries_the_account_again():
    job = make_job(
        2,
        status="paused",
        status_reason="bad_key",
        account=make_account(stop_code="bad_key", stop_message="no"),
    )
    lifecycle.resume(job.pk, by=None)
    job.account.refresh_from_db()
    assert job.account.stop_code == ""


def test_retry_takes_only_what_a_retry_can_help():
    job = make_job(0, status="failed")
    codes = {
        "overloaded": True,
        "not_sent": True,
        "blocked": False,
        "rejected": False,
        "undecodable": False,
        "lost": False,
    }
    images = {code: make_image(job, "failed", error_code=code) for code in codes}
    assert pictures.retry_failed(job.pk, by=None) == 2
    for code, helps in codes.items():
        images[code].refresh_from_db()
        assert (images[code].status == "queued") == helps, code
    assert pictures.retry_failed(job.pk, by=None) == 0
    assert audit() == []


def test_a_cancelled_picture_is_bought_when_its_own_button_is_pressed():
    job = make_job(3, status="cancelled", status_reason="cancelled")
    one = job.images.first()
    assert pictures.retry_failed(job.pk, by=None) == 0
    assert pictures.retry_failed(job.pk, [one.pk], by=None) == 1
    job.refresh_from_db()
    assert (job.status, job.queued, job.cancelled_count, job.finished) == ("processing", 1, 2, None)
    assert audit() == []


def test_a_reroll_stands_at_the_end_of_its_group_and_a_stale_button_buys_nothing():
    job = make_job(2, status="completed", images_per_prompt=2)
    old = job.images.get(position=1, variant=1)
    new = pictures.reroll(job.pk, old.pk, seen_variant=2, by=None)
    assert (new.position, new.variant, new.parent, new.status) == (1, 3, old, "queued")
    assert pictures.reroll(job.pk, old.pk, seen_variant=2, by=None) is None
    job.refresh_from_db()
    assert (job.status, job.total, job.queued) == ("processing", 5, 1)
    assert OrmQ.objects.count() == 1
    assert audit() == []


def test_an_edited_reroll_carries_its_own_prompt():
    job = make_job(1, status="completed")
    new = pictures.reroll(
        job.pk, job.images.get().pk, seen_variant=1, prompt="  a calmer sea ", by=None
    )
    assert new.prompt_text == "a calmer sea"
    with pytest.raises(ValueError, match="empty"):
        pictures.reroll(job.pk, new.pk, seen_variant=2, prompt="   ", by=None)


def test_a_reroll_on_a_paused_job_waits_for_resume():
    job = make_job(2, status="paused", status_reason="paused")
    assert pictures.reroll(job.pk, job.images.first().pk, seen_variant=1, by=None)
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "paused")


def test_keep_and_drop_send_the_wanted_state():
    job = make_job(3, status="completed")
    ids = list(job.images.values_list("pk", flat=True))
    before = job.revision
    assert decisions.decide(job.pk, ids[:2], keep=False, by=None) == 2
    assert decisions.decide(job.pk, ids[:2], keep=False, by=None) == 0
    job.refresh_from_db()
    assert job.revision == before + 1
    assert job.images.filter(selected=False, revision=job.revision).count() == 2
    other = make_job(1, status="completed").images.get()
    assert decisions.decide(job.pk, [other.pk], keep=False, by=None) == 0


def test_only_what_owes_and_shows_nothing_is_deleted():
    job = make_job(0, status="completed")
    plain, asked, published = (
        make_image(job),
        make_image(job, "unknown", attempt=1, error_code="unknown"),
        make_image(job, page_status="created", page_id=make_page().pk),
    )
    make_call(asked, CallState.UNKNOWN)
    result = trash.trash_images(job.pk, [plain.pk, asked.pk, published.pk], by=None)
    assert result.done == 1
    assert {image.pk for image, _ in result.kept} == {asked.pk, published.pk}
    job.refresh_from_db()
    assert trash.in_trash(job).get().revision == job.revision
    assert (job.total, job.completed_count) == (2, 1)


@pytest.mark.parametrize(
    ("page_status", "counter"), [("blocked", "pages_blocked"), ("failed", "pages_failed")]
)
def test_a_deleted_picture_takes_its_page_s_count_along(page_status, counter):
    job = make_job(0, status="completed")
    image = make_image(job, page_status=page_status)
    job.refresh_from_db()
    assert getattr(job, counter) == 1
    assert trash.trash_images(job.pk, [image.pk], by=None).done == 1
    job.refresh_from_db()
    assert (job.total, getattr(job, counter)) == (0, 0)


def test_a_deleted_job_leaves_its_ledger_rows():
    job = make_job(1, status="completed")
    call = make_call(job.images.get())
    assert trash.trash_job(job.pk, by=None) == ""
    assert trash.delete_job(job.pk, by=None) == ""
    call.refresh_from_db()
    assert (call.image, call.job_ref, call.job_label) == (None, job.pk, job.name)


@pytest.mark.parametrize(
    ("status", "state"), [("completed", CallState.OPEN), ("unknown", CallState.UNKNOWN)]
)
def test_a_job_that_owes_an_answer_or_a_decision_is_not_deleted(status, state):
    job = make_job(0, status="completed")
    make_call(make_image(job, status), state)
    assert trash.trash_job(job.pk, by=None)
    assert BulkGenerationJob.objects.filter(pk=job.pk).exists()
    assert ProviderCall.objects.filter(job_ref=job.pk).exists()
