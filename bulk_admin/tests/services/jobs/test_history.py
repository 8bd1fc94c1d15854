"""Every action that spends or destroys leaves a line with its name on it."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, connection, transaction

from bulk_admin.models import BulkGenerationJob, ImageStatus, JobStatus
from bulk_admin.models import GeneratedImage as Picture
from bulk_admin.services.drafting import drafts
from bulk_admin.services.jobs import lifecycle, pictures, trash
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import make_image, make_job, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return make_user("anna")


def lines(job: BulkGenerationJob) -> list[tuple[str, str]]:
    found = LogEntry.objects.filter(object_id=str(job.pk)).order_by("pk")
    return list(found.values_list("user__username", "change_message"))


def test_generate_leaves_a_line(anna):
    job = make_job(2, JobStatus.DRAFT, images_per_prompt=2)
    lifecycle.generate(job.pk, by=anna)
    assert lines(job) == [("anna", "Ordered 4 pictures.")]


def test_an_unknown_picture_that_is_bought_again_leaves_a_line(anna):
    job = make_job(1)
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1)
    pictures.buy_again(job.pk, image.pk, seen_attempt=1, by=anna)
    assert lines(job) == [("anna", "Bought picture 2.1 again.")]


def test_every_paid_or_destroying_action_leaves_a_line(anna):
    job = make_job(2, created_by=anna)
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1)
    make_image(job, ImageStatus.FAILED, error_code="overloaded")
    made = make_image(job)
    lifecycle.pause(job.pk, by=anna)
    lifecycle.resume(job.pk, by=anna)
    pictures.accept_as_lost(job.pk, image.pk, seen_attempt=1, by=anna)
    pictures.retry_failed(job.pk, by=anna)
    pictures.reroll(job.pk, made.pk, seen_variant=1, by=anna)
    page_queue.create_pages(job.pk, by=anna)
    page_queue.stop_pages(job.pk, by=anna)
    lifecycle.cancel(job.pk, by=anna)
    trash.trash_images(job.pk, [image.pk], by=anna)
    assert trash.trash_job(job.pk, by=anna) == ""
    assert lines(job) == [
        ("anna", what)
        for what in (
            "Paused the job.",
            "Resumed the job.",
            "Marked picture 3.1 as lost.",
            "Queued 1 picture again.",
            "Ordered one more picture of prompt 5.",
            "Ordered 1 page.",
            "Stopped 1 page.",
            "Cancelled the job: 4 pictures not bought.",
            "Moved 1 picture to the trash.",
            "Moved the job with 5 pictures to the trash.",
        )
    ]


def test_a_press_that_changes_nothing_leaves_no_line(anna):
    job = make_job(1, JobStatus.COMPLETED, created_by=anna)
    lifecycle.pause(job.pk, by=anna)
    lifecycle.resume(job.pk, by=anna)
    lifecycle.cancel(job.pk, by=anna)
    pictures.retry_failed(job.pk, by=anna)
    pictures.reroll(job.pk, job.images.get().pk, seen_variant=7, by=anna)
    page_queue.stop_pages(job.pk, by=anna)
    trash.trash_images(job.pk, [], by=anna)
    assert lines(job) == []


def test_a_discarded_draft_leaves_a_line(anna):
    job = make_job(2, JobStatus.DRAFT, created_by=anna)
    assert drafts.discard(job.pk, by=anna)
    assert lines(job) == [("anna", "Discarded the draft with 2 prompts.")]


def test_nobody_has_no_line():
    job = make_job(1)
    assert lifecycle.pause(job.pk, by=None)
    assert lines(job) == []


# --- no line, no action ------------------------------------------------------------------------


@pytest.fixture
def full_log(db):
    """The database takes no line of the history any more."""
    table = LogEntry._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            begin, end = "", "BEGIN SELECT RAISE(ABORT, 'full'); END"
        else:
            begin, end = "FOR EACH ROW", "EXECUTE FUNCTION refuse_line()"
            cursor.execute(
                "CREATE FUNCTION refuse_line() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'full'; END $$"
            )
        cursor.execute(f"CREATE TRIGGER full_log BEFORE INSERT ON {table} {begin} {end}")


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (BulkGenerationJob, Picture)]


ACTIONS = {
    "generate": lambda draft, job, by: lifecycle.generate(draft.pk, by=by),
    "discard": lambda draft, job, by: drafts.discard(draft.pk, by=by),
    "resume": lambda draft, job, by: lifecycle.resume(job.pk, by=by),
    "cancel": lambda draft, job, by: lifecycle.cancel(job.pk, by=by),
    "retry": lambda draft, job, by: pictures.retry_failed(job.pk, by=by),
    "reroll": lambda draft, job, by: pictures.reroll(job.pk, one(job), seen_variant=1, by=by),
    "buy again": lambda draft, job, by: pictures.buy_again(job.pk, odd(job), seen_attempt=1, by=by),
    "lost": lambda draft, job, by: pictures.accept_as_lost(job.pk, odd(job), seen_attempt=1, by=by),
    "pages": lambda draft, job, by: page_queue.create_pages(job.pk, by=by),
    "delete one": lambda draft, job, by: trash.trash_images(job.pk, [one(job)], by=by),
    "delete": lambda draft, job, by: trash.trash_job(ended().pk, by=by),
}


def one(job) -> int:
    return job.images.get(status=ImageStatus.COMPLETED).pk


def odd(job) -> int:
    return job.images.get(status=ImageStatus.UNKNOWN).pk


def ended() -> BulkGenerationJob:
    return BulkGenerationJob.objects.get(status=JobStatus.CANCELLED)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_whose_line_cannot_be_written_is_not_done(anna, full_log, name):
    draft, job = make_job(2, JobStatus.DRAFT), make_job(0, JobStatus.PAUSED)
    make_job(0, JobStatus.CANCELLED)
    make_image(job)
    make_image(job, ImageStatus.FAILED, error_code="overloaded")
    make_image(job, ImageStatus.UNKNOWN, attempt=1)
    before = everything()
    with pytest.raises(DatabaseError, match="full"), transaction.atomic():
        ACTIONS[name](draft, job, anna)
    assert everything() == before
