"""The dialogs that publish, spread, stop and take back."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from bulk_admin.testing.factories import make_user
from prompts.admin.desk.calendar import weeks_of
from prompts.models import Prompt
from prompts.tests.desk.test_reading import DESK, EDITOR, JOB, draft, now, text_of
from prompts.tests.making import make_page, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("local_files")]
WISHES = {"per_day": 2, "first": "09:00", "last": "17:00", "weekdays": [*"0123456"], "mixed": "on"}


@pytest.fixture
def publisher(client):
    user = make_user("ada", *EDITOR, "prompts.publish")
    client.force_login(user)
    return user


@pytest.fixture
def approved(publisher):
    own = {"is_stored": True, "reviewed_by": publisher, "reviewed_at": timezone.now()}
    return [draft(n, **own) for n in range(3)]


def start() -> str:
    return (timezone.localdate() + dt.timedelta(days=3)).isoformat()


def preview(client, sent: dict) -> str:
    query = urlencode(sent, doseq=True)
    return text_of(client.get(f"{DESK}spread/?job={JOB}&preview=1&{query}"))


def messages_of(client) -> str:
    return text_of(client.get(f"{DESK}?job={JOB}"))


def test_publishing_asks_and_says_what_it_leaves(client, approved):
    Prompt.objects.filter(pk=approved[0].pk).update(title="A fox in {season}")
    asked = text_of(client.get(f"{DESK}publish/?job={JOB}"))
    assert "<b>2 approved drafts</b>" in asked
    assert "Its title still has “{season}”." in asked
    assert "Publish 2 pages" in asked
    answer = client.post(f"{DESK}publish/?job={JOB}")
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert "2 will be published by the worker. 1 not: Its title" in messages_of(client)
    work()
    assert [now(page).status for page in approved] == ["draft", "published", "published"]


def test_only_the_marked_ones_are_published(client, approved):
    client.post(f"{DESK}publish/?job={JOB}", {"marked": f"{approved[1].pk},"})
    assert [bool(now(page).publish_at) for page in approved] == [False, True, False]


def test_a_spread_shows_its_days_before_and_is_stopped_after(client, approved):
    asked = text_of(client.get(f"{DESK}spread/?job={JOB}"))
    assert "Spread 3 pages over days" in asked
    assert "UTC" in asked
    shown = preview(client, {**WISHES, "start": start()})
    assert "2 days" in shown
    assert "<b>2</b>" in shown
    client.post(f"{DESK}spread/?job={JOB}", {**WISHES, "start": start()})
    times = [timezone.localtime(now(page).publish_at) for page in approved]
    assert [at.strftime("%H:%M") for at in times] == ["09:00", "17:00", "09:00"]
    assert times[0].date().isoformat() == start()
    assert "Will be published" in text_of(client.get(f"{DESK}?job={JOB}"))
    assert "<b>3 pages</b>" in text_of(client.get(f"{DESK}stop/?job={JOB}"))
    client.post(f"{DESK}stop/?job={JOB}")
    assert not Prompt.objects.exclude(publish_at=None).exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"per_day": 0}, "Pages a day"),
        ({"start": "2020-01-01"}, "from today on"),
        ({"last": "09:00"}, "later than the first"),
        ({"weekdays": []}, "On: This field is required"),
        ({"first": "9 o'clock"}, "From"),
    ],
)
def test_a_spread_that_cannot_be_is_told_and_schedules_nothing(client, approved, wrong, told):
    sent = {**WISHES, "start": start(), **wrong}
    assert told in preview(client, sent)
    assert told in text_of(client.post(f"{DESK}spread/?job={JOB}", sent))
    assert not Prompt.objects.exclude(publish_at=None).exists()


def test_unpublishing_spares_what_was_edited_since(client, publisher):
    make_page(1, job_ref=JOB, edited_at=timezone.now() + dt.timedelta(minutes=1))
    back = make_page(2, job_ref=JOB)
    asked = text_of(client.get(f"{DESK}unpublish/?job={JOB}"))
    assert "<b>1 page</b>" in asked
    assert "1 will stay: edited since it was published." in asked
    client.post(f"{DESK}unpublish/?job={JOB}")
    assert list(Prompt.objects.filter(status="draft")) == [back]
    assert "1 unpublished" in messages_of(client)


def test_who_may_not_publish_is_offered_nothing(client, approved):
    client.force_login(make_user("ben", *EDITOR))
    text = text_of(client.get(f"{DESK}?job={JOB}"))
    assert "Spread" not in text
    for name in ("publish", "spread", "stop", "unpublish"):
        assert client.get(f"{DESK}{name}/?job={JOB}").status_code == 403
        assert client.post(f"{DESK}{name}/?job={JOB}").status_code == 403


def test_a_calendar_has_whole_weeks():
    friday = dt.date(2026, 11, 27)
    weeks = weeks_of([friday, friday, friday + dt.timedelta(days=3)], dt.date(2026, 11, 25))
    assert [len(week) for week in weeks] == [7, 7]
    assert weeks[0][0].date == dt.date(2026, 11, 23)
    assert [day.pages for day in weeks[0]] == [0, 0, 0, 0, 2, 0, 0]
    assert [day.is_past for day in weeks[0]][:3] == [True, True, False]
