"""The failure tray under a hand: it opens over the pictures, acts on whole groups, and empties."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.testing.factories import make_account, make_call, make_image, make_job, make_worker
from e2e.accessibility import violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(staff):
    make_worker()
    job = make_job(
        1, JobStatus.COMPLETED, account=make_account("openai"), created_by=staff, stored=True
    )
    for prompt in ("A duel at dawn", "A famous singer"):
        make_image(job, ImageStatus.FAILED, prompt_text=prompt, attempt=1)
    make_image(job, ImageStatus.FAILED, error_code="overloaded", attempt=1)
    make_call(make_image(job, ImageStatus.UNKNOWN, attempt=1), "unknown")
    return job


@pytest.fixture
def tray(staff_page, job):
    """Opened, with its groups."""
    staff_page.goto(job.get_absolute_url())
    staff_page.locator("#open-tray").click()
    tray = staff_page.locator("#tray")
    expect(tray.get_by_role("heading", name="4 pictures were not made")).to_be_visible()
    return tray


def test_it_empties_as_a_person_decides_and_takes_a_step_back(staff_page, tray):
    assert violations(staff_page) == []
    blocked = tray.get_by_role("heading", name=re.compile("Blocked"))
    tray.locator("#dismiss-blocked").click()
    expect(blocked).to_have_count(0)
    expect(staff_page.locator("#tray-count")).to_have_text(re.compile("2 not made"))
    staff_page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(blocked).to_be_visible()
    for name in ("accept_as_lost-unknown", "retry-down"):
        tray.locator(f"#{name}").click()
        expect(tray.locator(f"#{name}")).to_have_count(0)
    tray.locator("#dismiss-blocked").click()
    expect(staff_page.locator("#open-tray")).to_be_hidden()
    expect(staff_page.locator("#create-pages")).to_be_focused()


def test_a_group_is_reworded_in_one_table(staff_page, tray, job):
    tray.locator("#reword-blocked").click()
    dialog = staff_page.get_by_role("dialog")
    fields = dialog.get_by_role("textbox")
    expect(fields).to_have_count(2)
    assert violations(staff_page) == []
    fields.first.fill(" ")
    fields.last.fill("A calm sea")
    dialog.get_by_role("button", name=re.compile("^Generate what I changed")).click()
    expect(dialog.get_by_role("alert")).to_contain_text("The prompt is empty")
    expect(fields.last).to_have_value("A calm sea")
    fields.first.fill("A duel at dawn")
    dialog.get_by_role("button", name=re.compile("^Generate what I changed")).click()
    expect(dialog).to_be_hidden()
    expect(staff_page.locator("#tray-count")).to_have_text(re.compile("3 not made"))
    assert job.images.get(parent__isnull=False).prompt_text == "A calm sea"


def test_escape_closes_it_and_gives_the_focus_back(staff_page, tray):
    tray.locator("#dismiss-down").focus()
    staff_page.keyboard.press("Escape")
    expect(tray.locator("#tray-panel")).to_be_hidden()
    expect(staff_page.locator("#open-tray")).to_be_focused()
