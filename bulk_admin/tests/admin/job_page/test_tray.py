"""The failure tray: what was not made, by cause, with what helps a whole group, at its price."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from bulk_admin.admin.job_page import tray
from bulk_admin.causes import Cause
from bulk_admin.codes import Code
from bulk_admin.models import ImageStatus, JobStatus, ProviderAccount
from bulk_admin.services import changes
from bulk_admin.services.jobs import downloads
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.testing.factories import make_account, make_call, make_image, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(staff):
    return make_job(1, JobStatus.COMPLETED, account=make_account("openai"), created_by=staff)


@pytest.fixture
def page(client, staff):
    client.force_login(staff)
    return client


def failed(job, code=Code.BLOCKED, **fields):
    fields = {"attempt": 1, "error_code": code, **fields}
    return make_image(job, ImageStatus.FAILED, **fields)


def unknown(job, **fields):
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1, **fields)
    make_call(image, "unknown")
    return image


def address(job, name="tray", *parts):
    return reverse(f"admin:bulk_admin_bulkgenerationjob_{name}", args=[job.pk, *parts])


def press(page, job, action, *images):
    return page.post(address(job, "tray_press", action), {"group": tray.written(images)})


def said(response):
    return json.loads(response["HX-Trigger"])["bulk:say"]


def shown(page, job):
    """What the tray holds: cause -> what its presses say."""
    groups = page.get(address(job)).context["groups"]
    return {group.cause: [press.label for press in group.presses] for group in groups}


def not_made(response):
    return int(re.search(r"(\d+) not made", response.content.decode())[1])


def test_each_cause_has_what_helps_it(page, job):
    failed(job), failed(job, Code.OVERLOADED), failed(job, Code.BAD_REQUEST)
    failed(job, Code.PROVIDER_ERROR), failed(job, Code.UNDECODABLE), unknown(job)
    make_image(job, ImageStatus.CANCELLED)
    assert shown(page, job) == {
        Cause.BLOCKED: ["Reword 1…", "Open as new job", "Dismiss"],
        Cause.DOWN: ["Retry 1", "Dismiss"],
        Cause.UNKNOWN: ["Buy again", "Mark as lost"],
        Cause.BAD_REQUEST: ["Open as new job", "Dismiss"],
        Cause.OTHER: ["Retry 1", "Reword 2…", "Open as new job", "Dismiss"],
        Cause.CANCELLED: ["Generate 1", "Open as new job", "Dismiss"],
    }
    assert not_made(page.get(job.get_absolute_url())) == 7


def test_what_costs_says_what_the_whole_group_costs(page, job):
    one, many = unknown(job), [failed(job, Code.OVERLOADED) for _ in range(3)]
    by_action = {
        press.action: press for group in tray.groups(job.created_by, job) for press in group.presses
    }
    prices = tray.Prices(job)
    assert by_action["retry"].price == prices.text(many) != prices.text(many[:1]) != ""
    assert by_action["buy_again"].price == prices.text([one])
    assert not by_action["dismiss"].price and not by_action["accept_as_lost"].price
    html = page.get(address(job)).content.decode()
    assert re.search(rf"Retry 3 · {re.escape(prices.text(many))}", html)


def test_a_press_answers_with_what_changed_and_empties_the_tray(page, job):
    down, unclear = failed(job, Code.NOT_SENT), unknown(job)
    answer = press(page, job, "retry", down)
    assert said(answer)["text"] == "1 picture queued again."
    assert not_made(answer) == 1 and f'id="tile-{down.pk}"' in answer.content.decode()
    assert said(press(page, job, "retry", down))["text"] == "Already done: nothing changed."
    answer = press(page, job, "accept_as_lost", unclear)
    assert said(answer)["text"] == "1 picture marked as lost." and not_made(answer) == 0
    assert "data-empty" in answer.content.decode() and shown(page, job) == {}


def test_bought_again_books_both_calls_and_a_second_press_none(page, job):
    images = [unknown(job), unknown(job)]
    answer = said(press(page, job, "buy_again", *images))
    assert answer["text"] == "2 pictures bought again: both calls are booked."
    assert "Already done" in said(press(page, job, "buy_again", *images))["text"]


def test_what_is_dismissed_can_be_undone_where_it_was_pressed(page, job):
    blocked = failed(job)
    answer = said(press(page, job, "dismiss", blocked))
    assert (answer["text"], answer["undo"]) == ("1 picture dismissed.", True)
    assert shown(page, job) == {}
    changes.undo_last(job.pk, by=job.created_by)
    assert list(shown(page, job)) == [Cause.BLOCKED]


@pytest.mark.parametrize("group", ["", "x", "1", "1:", ":1", "9" * 30 + ":1"])
def test_a_press_without_pictures_does_nothing(page, job, group):
    failed(job, Code.OVERLOADED)
    answer = page.post(address(job, "tray_press", "retry"), {"group": group})
    assert "Already done" in said(answer)["text"] and list(shown(page, job)) == [Cause.DOWN]
    assert page.post(address(job, "tray_press", "delete")).status_code == 404


def test_the_table_orders_what_was_changed(page, job):
    first, second = failed(job), failed(job)
    form = page.get(address(job, "tray_reword", "blocked"))
    assert form.content.decode().count("<textarea") == 2
    typed = {f"prompt-{first.pk}": "A calm sea", f"prompt-{second.pk}": second.prompt_text}
    sent = {"group": form.context["group"], **typed}
    answer = page.post(address(job, "tray_reword", "blocked"), sent)
    assert said(answer)["text"] == "1 reworded prompt queued."
    assert job.images.get(parent=first).prompt_text == "A calm sea"
    again = page.post(address(job, "tray_reword", "blocked"), sent)
    assert said(again)["text"] == "No prompt was changed: nothing was bought."
    assert page.get(address(job, "tray_reword", "odd")).status_code == 404


def test_a_prompt_that_is_refused_leaves_the_table_open_with_what_was_typed(page, job):
    first, second = failed(job), failed(job)
    typed = {f"prompt-{first.pk}": "A calm sea", f"prompt-{second.pk}": " "}
    group = tray.written([first, second])
    answer = page.post(address(job, "tray_reword", "blocked"), {"group": group, **typed})
    assert answer["HX-Retarget"] == "#ask-body"
    html = answer.content.decode()
    assert "A calm sea</textarea>" in html and "The prompt is empty. Nothing was bought." in html
    assert not job.images.filter(parent__isnull=False).exists()


def test_a_group_opens_as_a_new_job_with_its_prompts(page, job):
    failed(job, prompt_text="A duel"), failed(job, prompt_text="A duel")
    failed(job, Code.BAD_REQUEST, prompt_text="A calm sea")
    add = reverse("admin:bulk_admin_bulkgenerationjob_add")
    html = page.get(address(job)).content.decode()
    link = f"{add}?from={job.pk}&prompts=blocked"
    assert link.replace("&", "&amp;") in html
    assert page.get(link).context["form"]["prompts"].initial == "A duel"


def test_a_server_is_allowed_before_the_group_is_downloaded_from_it(page, job, superuser):
    page.force_login(superuser)
    waiting = unknown(job, download_host="files.example")
    assert shown(page, job)[Cause.NOT_FETCHED][0] == "Allow files.example"
    ProviderAccount.objects.filter(pk=job.account_id).update(
        options={"download_hosts": ["files.example"]}
    )
    assert shown(page, job)[Cause.NOT_FETCHED][0] == "Download 1 again"
    assert f"{waiting.pk}:1" in page.get(address(job)).content.decode()


def test_downloads_stop_where_the_server_does_not_answer(page, job, superuser, monkeypatch):
    page.force_login(superuser)
    images = [unknown(job) for _ in range(3)]
    asked = []

    def download(job_id, image_id, **_):
        asked.append(image_id)
        if len(asked) == 2:
            raise downloads.DownloadFailed("The server is down.")
        return Decided.ADOPTED

    monkeypatch.setattr(downloads, "download_again", download)
    answer = said(press(page, job, "download_again", *images))
    assert answer["text"] == "1 picture downloaded: nothing was bought. The server is down."
    assert asked == [image.pk for image in images[:2]]
