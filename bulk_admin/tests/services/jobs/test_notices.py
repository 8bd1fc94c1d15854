"""One mail for each job that took long or needs a person, and none that breaks anything."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from bulk_admin import tasks
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.services.jobs import notices
from bulk_admin.services.person_settings import Name, remember
from bulk_admin.testing.factories import make_job, make_user

pytestmark = pytest.mark.django_db
TWICE = 2 * notices.LONG


@pytest.fixture(autouse=True)
def site(settings):
    settings.BULK = settings.BULK | {"SITE_URL": "https://pictures.example/"}


@pytest.fixture
def anna():
    return make_user("anna", email="anna@example.com")


@pytest.fixture
def job(anna):
    return ended(anna)


def ended(by, status=JobStatus.COMPLETED, *, took=TWICE, ago=dt.timedelta(), **fields):
    finished = timezone.now() - ago
    times = {"created": finished - took, "started": finished - took, "finished": finished}
    job = make_job(["A secret garden"], status, created_by=by)
    BulkGenerationJob.objects.filter(pk=job.pk).update(**{**times, **fields})
    return job


def test_it_says_name_counts_money_and_address_and_nothing_of_a_prompt(anna):
    job = ended(anna, name="Fjords", spent=1_250_000, estimate=1_300_000, pages_created=1)
    tasks.tick()
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["anna@example.com"], "Complete: Fjords")
    assert "1 of 1 ready." in sent.body
    assert "Spent: $1.25 of about $1.30." in sent.body
    assert "1 page created." in sent.body
    assert f"\nhttps://pictures.example{job.get_absolute_url()}\n" in sent.body
    assert "secret garden" not in sent.body


def test_a_job_is_told_once(job):
    assert [notices.send_due(), notices.send_due()] == [1, 0]
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_send_one(job):
    def send(_):
        try:
            return notices.send_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(send, range(16))) == 1
    assert len(mail.outbox) == 1


def test_a_crash_after_the_claim_loses_the_mail_and_sends_no_second(job, monkeypatch):
    with monkeypatch.context() as crashing:
        crashing.setattr(notices, "message", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            notices.send_due()
    assert notices.send_due() == 0
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"took": dt.timedelta(seconds=50)}, False),
        ({"took": dt.timedelta(seconds=50), "pages_failed": 1}, True),
        ({"took": dt.timedelta(seconds=50), "status": JobStatus.FAILED}, True),
        ({"status": JobStatus.CANCELLED}, False),
        ({"status": JobStatus.PROCESSING, "finished": None}, False),
        ({"status": JobStatus.PAUSED, "finished": None, "status_reason": "paused"}, False),
        ({"status": JobStatus.PAUSED, "finished": None, "status_reason": "breaker"}, True),
        ({"pages_open": 1}, False),
        ({"ago": dt.timedelta(days=2)}, False),
        ({"deleted_at": timezone.now()}, False),
    ],
)
def test_long_ones_trouble_and_stops_are_told_while_they_are_news(anna, fields, is_told):
    ended(anna, **fields)
    assert notices.send_due() == is_told


def test_whoever_left_switched_it_off_or_has_no_address_gets_none():
    off = make_user("off", email="off@example.com")
    remember(off, Name.MAIL_NOTICES, "off")
    ended(off)
    ended(make_user("gone", email="gone@example.com", is_active=False))
    ended(make_user("plain"))
    ended(None)
    assert notices.send_due() == 0
    assert mail.outbox == []


def test_a_forged_name_stays_a_name(anna):
    ended(anna, name="Fjords\r\nBcc: all@example.com\n\n<b>Hello</b>")
    tasks.tick()
    [sent] = mail.outbox
    assert sent.subject == "Complete: Fjords Bcc: all@example.com <b>Hello</b>"
    assert sent.recipients() == ["anna@example.com"]
    assert sent.message().get_content_type() == "text/plain"


def test_a_mail_server_that_fails_is_logged_and_the_next_job_is_told(anna, caplog, monkeypatch):
    first = ended(anna, name="First", took=2 * TWICE)
    ended(anna, name="Second")
    made = notices.message
    monkeypatch.setattr(
        notices,
        "message",
        lambda job, address: (
            Mock(send=Mock(side_effect=OSError("no route")))
            if job.pk == first.pk
            else made(job, address)
        ),
    )
    tasks.tick()
    assert [sent.subject for sent in mail.outbox] == ["Complete: Second"]
    assert "a notice could not be sent" in caplog.text
    assert BulkGenerationJob.objects.filter(notified_at=None).count() == 0


def test_without_an_address_of_the_site_none_is_sent_or_claimed(job, settings):
    settings.BULK = settings.BULK | {"SITE_URL": ""}
    assert notices.send_due() == 0
    job.refresh_from_db()
    assert job.notified_at is None
