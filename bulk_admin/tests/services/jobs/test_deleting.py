"""Deleting pictures and jobs whose money was spent for nothing: once a person has decided, nothing
holds them any more.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from bulk_admin.conf import conf
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderCall,
    Spend,
)
from bulk_admin.services.drafting import drafts
from bulk_admin.services.jobs import lifecycle, pictures, trash
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.worker import rescue
from bulk_admin.testing.factories import (
    counters,
    make_call,
    make_image,
    make_job,
    make_model,
    make_user,
)
from bulk_admin.tests.services.ledger.test_settling import delivered, open_one, refused, unknown
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return make_job(1, model_name=make_model(name="priced").name, quality="medium")


def give_up(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    return permit, pictures.accept_as_lost(job.pk, permit.image_id, seen_attempt=1, by=None)


def buy_again(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    pressed = pictures.buy_again(job.pk, permit.image_id, seen_attempt=1, by=None)
    again = open_one(job)
    settle(again.call_id, delivered(again))
    return permit, pressed


@pytest.mark.parametrize("decide", [give_up, buy_again])
def test_a_picture_that_a_person_decided_about_can_be_deleted(job, decide):
    permit, _ = decide(job)
    assert trash.trash_images(job.pk, [permit.image_id], by=None).done == 1
    assert audit() == []
    assert trash.trash_job(job.pk, by=None) == ""


def delete_job(job):
    assert trash.trash_job(job.pk, by=None) == ""
    assert trash.delete_job(job.pk, by=None) == ""


def delete_images(job, *image_ids):
    assert trash.trash_images(job.pk, image_ids, by=None).done == len(image_ids)
    assert trash.delete_images(job.pk, image_ids, by=None) == len(image_ids)


@pytest.mark.parametrize("decide", [give_up, buy_again])
def test_so_can_its_job_and_a_late_answer_only_moves_money(job, decide):
    permit, _ = decide(job)
    delete_job(job)
    assert settle(permit.call_id, refused()) == Settled.COUNTED
    call = ProviderCall.objects.get(pk=permit.call_id)
    assert (call.state, call.actual, call.image) == (CallState.REFUSED, 0, None)
    assert audit() == []


@pytest.mark.parametrize("whole_job", [True, False])
def test_nobody_looks_for_the_bytes_of_what_was_deleted(job, whole_job):
    permit, _ = give_up(job)
    key = ProviderCall.objects.get(pk=permit.call_id).picture_key
    OrmQ.objects.all().delete()
    if whole_job:
        delete_job(job)
    else:
        delete_images(job, permit.image_id)
    assert [bell.task["args"] for bell in OrmQ.objects.all()] == [
        ([key],)
    ]  # a dying worker may have stored them
    ProviderCall.objects.update(finished_at="2020-01-01T00:00Z")
    rescue.look_again()
    assert ProviderCall.objects.get(pk=permit.call_id).looked_up == len(conf.LOOK_AGAIN)


def test_while_nobody_decided_or_a_call_is_open_both_stay(job):
    permit = open_one(job)
    lifecycle.cancel(job.pk, by=None)
    ((_, reason),) = trash.trash_images(job.pk, [permit.image_id], by=None).kept
    assert "is under way" in reason
    assert "is under way" in trash.trash_job(job.pk, by=None)
    settle(permit.call_id, unknown())
    ((_, reason),) = trash.trash_images(job.pk, [permit.image_id], by=None).kept
    assert "mark it as lost" in reason
    assert "mark it as lost" in trash.trash_job(job.pk, by=None)
    assert BulkGenerationJob.objects.filter(pk=job.pk).exists()


def test_many_pictures_cost_as_many_queries_as_few():
    def cost(n):
        job = make_job(0, status="completed")
        images = [make_image(job) for _ in range(n)]
        for image in images:
            make_call(image)
        with CaptureQueriesContext(connection) as queries:
            assert trash.trash_images(job.pk, [image.pk for image in images], by=None).done == n
        return len(queries)

    cost(2)
    assert cost(3) == cost(30)


def test_a_late_answer_to_a_picture_deleted_alone_closes_its_call_and_takes_its_money_off_the_day(
    job,
):
    permit, _ = give_up(job)
    delete_images(job, permit.image_id)
    assert settle(permit.call_id, refused()) == Settled.COUNTED
    assert ProviderCall.objects.get(pk=permit.call_id).state == CallState.REFUSED
    assert Spend.objects.get(scope=Spend.Scope.ACCOUNT).spent == 0


PLACES = [
    *[(status, PageStatus.NONE) for status in ImageStatus],
    *[(ImageStatus.COMPLETED, page) for page in PageStatus if page != PageStatus.NONE],
]


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "page_status"), PLACES)
def test_the_counters_are_right_after_a_picture_of_any_status_was_deleted(status, page_status):
    """Or was kept: what may go is another test's matter."""
    is_draft = status == ImageStatus.DRAFT
    job = make_job(2, JobStatus.DRAFT if is_draft else JobStatus.PROCESSING)
    image = make_image(job, status, page_status=page_status)
    if status == ImageStatus.GENERATING:
        make_call(image, CallState.OPEN)
    BulkGenerationJob.objects.filter(pk=job.pk).update(total_prompts=3)
    done = trash.trash_images(job.pk, [image.pk], by=None)
    assert done.done + len(done.kept) == 1
    job.refresh_from_db()
    wanted = counters(job)
    assert {name: getattr(job, name) for name in wanted} == wanted
    assert job.status == (JobStatus.DRAFT if is_draft else JobStatus.PROCESSING)
    assert job.total_prompts == (2 if is_draft else 3)


@pytest.mark.django_db
def test_a_deleted_row_of_a_draft_is_no_twin_any_more():
    job = make_job(["a fox", "a fox"], JobStatus.DRAFT)
    first, second = job.images.order_by("position")
    drafts.edit_row(job.pk, second.pk, "a  fox")
    second.refresh_from_db()
    assert [flag["code"] for flag in second.flags] == ["duplicate"]
    shown = BulkGenerationJob.objects.get(pk=job.pk).revision
    assert trash.trash_images(job.pk, [first.pk], by=None).done == 1
    second.refresh_from_db()
    assert second.flags == []
    with pytest.raises(lifecycle.SheetChanged):
        lifecycle.generate(job.pk, by=make_user(), seen_revision=shown)
    job.refresh_from_db()
    assert lifecycle.generate(job.pk, by=make_user(), seen_revision=job.revision)
    job.refresh_from_db()
    assert (job.total, job.queued, job.total_prompts) == (1, 1, 1)
