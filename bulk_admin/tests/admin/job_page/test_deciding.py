"""Keep, drop and undo as the page sends them, and what a person's choices are remembered as."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from bulk_admin.models import JobStatus, PageStatus, PersonSettings
from bulk_admin.services import page_adapter
from bulk_admin.services.page_adapter import PageInfo
from bulk_admin.testing.factories import make_image, make_job, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def decide(client, staff):
    client.force_login(staff)

    def send(job, *steps):
        url = reverse("admin:bulk_admin_bulkgenerationjob_decide", args=[job.pk])
        return client.post(url, {"steps": json.dumps(steps)})

    return send


def state(job):
    found = job.images.order_by("position").values_list("selected", "decided_at")
    return ["-" if not at else "k" if kept else "d" for kept, at in found]


def told(response):
    return json.loads(response["HX-Trigger"])["bulk:say"]["text"]


def ids(*images):
    return ",".join(str(image.pk) for image in images)


def test_steps_are_done_in_their_order_and_undone_one_by_one(decide):
    job = make_job(3, JobStatus.COMPLETED)
    first, second, third = job.images.all()
    decide(job, {"keep": ids(first)}, {"keep": ids(second), "drop": ids(third)})
    assert state(job) == ["k", "k", "d"]
    assert told(decide(job, "undo")) == "Undone: 2 pictures."
    assert state(job) == ["k", "-", "-"]
    decide(job, {"drop": ids(second)}, "undo", "undo")
    assert state(job) == ["-", "-", "-"]
    assert "Nothing of yours" in told(decide(job, "undo"))


def test_keep_and_drop_send_the_wanted_state(decide):
    job = make_job(2, JobStatus.COMPLETED)
    first = job.images.first()
    for _ in range(2):
        assert decide(job, {"drop": ids(first)}).status_code == 200
    assert state(job) == ["d", "-"]
    decide(job, "undo")
    assert state(job) == ["-", "-"], "the second press was no step"


@pytest.mark.parametrize(
    "steps",
    ["", "x", "{}", '["redo"]', '[{"keep": 1}]', "[null]", "[[1]]", "[" * 5000, '["undo"]x'],
)
def test_what_is_no_list_of_decisions_is_refused(client, staff, steps):
    client.force_login(staff)
    job = make_job(1, JobStatus.COMPLETED)
    url = reverse("admin:bulk_admin_bulkgenerationjob_decide", args=[job.pk])
    assert client.post(url, {"steps": steps}).status_code == 400
    assert state(job) == ["-"]


def test_pictures_of_another_job_are_out_of_reach(decide):
    mine, other = make_job(1, JobStatus.COMPLETED), make_job(1, JobStatus.COMPLETED)
    decide(mine, {"drop": ids(other.images.get())})
    assert state(other) == ["-"]


def test_who_may_only_look_decides_nothing(client):
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    job = make_job(1, JobStatus.COMPLETED)
    url = reverse("admin:bulk_admin_bulkgenerationjob_decide", args=[job.pk])
    assert client.post(url, {"steps": '["undo"]'}).status_code == 403


# --- a dropped picture whose page is out ----------------------------------------------------------


@pytest.fixture
def with_page(monkeypatch):
    """A job whose one picture is on a page, which the site says is published."""
    job = make_job(0, JobStatus.COMPLETED)
    image = make_image(job, page_status=PageStatus.CREATED)
    out = {image.page_id: PageInfo("A quiet lighthouse", "published", is_published=True)}

    def describe(ids):
        return {key: out[key] for key in ids if key in out}

    monkeypatch.setattr(page_adapter, "describe", describe)
    return job, image


def test_dropping_it_offers_to_unpublish(decide, client, with_page, monkeypatch):
    job, image = with_page
    asked = json.loads(decide(job, {"drop": ids(image)})["HX-Trigger"])["bulk:ask"]["address"]
    assert "Unpublish 1 page" in client.get(asked).content.decode()
    taken = []
    monkeypatch.setattr(
        page_adapter, "unpublish", lambda ids, by: taken.extend(ids) or dict.fromkeys(ids, "")
    )
    act = reverse("admin:bulk_admin_bulkgenerationjob_act", args=[job.pk, "unpublish"])
    assert told(client.post(act, {"ids": ids(image)})) == "1 page unpublished."
    assert taken == [image.page_id]


def test_a_page_of_a_kept_picture_is_never_unpublished_that_way(decide, client, with_page):
    job, image = with_page
    assert "bulk:ask" not in decide(job, {"keep": ids(image)}).headers.get("HX-Trigger", "")
    act = reverse("admin:bulk_admin_bulkgenerationjob_act", args=[job.pk, "unpublish"])
    assert told(client.post(act, {"ids": ids(image)})) == "0 pages unpublished."


# --- what a person chose --------------------------------------------------------------------------


def test_a_choice_is_remembered_for_its_person(client, staff):
    client.force_login(staff)
    url = reverse("admin:bulk_admin_bulkgenerationjob_remember", args=["tile_size"])
    assert client.post(url, {"value": "l"}).status_code == 204
    job = make_job(1, JobStatus.COMPLETED)
    assert 'class="grid size-l"' in client.get(job.get_absolute_url()).content.decode()
    client.force_login(make_user("other", is_superuser=True))
    assert 'class="grid size-m"' in client.get(job.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("name", "value", "status"), [("tile_size", "xl", 400), ("rights", "all", 404)]
)
def test_only_choices_that_exist_are_remembered(client, staff, name, value, status):
    client.force_login(staff)
    url = reverse("admin:bulk_admin_bulkgenerationjob_remember", args=[name])
    assert client.post(url, {"value": value}).status_code == status
    assert not PersonSettings.objects.exists()
