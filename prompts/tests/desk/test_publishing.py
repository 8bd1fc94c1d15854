"""Approved pages go out now or later, and come back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from bulk_admin.testing.factories import make_user
from prompts.models import Prompt
from prompts.services import trash
from prompts.services.desk import publishing, reviewing, undoing
from prompts.services.desk.editing import Edit, save
from prompts.services.desk.texts import seen
from prompts.tests.making import make_page, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("local_files")]


@pytest.fixture
def ada():
    return make_user("ada", "prompts.publish")


def approved(n: int, by, **changes) -> Prompt:
    page = make_page(n, is_stored=True, **{"status": "draft", "published": None, **changes})
    reviewing.approve({page.pk: seen(page)}, by=by)
    return now(page)


def now(page: Prompt) -> Prompt:
    return Prompt.everything.get(pk=page.pk)


def edit(page: Prompt, by) -> None:
    assert save("title", [Edit(page.pk, f"{page.title}, edited", page.title)], by=by)[0].text


def test_what_is_approved_is_published_and_the_rest_says_why_not(ada):
    page, doubtful = approved(1, ada), approved(2, ada, is_placeholder=True)
    unread = make_page(3, status="draft", published=None)
    reasons = publishing.publish([page.pk, doubtful.pk, unread.pk, 404], by=ada)
    assert reasons == {page.pk: "", doubtful.pk: "", unread.pk: publishing.NOT_APPROVED}
    work()
    assert [now(each).status for each in (page, doubtful, unread)] == [
        *["published"] * 2,
        "draft",
    ]
    assert LogEntry.objects.filter(user=ada, change_message="Publishing requested.").count() == 2


def test_a_left_over_that_came_after_the_approval_is_not_published(ada):
    page = approved(1, ada)
    save("title", [Edit(page.pk, "A fox in {season}", page.title)], by=ada)
    assert "{season}" in publishing.publish([page.pk], by=ada)[page.pk]
    assert now(page).publish_at is None


def test_a_spread_publishes_each_at_its_time_and_can_be_stopped_and_go_on(ada):
    soon, later = approved(1, ada), approved(2, ada)
    at = {soon.pk: timezone.now(), later.pk: timezone.now() + dt.timedelta(days=1)}
    publishing.publish(list(at), by=ada, at=at)
    work()
    assert (now(soon).status, now(later).status) == ("published", "draft")
    assert publishing.stop([soon.pk, later.pk], by=ada) == 1
    assert now(later).publish_at is None
    assert undoing.undo_last({later.pk}, by=ada).put_back == [str(later.pk)]
    assert now(later).publish_at == at[later.pk]


def test_undo_takes_back_what_nobody_edited_since(ada):
    page, touched = approved(1, ada), approved(2, ada)
    publishing.publish([page.pk, touched.pk], by=ada)
    work()
    edit(now(touched), make_user("ben"))
    undone = undoing.undo_last({page.pk}, by=ada)
    assert (undone.put_back, undone.left) == ([str(page.pk)], [str(touched.pk)])
    assert (now(page).status, now(touched).status) == ("draft", "published")
    assert undoing.sentence(undone) == "Undone: publishing. 1 left as it is: changed since."


def test_unpublishing_spares_what_was_edited_and_can_be_undone(ada):
    page, touched = approved(1, ada), approved(2, ada)
    publishing.publish([page.pk, touched.pk], by=ada)
    work()
    edit(now(touched), ada)
    assert publishing.unpublish([page.pk, touched.pk], by=ada) == ([page.pk], [touched.pk])
    assert (now(page).status, now(page).is_approved) == ("draft", True)
    undoing.undo_last({page.pk}, by=ada)
    work()
    assert now(page).status == "published"


def test_what_is_thrown_away_meanwhile_is_not_published(ada):
    page = approved(1, ada)
    trash.move_to_trash([page.pk], by=ada)
    assert publishing.publish([page.pk], by=ada) == {}
    at = approved(2, ada)
    publishing.publish([at.pk], by=ada)
    trash.move_to_trash([at.pk], by=ada)
    work()
    assert (now(at).status, now(at).publish_at) == ("draft", None)
