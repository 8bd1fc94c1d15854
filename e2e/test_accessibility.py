"""axe-core finds nothing on the job page's five states, nor on the other pages of staff."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageModel, ImageStatus, JobStatus, PageStatus
from bulk_admin.testing.factories import make_image, make_job, make_worker
from e2e.accessibility import violations
from e2e.conftest import log_in
from prompts.tests.making import make_page

pytestmark = pytest.mark.django_db(transaction=True)


def running(staff):
    job = make_job(3, JobStatus.PROCESSING, created_by=staff)
    make_image(job, ImageStatus.GENERATING, owner=make_worker())
    make_image(job, ImageStatus.COMPLETED, stored=True)
    make_image(job, ImageStatus.COMPLETED, stored=True, selected=False)
    return job


def paused(staff):
    job = make_job(2, JobStatus.PAUSED, created_by=staff, status_reason="bad_key")
    make_image(job, ImageStatus.COMPLETED, stored=True)
    return job


def with_failures(staff):
    job = make_job(2, JobStatus.COMPLETED, created_by=staff, stored=True)
    make_image(job, ImageStatus.FAILED)
    make_image(
        job,
        ImageStatus.FAILED,
        error_code="overloaded",
        error_message="The provider was overloaded.",
    )
    make_image(
        job,
        ImageStatus.UNKNOWN,
        error_code="unknown",
        error_message="It may have been billed.",
        attempt=1,
    )
    return job


def making_pages(staff):
    job = make_job(1, JobStatus.COMPLETED, created_by=staff, stored=True)
    make_image(job, ImageStatus.COMPLETED, stored=True, page_status=PageStatus.CHECKING)
    make_image(
        job,
        ImageStatus.COMPLETED,
        stored=True,
        page_status=PageStatus.BLOCKED,
        page_error="The check flagged it: violence.",
    )
    return job


def complete(staff):
    job = make_job(1, JobStatus.COMPLETED, created_by=staff, stored=True)
    make_image(job, ImageStatus.COMPLETED, stored=True, page_status=PageStatus.CREATED)
    return job


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "state",
    [running, paused, with_failures, making_pages, complete],
    ids=lambda state: state.__name__,
)
def test_the_job_page_breaks_no_rule(new_context, staff, live_server, state, scheme):
    job = state(staff)
    context = new_context(
        color_scheme=scheme, bypass_csp=True
    )  # axe-core styles the page while it measures
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    expect(page.get_by_role("region", name="Progress")).to_be_visible()

    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_job_page_s_dialogs_break_no_rule(new_context, staff, live_server, scheme):
    job = with_failures(staff)
    context = new_context(color_scheme=scheme, bypass_csp=True)
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto(job.get_absolute_url())
    found = []
    for opener in ("#open-help", "#open-more", "#open-result", "#create-pages"):
        page.locator(opener).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        found += violations(page)
        page.keyboard.press("Escape")
    page.locator("#grid button.face").first.click()
    expect(page.locator("#zoom .stage img")).to_be_visible()

    assert found + violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_form_and_sheet_break_no_rule(new_context, staff, live_server, scheme):
    context = new_context(
        color_scheme=scheme, bypass_csp=True
    )  # axe-core styles the page while it measures
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto("/admin/bulk_admin/bulkgenerationjob/add/")
    found = violations(page)
    page.goto(make_job(3, JobStatus.DRAFT, created_by=staff).get_absolute_url())

    assert found + violations(page) == []


def test_a_broken_page_is_found(browser, live_server):
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src=x><input></main>")

    assert violations(page)
    page.close()


def staff_pages(person):
    """One of each kind of page: front page, list, cards, form, question, price table, health."""
    job = make_job(3, JobStatus.COMPLETED, created_by=person, stored=True)
    make_image(job, ImageStatus.UNKNOWN)
    make_job(2, JobStatus.PAUSED, created_by=person, status_reason="job_cap")
    page = make_page(1, status="draft", is_placeholder=True, image="", variants=[])
    model = ImageModel.objects.filter(provider="openai", kind="image").first()
    return [
        "/admin/",
        "/admin/bulk_admin/bulkgenerationjob/",
        "/admin/prompts/prompt/?status__exact=draft",
        f"/admin/prompts/prompt/{page.pk}/change/",
        f"/admin/prompts/prompt/bulk/publish/?ids={page.pk}",
        f"/admin/bulk_admin/imagemodel/{model.pk}/change/",
        f"/admin/bulk_admin/imagemodel/{model.pk}/delete/",
        "/admin/bulk_admin/bulkgenerationjob/health/",
        "/admin/login/two-factor/",
    ]


# Django's own: an inline's template has headings without words.
DJANGOS = ("empty-heading", "heading-order", "empty-table-header")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_pages_of_staff_break_no_rule(new_context, superuser, live_server, scheme, width):
    context = new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )  # axe-core styles the page while it measures
    page = context.new_page()
    page.goto("/admin/login/")
    found = {"login": violations(page)}
    log_in(context, superuser, live_server.url)
    for address in staff_pages(superuser):
        page.goto(address)
        found[address] = [each for each in violations(page) if not each.startswith(DJANGOS)]
    page.goto("/admin/prompts/prompt/")
    page.locator("#result_list .action-select").first.check()
    page.locator("#changelist-filter summary").first.click()
    found["ticked, with an open filter"] = violations(page)

    assert {address: broken for address, broken in found.items() if broken} == {}
