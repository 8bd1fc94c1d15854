"""What the failure tray does to a whole group: what was pressed on, once, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from bulk_admin import codes
from bulk_admin.causes import Cause
from bulk_admin.codes import Code
from bulk_admin.models import GeneratedImage, ImageStatus, JobStatus
from bulk_admin.services import changes
from bulk_admin.services.jobs import failures, lifecycle, pictures
from bulk_admin.services.jobs.pictures import Decided, PromptRefused
from bulk_admin.testing.factories import make_account, make_call, make_image, make_job, make_user
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return make_job(0, JobStatus.COMPLETED, created_by=make_user())


def failed(job, code="overloaded", **fields):
    fields = {"attempt": 1, "error_code": code, **fields}
    return make_image(job, ImageStatus.FAILED, **fields)


def unknown(job, **fields):
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1, **fields)
    make_call(image, "unknown")
    return image


def seen(*images):
    return {image.pk: image.attempt for image in images}


def waiting(job):
    return [*job.images.filter(failures.WAITING).order_by("pk").values_list("pk", flat=True)]


def test_what_waits_for_a_person(job):
    blocked, unclear = failed(job, "blocked"), unknown(job)
    cancelled = make_image(job, ImageStatus.CANCELLED)
    make_image(job), failed(job, "lost")
    make_image(job, ImageStatus.CANCELLED, parent=job.images.last())  # a re-roll, taken back
    followed = failed(job)
    make_image(job, ImageStatus.QUEUED, parent=followed)
    assert waiting(job) == [blocked.pk, unclear.pk, cancelled.pk]


def test_a_cause_comes_from_the_code_and_else_from_the_status(job):
    cases = {
        Cause.BLOCKED: failed(job, "rejected"),
        Cause.RATE_LIMITED: failed(job, "rate_limited"),
        Cause.DOWN: failed(job, "not_sent"),
        Cause.BAD_REQUEST: failed(job, "model_retired"),
        Cause.OTHER: failed(job, "from_tomorrow"),
        Cause.UNKNOWN: unknown(job, error_code="unknown"),
        Cause.NOT_FETCHED: unknown(job, error_code="unknown", download_host="files.example"),
        Cause.CANCELLED: make_image(job, ImageStatus.CANCELLED),
    }
    assert {cause: failures.cause_of(image) for cause, image in cases.items()} == {
        cause: cause for cause in cases
    }
    assert all(cause.heading and cause.advice for cause in Cause)
    assert {code.about.cause for code in codes.RETRYABLE} == {
        Cause.RATE_LIMITED,
        Cause.DOWN,
        Cause.OTHER,
    }


def test_retry_takes_what_it_can_help_once(job):
    down, blocked = failed(job), failed(job, "blocked")
    cancelled = make_image(job, ImageStatus.CANCELLED, attempt=0)
    pressed = seen(down, blocked, cancelled)
    assert failures.retry(job.pk, pressed, by=job.created_by) == 2
    assert failures.retry(job.pk, pressed, by=job.created_by) == 0
    assert waiting(job) == [blocked.pk]
    job.refresh_from_db()
    assert (job.status, job.queued) == (JobStatus.PROCESSING, 2)
    assert audit() == []


def test_a_press_on_an_older_attempt_changes_nothing(job):
    image, unclear = failed(job, attempt=2), unknown(job)
    old, by = {image.pk: 1, unclear.pk: 0}, job.created_by
    assert failures.retry(job.pk, old, by=by) == 0
    assert failures.dismiss(job.pk, old, by=by) == 0
    assert failures.reword(job.pk, old, {image.pk: "A calm sea"}, by=by) == 0
    assert set(pictures.buy_each_again(job.pk, old, by=by).values()) == {Decided.STALE}
    assert waiting(job) == [image.pk, unclear.pk]
    assert not LogEntry.objects.exists()


def test_only_prompts_that_were_changed_are_ordered_and_only_once(job):
    first, second = failed(job, "blocked"), failed(job, "blocked")
    prompts = {first.pk: " A calm sea ", second.pk: second.prompt_text}
    pressed = seen(first, second)
    assert failures.reword(job.pk, pressed, prompts, by=job.created_by) == 1
    new = job.images.get(parent=first)
    assert (new.prompt_text, new.variant, new.status) == ("A calm sea", 2, ImageStatus.QUEUED)
    assert new.requested_by == job.created_by
    assert failures.reword(job.pk, pressed, prompts, by=job.created_by) == 0
    assert waiting(job) == [second.pk]
    assert audit() == []


def test_one_prompt_that_is_refused_orders_none(job):
    first, second = failed(job, "blocked"), failed(job, "blocked")
    prompts = {first.pk: "A calm sea", second.pk: "  "}
    with pytest.raises(PromptRefused, match=f"Prompt {second.position}: The prompt is empty"):
        failures.reword(job.pk, seen(first, second), prompts, by=job.created_by)
    assert not job.images.filter(parent__isnull=False).exists()


def test_many_unknown_outcomes_are_decided_together(job):
    again, lost = [unknown(job), unknown(job)], [unknown(job), unknown(job)]
    bought = pictures.buy_each_again(job.pk, seen(*again), by=job.created_by)
    given_up = pictures.accept_each_as_lost(job.pk, seen(*lost), by=job.created_by)
    assert set(bought.values()) == {Decided.QUEUED} and set(given_up.values()) == {Decided.LOST}
    stale = pictures.buy_each_again(job.pk, seen(*again, *lost), by=job.created_by)
    assert set(stale.values()) == {Decided.STALE}
    job.refresh_from_db()
    assert (job.queued, job.failed_count, job.unknown_count) == (2, 2, 0)
    said = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(said) == ["Bought 2 pictures again.", "Marked 2 pictures as lost."]


def test_what_was_dismissed_needs_nothing_and_is_undone_by_its_person(job):
    blocked, unclear = failed(job, "blocked"), unknown(job)
    cancelled = make_image(job, ImageStatus.CANCELLED, attempt=0)
    by = job.created_by
    assert failures.dismiss(job.pk, seen(blocked, unclear, cancelled), by=by) == 2
    assert failures.dismiss(job.pk, seen(blocked, unclear, cancelled), by=by) == 0
    assert waiting(job) == [unclear.pk], "its money is not settled"
    assert changes.undo_last(job.pk, by=make_user()) is None
    undone = changes.undo_last(job.pk, by=by)
    assert sorted(undone.put_back) == sorted([str(blocked.pk), str(cancelled.pk)])
    assert waiting(job) == [blocked.pk, unclear.pk, cancelled.pk]


def test_undo_leaves_what_was_bought_again_since(job):
    down, blocked = failed(job), failed(job, "blocked")
    failures.dismiss(job.pk, seen(down, blocked), by=job.created_by)
    pictures.retry_failed(job.pk, by=job.created_by)
    undone = changes.undo_last(job.pk, by=job.created_by)
    assert (undone.put_back, undone.left) == ([str(blocked.pk)], [str(down.pk)])
    again = GeneratedImage.objects.get(pk=down.pk)
    assert (again.status, again.decided_at) == (ImageStatus.QUEUED, None), "undecided once it comes"


def test_nobody_buys_with_another_person_s_private_account():
    owner = make_user()
    job = make_job(0, JobStatus.COMPLETED, account=make_account(owner=owner), created_by=owner)
    image, unclear, other = failed(job), unknown(job), make_user("other", is_superuser=True)
    for buy in (
        lambda: failures.retry(job.pk, seen(image), by=other),
        lambda: failures.reword(job.pk, seen(image), {image.pk: "A calm sea"}, by=other),
        lambda: pictures.buy_each_again(job.pk, seen(unclear), by=other),
    ):
        with pytest.raises(lifecycle.NotYours):
            buy()
    assert not job.images.filter(status=ImageStatus.QUEUED).exists()
    assert Code.UNKNOWN.about.cause is failures.cause_of(unclear)
