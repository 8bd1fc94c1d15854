"""What zoom says beside a picture."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from bulk_admin.admin.job_page.about import Words, around, word_changes
from bulk_admin.models import CallState, ImageStatus, JobStatus
from bulk_admin.testing.factories import make_call, make_image, make_job, make_user

pytestmark = pytest.mark.django_db


def address(image):
    return reverse("admin:bulk_admin_bulkgenerationjob_about", args=[image.job_id, image.pk])


@pytest.fixture
def image(staff):
    job = make_job(0, JobStatus.COMPLETED, created_by=staff, prompt_suffix="35 mm film")
    return make_image(
        job,
        ImageStatus.COMPLETED,
        prompt_text="A fox on a hill.",
        revised_prompt="A red fox on a hill, 35 mm film",
        cost=13_200,
        seconds=9,
    )


def test_it_tells_what_was_sent_revised_paid_and_tried(client, staff, image):
    early = timezone.now() - dt.timedelta(minutes=1)
    make_call(image, CallState.REFUSED, sent_at=early, error_code="rate_limited")
    make_call(image, CallState.DELIVERED, actual=13_200, person_label="sam")
    client.force_login(staff)
    page = client.get(address(image)).content.decode()

    assert 'A fox on a hill<span class="quiet">, 35 mm film</span' in page
    assert "<ins>red</ins>" in page
    assert page.index("not billed") < page.index("Picture made")
    assert page.count("$0.0132") == 2  # the picture's, and its call's
    assert "<bdi>sam</bdi>" in page


def test_more_calls_take_no_more_queries(client, staff, image, django_assert_num_queries):
    client.force_login(staff)
    for _ in range(6):
        make_call(image)
    with django_assert_num_queries(7):  # session, user, two of permissions; job, picture, calls
        client.get(address(image))


@pytest.mark.parametrize(("permissions", "status"), [((), 403), (("view_bulkgenerationjob",), 200)])
def test_it_is_for_who_may_see_the_job(client, image, permissions, status):
    client.force_login(make_user("guest", *(f"bulk_admin.{each}" for each in permissions)))
    assert client.get(address(image)).status_code == status


def test_a_picture_of_another_job_is_not_told_of(client, staff, image):
    client.force_login(staff)
    other = make_image(make_job(0, JobStatus.COMPLETED))
    args = [image.job_id, other.pk]
    assert (
        client.get(reverse("admin:bulk_admin_bulkgenerationjob_about", args=args)).status_code
        == 404
    )


def test_a_text_that_is_all_its_own_has_nothing_around_it():
    assert around("A fox.", "A fox.").is_as_written
    assert around("The hero. A fox, on film", "A fox.").after == ", on film"


def test_changes_are_told_by_the_word():
    assert word_changes("a grey fox runs", "a fox sleeps") == [
        Words("same", "a"),
        Words("del", "grey"),
        Words("same", "fox"),
        Words("del", "runs"),
        Words("ins", "sleeps"),
    ]
    assert word_changes("a", "") == []
    long = "word " * 5000
    assert word_changes(long, "a " + long) == [Words("same", "a " + long)]
