"""The review sheet in a browser: views that hide rows, and an edit that is open when Generate is pressed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bulk_admin.models import GeneratedImage, JobStatus
from bulk_admin.tests.factories import make_job
from e2e.pages import SheetPage


@pytest.fixture
def job(staff):
    job = make_job(["A lighthouse", "A desk with {season} flowers", "A castle"], JobStatus.DRAFT, created_by=staff)
    GeneratedImage.objects.filter(job=job, position=2).update(flags=[{"code": "placeholder", "text": "left-over {season}"}])
    GeneratedImage.objects.filter(job=job, position=3).update(included=False)
    return job


@pytest.fixture
def sheet(staff_page, job):
    staff_page.goto(job.get_absolute_url())
    return SheetPage(staff_page)


@pytest.mark.parametrize(("view", "text"), [("Flagged", "A desk with {season} flowers"), ("Off", "A castle")])
def test_a_prompt_is_edited_where_it_was_clicked_in_every_view(sheet, view, text):
    sheet.page.get_by_role("button", name=view).click()
    expect(sheet.rows.filter(visible=True)).to_have_count(1)
    sheet.page.get_by_role("button", name=text).click()

    expect(sheet.editor()).to_be_visible()
    expect(sheet.editor()).to_be_focused()
    expect(sheet.page.get_by_text("No row is")).to_have_count(2)
    expect(sheet.page.get_by_text("No row is").filter(visible=True)).to_have_count(0)


@pytest.mark.parametrize("view", ["Flagged", "Off"])
def test_no_view_hides_the_price(sheet, view):
    sheet.page.get_by_role("button", name=view).click()

    expect(sheet.bill.get_by_role("row", name="Estimate")).to_be_visible()
    expect(sheet.bill.get_by_role("row", name="Turned off")).to_be_visible()
