"""The job page in a tab that nobody looks at: its icon, and a notification that was asked for."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bulk_admin.models import JobStatus
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.person_settings import Name, remembered
from bulk_admin.testing.factories import make_job, make_worker
from e2e.conftest import log_in
from e2e.pages import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
# Whoever drives the browser keeps every page in focus, and a notification is the system's to show.
IN_THE_BACKGROUND = """
document.hasFocus = () => false;
window.told = [];
window.Notification = new Proxy(window.Notification, {
  construct(made, [title, { body }]) {
    window.told.push(`${title}: ${body}`);
    return new EventTarget();
  },
});
"""


@pytest.fixture
def job(staff, settings):
    settings.BULK = settings.BULK | {"POLL_SECONDS": 0.3}
    make_worker()
    return make_job(
        2, JobStatus.PROCESSING, name="Fjords", created_by=staff, started=timezone.now()
    )


def test_a_job_that_ends_changes_the_icon_and_notifies_who_asked(
    new_context, live_server, staff, job
):
    context = new_context(permissions=["notifications"])
    context.add_init_script(IN_THE_BACKGROUND)
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    icon = page.locator("#badge")
    expect(icon).to_have_attribute("href", re.compile("badge-run"))
    page.get_by_role("button", name="More").click()
    page.get_by_role("checkbox", name=re.compile("^This browser tells me")).check()
    wait_until(page, lambda: remembered(staff, Name.BROWSER_NOTICES) == "on", "it is remembered")
    lifecycle.cancel(job.pk, by=None)
    expect(icon).to_have_attribute("href", re.compile("badge-off"))
    assert page.evaluate("told") == ["Fjords: Cancelled: 0 of 2 ready."]


def test_a_browser_that_does_not_allow_it_leaves_the_switch_off(
    new_context, live_server, staff, job
):
    context = new_context(permissions=[])
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    page.get_by_role("button", name="More").click()
    switch = page.get_by_role("checkbox", name=re.compile("^This browser tells me"))
    switch.click()
    expect(page.get_by_text("The browser does not allow notifications")).to_be_visible()
    expect(switch).not_to_be_checked()
    assert remembered(staff, Name.BROWSER_NOTICES) is None
