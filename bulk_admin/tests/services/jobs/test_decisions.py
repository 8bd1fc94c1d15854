"""Keep and drop, and taking it back: one's own last decision, never another person's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bulk_admin.models import Change, ImageStatus
from bulk_admin.services import changes
from bulk_admin.services.jobs.decisions import decide, decide_each
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import make_image, make_job, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return make_user("ann")


@pytest.fixture
def ben():
    return make_user("ben")


def state(job):
    rows = job.images.order_by("position").values_list("selected", "decided_at")
    return [(selected, decided_at is not None) for selected, decided_at in rows]


KEPT, DROPPED, UNDECIDED = (True, True), (False, True), (True, False)


def test_a_decision_is_the_wanted_state_and_is_written_once(ann):
    job = make_job(3, status="completed")
    ids = list(job.images.values_list("pk", flat=True))
    assert decide(job.pk, ids[:2], keep=False, by=ann) == 2
    assert decide(job.pk, ids[:2], keep=False, by=ann) == 0
    assert decide(job.pk, ids[1:], keep=True, by=ann) == 2
    assert state(job) == [DROPPED, KEPT, KEPT]
    job.refresh_from_db()
    assert set(job.images.values_list("revision", flat=True)) == {job.revision - 1, job.revision}


@pytest.mark.parametrize(
    "status", [ImageStatus.QUEUED, ImageStatus.GENERATING, ImageStatus.FAILED, ImageStatus.UNKNOWN]
)
def test_what_is_not_made_cannot_be_decided(ann, status):
    job = make_job(0, status="processing")
    image = make_image(job, status)
    assert decide(job.pk, [image.pk], keep=False, by=ann) == 0
    assert state(job) == [UNDECIDED]
    assert not Change.objects.exists()


def test_undo_goes_back_step_by_step(ann):
    job = make_job(2, status="completed")
    first, second = job.images.all()
    decide(job.pk, [first.pk, second.pk], keep=True, by=ann)
    decide(job.pk, [second.pk], keep=False, by=ann)
    assert changes.undo_last(job.pk, by=ann).put_back == [str(second.pk)]
    assert state(job) == [KEPT, KEPT]
    before = job.images.get(pk=first.pk).revision
    assert len(changes.undo_last(job.pk, by=ann).put_back) == 2
    assert state(job) == [UNDECIDED, UNDECIDED]
    assert job.images.get(pk=first.pk).revision > before  # open pages hear of it
    assert changes.undo_last(job.pk, by=ann) is None


def test_undo_leaves_another_person_s_decision(ann, ben):
    job = make_job(2, status="completed")
    first, second = job.images.all()
    decide(job.pk, [first.pk, second.pk], keep=False, by=ann)
    decide(job.pk, [second.pk], keep=True, by=ben)
    undone = changes.undo_last(job.pk, by=ann)
    assert (undone.put_back, undone.left) == ([str(first.pk)], [str(second.pk)])
    assert state(job) == [UNDECIDED, KEPT]


def test_undo_never_takes_another_person_s_step_nor_another_job_s(ann, ben):
    job, other = make_job(1, status="completed"), make_job(1, status="completed")
    decide(job.pk, [job.images.get().pk], keep=False, by=ann)
    assert changes.undo_last(job.pk, by=ben) is None
    assert changes.undo_last(other.pk, by=ann) is None
    assert changes.undo(Change.objects.get().pk, by=ben) is None
    assert state(job) == [DROPPED]


def test_decided_again_the_same_way_is_still_decided_since(ann, ben):
    job = make_job(1, status="completed")
    image = job.images.get()
    decide(job.pk, [image.pk], keep=False, by=ann)
    decide(job.pk, [image.pk], keep=True, by=ben)
    decide(job.pk, [image.pk], keep=False, by=ben)
    assert changes.undo_last(job.pk, by=ann).left == [str(image.pk)]
    assert state(job) == [DROPPED]


def test_a_deleted_picture_is_left(ann):
    job = make_job(2, status="completed")
    first, second = job.images.all()
    decide(job.pk, [first.pk, second.pk], keep=False, by=ann)
    gone = str(first.pk)
    first.delete()
    undone = changes.undo_last(job.pk, by=ann)
    assert (undone.put_back, undone.left) == ([str(second.pk)], [gone])


def test_the_same_step_is_undone_once(ann):
    job = make_job(1, status="completed")
    decide(job.pk, [job.images.get().pk], keep=False, by=ann)
    change = Change.objects.get()
    assert changes.undo(change.pk, by=ann)
    assert changes.undo(change.pk, by=ann) is None


def test_a_kind_that_is_no_longer_known_leaves_all(ann):
    row = changes.RowChange("1", {"x": 1}, {"x": 2})
    change = changes.record("of an older version", "here", [row], by=ann)
    assert changes.undo(change.pk, by=ann).left == ["1"]


def test_nothing_is_kept_of_what_changed_nothing_or_of_nobody(ann):
    row = changes.RowChange("1", {"x": 1}, {"x": 1})
    assert changes.record("keep", "here", [row], by=ann) is None
    other = changes.RowChange("1", {"x": 1}, {"x": 2})
    assert changes.record("keep", "here", [other], by=None) is None


def test_ordering_a_page_decides_for_the_picture(ann):
    job = make_job(2, status="completed")
    first, _ = job.images.all()
    decide(job.pk, [first.pk], keep=True, by=ann)
    long_ago = job.images.get(pk=first.pk).decided_at - timedelta(days=1)
    job.images.filter(pk=first.pk).update(decided_at=long_ago)
    page_queue.create_pages(job.pk, by=ann)
    assert state(job) == [KEPT, KEPT]
    assert job.images.get(pk=first.pk).decided_at == long_ago


def test_keep_one_and_drop_the_others_is_one_step(ann):
    job = make_job(3, status="completed")
    first, second, third = job.images.values_list("pk", flat=True)
    decide(job.pk, [third], keep=False, by=ann)
    assert decide_each(job.pk, {first: False, second: True, third: False}, by=ann) == 2
    assert state(job) == [DROPPED, KEPT, DROPPED]
    changes.undo_last(job.pk, by=ann)
    assert state(job) == [UNDECIDED, UNDECIDED, DROPPED]
