"""The front page: what needs attention, what runs, what was spent and what was made."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bulk_admin.models import (
    BulkGenerationJob,
    ImageStatus,
    JobStatus,
    PageStatus,
    Spend,
    Worker,
)
from bulk_admin.selectors import front_page
from bulk_admin.testing.factories import make_image, make_job, make_page, make_user
from prompts.tests import making

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(client, superuser):
    client.force_login(superuser)
    return lambda: client.get("/admin/").context["today"]


def needs(today):
    return {need.what: (need.count, need.which) for need in today().needs}


def test_a_quiet_day_needs_nobody(client, superuser):
    client.force_login(superuser)
    assert "Nothing needs attention." in client.get("/admin/").content.decode()


def test_drafts_wait_until_they_are_published_or_about_to_be(today):
    making.make_page(1, status="draft")
    making.make_page(2, status="draft", publish_at=timezone.now())
    making.make_page(3)
    making.make_page(4, status="draft", reviewed_at=timezone.now())
    assert needs(today)["draft to review"][0] == 1


def test_pictures_wait_until_they_are_decided_or_have_a_page(today):
    job = make_job(2, JobStatus.COMPLETED, name="Fjords")
    make_image(job, decided_at=timezone.now())
    make_image(job, page_status=PageStatus.CREATED)
    make_image(job, ImageStatus.FAILED)
    make_image(make_job(0, JobStatus.PROCESSING))
    assert needs(today)["pictures to decide"] == (2, "Fjords (2)")
    need = next(need for need in today().needs if need.what == "pictures to decide")
    assert need.url == f"{job.get_absolute_url()}?show=to-decide"


def test_unknown_outcomes_and_failed_jobs_are_told_with_their_jobs(today):
    make_image(make_job(0, JobStatus.PROCESSING, name="Fjords"), ImageStatus.UNKNOWN)
    make_job(1, JobStatus.FAILED, name="Volcanoes")
    found = needs(today)
    assert found["unknown outcome"][0] == 1
    assert found["unknown outcome"][1].startswith("Fjords (1)")
    assert found["failed job"] == (1, "Volcanoes")


def test_what_nobody_looked_at_for_a_month_is_no_longer_told(today):
    job = make_job(1, JobStatus.FAILED)
    long_ago = timezone.now() - front_page.STILL_NEWS - dt.timedelta(hours=1)
    BulkGenerationJob.objects.filter(pk=job.pk).update(created=long_ago)
    assert needs(today) == {}


def test_a_running_job_says_how_far_it_is_and_a_paused_one_why(today):
    make_job(3, JobStatus.PROCESSING, name="Running", spent=330_000, estimate=1_020_000)
    make_job(1, JobStatus.PAUSED, name="Paused", status_reason="job_cap")
    paused, running = today().running
    assert running.numbers == "0 of 3 · $0.33 of $1.02"
    assert running.waits_for == ""
    assert "budget cap is reached" in paused.waits_for


def test_recent_jobs_have_their_pictures(today):
    make_job(4, JobStatus.COMPLETED, stored=True, name="Ended")
    make_job(1, JobStatus.DRAFT)
    [recent] = today().recent
    assert recent.job.name == "Ended"
    assert len(recent.pictures) == front_page.PICTURES_OF_A_JOB


def test_spend_stands_against_the_caps_of_the_platform_s_accounts(today, placeholder_account):
    account = placeholder_account
    account.day_cap, account.month_cap = 10_000_000, None
    account.save()
    day = timezone.now().astimezone(dt.UTC).date()
    Spend.objects.create(scope="account", key=str(account.pk), day=day, spent=1_840_000)
    first, month = today().spend.amounts
    assert (first.label, first.spent, first.cap, first.share) == ("Today", "$1.84", "$10.00", 18)
    assert (month.spent, month.cap, month.share) == ("$1.84", "", None)


def test_the_morning_s_note_counts_drafts_jobs_and_yesterday_s_money(
    today, placeholder_account, client
):
    assert today().note == ""
    making.make_page(1, status="draft")
    making.make_page(2, status="draft")
    make_job(1, JobStatus.FAILED)
    make_job(1, JobStatus.PAUSED, status_reason="paused")
    make_job(1, JobStatus.PAUSED, status_reason="breaker")
    unknown = make_job(0, JobStatus.FAILED)
    make_image(unknown, ImageStatus.UNKNOWN)
    key, utc_day = str(placeholder_account.pk), timezone.now().astimezone(dt.UTC).date()
    for days, spent in (0, 1_000_000), (1, 8_400_000), (2, 2_000_000):
        day = utc_day - dt.timedelta(days=days)
        Spend.objects.create(scope="account", key=key, day=day, spent=spent)
    assert today().note == "2 drafts to review, 3 jobs need attention, $8.40 yesterday"
    client.force_login(make_user("nobody"))
    assert client.get("/admin/").context["today"].note == ""


def test_who_sees_neither_jobs_nor_pages_sees_nothing_of_them(client):
    make_page()
    make_job(1, JobStatus.FAILED, name="Volcanoes")
    client.force_login(make_user("nobody"))
    page = client.get("/admin/")
    found = page.context["today"]
    assert (found.needs, found.running, found.recent) == ([], [], [])
    assert (found.spend, found.health, found.no_worker) == (None, None, False)
    assert "Volcanoes" not in page.content.decode()
    assert "New job" not in page.content.decode()


def test_it_says_when_work_waits_and_no_worker_is_there(client, staff):
    client.force_login(staff)
    job = make_job(3, JobStatus.PROCESSING)
    BulkGenerationJob.objects.filter(pk=job.pk).update(started="2020-01-01T00:00:00Z")
    page = client.get("/admin/").content.decode()
    assert "No worker has been seen" in page
    assert re.search(r'href="/admin/bulk_admin/bulkgenerationjob/add/"[^>]*>New job', page)
    Worker.objects.create(host="h", pid=1, beat_at=timezone.now())
    page = client.get("/admin/").content.decode()
    assert "No worker has been seen" not in page
    assert "Worker seen" in page


def test_it_costs_the_same_queries_however_much_there_is(client, superuser):
    client.force_login(superuser)

    def more(count):
        for _ in range(count):
            make_page()
            make_job(2, JobStatus.COMPLETED, stored=True)
            make_job(1, JobStatus.FAILED)
            make_job(1, JobStatus.PROCESSING)
            make_image(make_job(0, JobStatus.PAUSED), ImageStatus.UNKNOWN)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/").status_code == 200
        return len(queries)

    more(front_page.MOST_UNDER_WAY)
    cost()
    few = cost()
    more(front_page.MOST_UNDER_WAY)
    assert cost() == few <= 40
