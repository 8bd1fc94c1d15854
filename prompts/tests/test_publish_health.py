"""The health page of staff says how publishing stands."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from bulk_admin.adapter import private
from bulk_admin.testing.factories import end_a_task
from prompts.models import Prompt
from prompts.services import page_files, publish_health, publish_queue, publish_worker

from .making import make_page, publish_now, work

pytestmark = pytest.mark.django_db


def draft(n=1, **changes):
    return make_page(n, is_stored=True, status="draft", published=None, **changes)


def told():
    return {fact.name: (fact.state, fact.value) for fact in publish_health.facts()}


def test_nothing_to_tell_is_good(local_files):
    make_page(1)
    draft(2)
    assert set(told().values()) == {("ok", "none")}


def test_due_pages_are_counted_and_late_ones_need_attention(local_files):
    publish_queue.request_publishing([draft(1), draft(2)], None)
    draft(3, publish_at=timezone.now() + dt.timedelta(hours=1))
    state, value = told()["To be published now"]
    assert state == "ok"
    assert value.startswith("2, the oldest for ")
    Prompt.objects.filter(slug="red-fox-1").update(
        publish_at=timezone.now() - dt.timedelta(minutes=10)
    )
    assert told()["To be published now"] == ("bad", "2, the oldest for 10 min")
    work()
    assert told()["To be published now"] == ("ok", "none")


def test_pages_that_are_held_back_are_told_by_reason(local_files):
    for n in (1, 2):
        page = draft(n)
        publish_queue.request_publishing([page], None)
        Prompt.objects.filter(pk=page.pk).update(is_placeholder=True)
    page = draft(3)
    publish_queue.request_publishing([page], None)
    Prompt.objects.filter(pk=page.pk).update(moderation="flagged")
    work()
    assert told()["Held back"] == (
        "note",
        "2: Its picture is a placeholder.; 1: Moderation stopped it.",
    )
    assert told()["Last failure"] == ("ok", "none")


def test_the_last_failure_is_told_with_its_page_and_time(local_files):
    earlier, last = draft(1), draft(2)
    for page in (earlier, last):
        private.delete(page.draft_folder + page_files.name_of(page.image))
        publish_now(page)
    state, value = told()["Last failure"]
    assert state == "note"
    assert re.fullmatch(rf"page {last.pk}, \d+ s ago: {publish_worker.MISSING}", value)


def test_pictures_that_are_still_public_are_counted():
    make_page(1, status="draft", has_public_copy=True)
    assert told()["Pictures still to leave the public web"] == ("note", "of 1")


def test_it_stands_on_the_health_page(admin_client, local_files):
    end_a_task(timezone.now())
    publish_queue.request_publishing([draft(1)], None)
    Prompt.objects.update(publish_at=timezone.now() - dt.timedelta(minutes=10))
    answer = admin_client.get(reverse("admin:bulk_admin_bulkgenerationjob_health"))
    assert answer.status_code == 503
    assert "To be published now" in answer.content.decode()
    assert "1, the oldest for 10 min" in answer.content.decode()
