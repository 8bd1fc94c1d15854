"""The trash: hidden and unpaid while there, whole when it comes back, gone after a month."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.conf import conf
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus, JobStatus, PageStatus
from bulk_admin.services import changes
from bulk_admin.services.jobs import lifecycle, pictures, trash
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import (
    counters,
    make_image,
    make_job,
    make_model,
    make_user,
)
from bulk_admin.tests.services.ledger.test_settling import delivered, open_one, refused, unknown

pytestmark = pytest.mark.django_db
JOBS = "admin:bulk_admin_bulkgenerationjob"
IMAGES = "admin:bulk_admin_generatedimage"


@pytest.fixture
def ann():
    return make_user("ann", is_superuser=True)


@pytest.fixture
def page(client, ann):
    client.force_login(ann)
    return client


def are_right(job):
    job.refresh_from_db()
    wanted = counters(job)
    return {name: getattr(job, name) for name in wanted} == wanted


@pytest.mark.parametrize("page_status", [PageStatus.NONE, PageStatus.BLOCKED, PageStatus.FAILED])
@pytest.mark.parametrize(
    "status", [ImageStatus.COMPLETED, ImageStatus.FAILED, ImageStatus.CANCELLED]
)
def test_what_comes_back_is_counted_again(ann, status, page_status):
    job = make_job(1, status="completed")
    image = make_image(job, status, page_status=page_status, selected=False)
    assert trash.trash_images(job.pk, [image.pk], by=ann).done == 1
    assert are_right(job)
    assert trash.trash_images(job.pk, [image.pk], by=ann).done == 0
    assert trash.restore_images(job.pk, [image.pk], by=ann).done == 1
    assert trash.restore_images(job.pk, [image.pk], by=ann).done == 0
    assert are_right(job)
    back = job.images.get(pk=image.pk)
    assert (back.status, back.page_status, back.selected) == (status, page_status, False)
    assert back.revision == job.revision  # open pages get its tile again


def test_undo_takes_out_what_one_press_put_there(ann):
    job = make_job(3, status="completed")
    ids = list(job.images.values_list("pk", flat=True))
    trash.trash_images(job.pk, ids[:2], by=ann)
    trash.delete_images(job.pk, ids[:1], by=ann)
    undone = changes.undo_last(job.pk, by=ann)
    assert (undone.put_back, undone.left) == ([str(ids[1])], [str(ids[0])])
    assert set(job.images.values_list("pk", flat=True)) == set(ids[1:])
    assert are_right(job)


def test_what_is_queued_or_has_a_page_stays(ann):
    job = make_job(0, status="processing")
    queued = make_image(job, ImageStatus.QUEUED)
    with_page = make_image(job, page_status=PageStatus.CREATED, page_id="7")
    result = trash.trash_images(job.pk, [queued.pk, with_page.pk], by=ann)
    assert result.done == 0
    assert [reason for _, reason in result.kept] == [
        "It is queued: cancel it first.",
        "It has a page, or one is being made.",
    ]


def test_a_new_variant_does_not_take_the_place_of_one_in_the_trash(ann):
    job = make_job(1, status="completed")
    first = job.images.get()
    second = pictures.reroll(job.pk, first.pk, seen_variant=1, by=ann)
    lifecycle.cancel(job.pk, by=ann)
    trash.trash_images(job.pk, [second.pk], by=ann)
    third = pictures.reroll(job.pk, first.pk, seen_variant=1, by=ann)
    assert third.variant == 3
    trash.restore_images(job.pk, [second.pk], by=ann)
    assert [image.variant for image in job.images.all()] == [1, 2, 3]


def test_a_row_of_a_draft_does_not_come_back_once_the_job_is_started(ann):
    job = make_job(["a fox", "a hare"], JobStatus.DRAFT)
    row = job.images.first()
    trash.trash_images(job.pk, [row.pk], by=ann)
    assert lifecycle.generate(job.pk, by=ann)
    job.refresh_from_db()
    assert (job.total, job.queued) == (1, 1)
    ((_, reason),) = trash.restore_images(job.pk, [row.pk], by=ann).kept
    assert reason == "Its job was started without it."


# --- jobs ---------------------------------------------------------------------------------------


def test_a_job_takes_its_pictures_along_and_brings_back_those_alone(ann):
    job = make_job(3, status="completed")
    first, *others = job.images.all()
    trash.trash_images(job.pk, [first.pk], by=ann)
    GeneratedImage.everything.filter(pk=first.pk).update(
        deleted_at=timezone.now() - dt.timedelta(days=1)
    )
    assert trash.trash_job(job.pk, by=ann) == ""
    assert not BulkGenerationJob.objects.exists()
    assert not GeneratedImage.objects.exists()
    with pytest.raises(BulkGenerationJob.DoesNotExist):
        page_queue.create_pages(job.pk, by=ann)
    with pytest.raises(BulkGenerationJob.DoesNotExist):
        pictures.retry_failed(job.pk, by=ann)
    assert changes.undo_last(trash.JOBS_SCOPE, by=ann).put_back == [str(job.pk)]
    assert set(job.images.all()) == set(others)
    assert are_right(job)


def test_a_running_job_stays(ann):
    job = make_job(2, status="processing")
    assert trash.trash_job(job.pk, by=ann) == "It is still running: cancel it first."
    assert BulkGenerationJob.objects.get().deleted_at is None


# --- a call that is answered late ---------------------------------------------------------------


@pytest.fixture
def lost():
    """A job of one picture that was marked as lost, and its call."""
    job = make_job(1, model_name=make_model(name="priced").name, quality="medium")
    permit = open_one(job)
    settle(permit.call_id, unknown())
    pictures.accept_as_lost(job.pk, permit.image_id, seen_attempt=1, by=None)
    return job, permit


@pytest.mark.parametrize("whole_job", [True, False])
def test_a_paid_picture_that_comes_late_leaves_the_trash(lost, whole_job, ann):
    job, permit = lost
    if whole_job:
        trash.trash_job(job.pk, by=ann)
    else:
        trash.trash_images(job.pk, [permit.image_id], by=ann)
    assert settle(permit.call_id, delivered(permit)) == Settled.ADOPTED
    assert job.images.get().status == ImageStatus.COMPLETED
    assert BulkGenerationJob.objects.get().completed_count == 1
    assert are_right(job)


def test_what_was_not_sent_is_not_bought_from_the_trash(lost, ann):
    job, permit = lost
    trash.trash_images(job.pk, [permit.image_id], by=ann)
    assert settle(permit.call_id, refused()) == Settled.STALE
    assert trash.in_trash(job).get().status == ImageStatus.FAILED
    assert trash.in_trash(job).get().cost == 0
    assert are_right(job)


# --- for good -----------------------------------------------------------------------------------


def days_ago(n):
    return timezone.now() - dt.timedelta(days=n)


def test_after_its_days_the_trash_is_emptied_file_by_file(ann):
    job = make_job(0, status="completed")
    old, new, kept = (make_image(job) for _ in range(3))
    trash.trash_images(job.pk, [old.pk, new.pk], by=ann)
    GeneratedImage.everything.filter(pk=old.pk).update(deleted_at=days_ago(conf.TRASH_DAYS + 1))
    GeneratedImage.everything.filter(pk=new.pk).update(deleted_at=days_ago(conf.TRASH_DAYS - 1))
    OrmQ.objects.all().delete()
    trash.empty()
    assert set(GeneratedImage.everything.all()) == {new, kept}
    assert [bell.task["args"] for bell in OrmQ.objects.all()] == [([old.picture_key],)]


def test_a_job_goes_with_everything_but_what_a_page_was_made_of(ann):
    job = make_job(2, status="completed")
    with_page = make_image(job, page_status=PageStatus.CREATED, page_id="7")
    trash.trash_job(job.pk, by=ann)
    BulkGenerationJob.everything.update(deleted_at=days_ago(conf.TRASH_DAYS + 1))
    trash.empty()
    assert set(GeneratedImage.everything.all()) == {with_page}
    page_queue.forget_page("7")
    trash.empty()
    assert not BulkGenerationJob.everything.exists()


def test_only_what_is_in_the_trash_is_deleted_for_good(ann):
    job = make_job(1, status="completed")
    assert trash.delete_images(job.pk, by=ann) == 0
    assert trash.delete_job(job.pk, by=ann) == "It is not in the trash."
    assert job.images.count() == 1


# --- the lists ----------------------------------------------------------------------------------


def press(page, name, action, rows):
    ids = ",".join(str(row.pk) for row in rows)
    return page.post(reverse(f"{name}_bulk", args=[action]), {"ids": ids})


def test_from_the_list_of_pictures_into_the_trash_and_back(page):
    job = make_job(2, status="completed")
    image = job.images.first()
    done = press(page, IMAGES, "delete_images", [image])
    assert [line.text for line in done.context["lines"]] == ["In the trash."]
    assert image not in page.get(reverse(f"{IMAGES}_changelist")).context["cl"].result_list
    there = page.get(reverse(f"{IMAGES}_changelist"), {"trash": "in"})
    assert there.context["cl"].result_list == [image]
    names = [name for name, _ in there.context["action_form"].fields["action"].choices]
    assert names == ["", "restore_images", "delete_images_now"]
    done = press(page, IMAGES, "restore_images", [image])
    assert [line.text for line in done.context["lines"]] == ["Restored."]
    assert image in job.images.all()


def test_the_result_offers_undo_and_undo_says_what_it_did(page):
    jobs = [make_job(1, status="completed"), make_job(1, status="completed")]
    done = press(page, JOBS, "delete_jobs", jobs)
    text = done.content.decode()
    assert f'action="{reverse(f"{JOBS}_bulk_undo")}"' in text
    undone = page.post(reverse(f"{JOBS}_bulk_undo"), {"changes": done.context["changes"]})
    assert [line.text for line in undone.context["lines"]] == ["As it was.", "As it was."]
    assert BulkGenerationJob.objects.count() == 2
    again = page.post(reverse(f"{JOBS}_bulk_undo"), {"changes": done.context["changes"]})
    assert again.context["lines"] == []


def test_nobody_undoes_what_another_person_did(page, client):
    job = make_job(1, status="completed")
    done = press(page, JOBS, "delete_jobs", [job])
    client.force_login(make_user("ben", is_superuser=True))
    client.post(reverse(f"{JOBS}_bulk_undo"), {"changes": done.context["changes"]})
    assert not BulkGenerationJob.objects.exists()


def test_the_page_of_a_job_in_the_trash_leads_there(page):
    job = make_job(1, status="completed")
    trash.trash_job(job.pk, by=None)
    answer = page.get(job.get_absolute_url())
    assert answer.url.endswith("?trash=in")
    assert page.get(job.get_absolute_url(), {"trash": "in"}).status_code == 302
    assert page.get(answer.url).context["cl"].result_list == [job]


def test_actions_of_the_trash_leave_other_rows_alone(page):
    job = make_job(1, status="completed")
    press(page, JOBS, "delete_jobs_now", [job])
    press(page, IMAGES, "delete_images_now", job.images.all())
    assert job.images.count() == 1
