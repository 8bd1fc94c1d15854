"""A session ends a day after the last thing that its person did."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone
from django_q.models import Schedule

from bulk_admin.models import JobStatus
from bulk_admin.testing.factories import make_job
from prompts_manager.logins import session_age, tasks

pytestmark = pytest.mark.django_db
INDEX = "/admin/"


@pytest.fixture
def browser(client_of):
    """Logged in at the hour 0; ``browser.at(hour, address)`` says whether its session still is."""
    start = timezone.now()
    with time_machine.travel(start):
        client = client_of(is_superuser=True)

    def at(hours, address=INDEX, **how):
        with time_machine.travel(start + dt.timedelta(hours=hours), tick=False):
            return client.get(address, **how).status_code != 302

    client.at = at
    return client


def test_a_session_ends_a_day_after_the_login(browser):
    assert browser.at(23.9)
    assert not browser.at(23.9 + 24.1)


def test_each_thing_that_is_done_gives_another_day(browser):
    assert [browser.at(hours) for hours in (20, 40, 60, 83.9)] == [True] * 4
    assert not browser.at(108)


def test_polls_and_pictures_do_not_prolong_it(browser):
    job = make_job(1, JobStatus.PROCESSING)
    image = job.images.first()
    poll = reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk])
    picture = reverse("admin:bulk_admin_generatedimage_file", args=[image.pk, "thumbnail"])
    for hours in range(1, 24):
        assert browser.at(hours, poll, headers={"HX-Request": "true"})
        assert browser.at(hours, picture)
    assert not browser.at(24.1, picture)
    assert not browser.at(24.1)


def test_every_background_address_exists():
    names = {name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if name}
    assert names >= session_age.BACKGROUND


def test_it_is_written_once_in_15_minutes_at_most(browser):
    def writes(hours):
        with CaptureQueriesContext(connection) as queries:
            assert browser.at(hours)
        return sum('UPDATE "django_session"' in query["sql"] for query in queries)

    minute = 1 / 60
    assert [writes(at * minute) for at in (1, 10, 14, 16, 17, 30, 32)] == [0, 0, 0, 1, 0, 0, 1]


def test_a_session_from_before_this_rule_gets_an_end(browser):
    session = browser.session
    session.set_expiry(None)
    session.save()
    assert browser.at(0.1)
    assert not browser.at(24.2)


def test_the_cookie_ends_with_the_session(browser):
    assert browser.at(12)
    assert int(browser.cookies["sessionid"]["max-age"]) == 24 * 60 * 60


def test_a_visitor_gets_no_session(client):
    assert not client.get("/").cookies
    assert not Session.objects.exists()


def test_ended_sessions_are_deleted_by_a_daily_schedule(browser):
    schedule = Schedule.objects.get(name="clean-logins")
    assert schedule.func == f"{tasks.__name__}.clean"
    assert schedule.schedule_type == Schedule.DAILY
    tasks.clean()
    assert Session.objects.count() == 1
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        tasks.clean()
    assert not Session.objects.exists()
