"""The review sheet in a browser: views that hide rows, and an edit that is open when Generate is
pressed.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bulk_admin.models import GeneratedImage, JobStatus
from bulk_admin.testing.factories import make_account, make_job
from e2e.pages import NewJobPage, SheetPage


@pytest.fixture
def job(staff):
    job = make_job(
        ["A lighthouse", "A desk with {season} flowers", "A castle"],
        JobStatus.DRAFT,
        created_by=staff,
    )
    GeneratedImage.objects.filter(job=job, position=2).update(
        flags=[{"code": "placeholder", "text": "left-over {season}"}]
    )
    GeneratedImage.objects.filter(job=job, position=3).update(included=False)
    return job


@pytest.fixture
def sheet(staff_page, job):
    staff_page.goto(job.get_absolute_url())
    return SheetPage(staff_page)


@pytest.mark.parametrize(
    ("view", "text"), [("Flagged", "A desk with {season} flowers"), ("Off", "A castle")]
)
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


def test_generate_waits_for_an_edit_that_is_not_saved(sheet, job):
    sheet.page.get_by_role("button", name="A desk with {season} flowers").click()
    sheet.editor().fill("A desk with autumn flowers")
    sheet.bill.get_by_role("button", name="Generate").click()

    expect(sheet.rows.get_by_role("alert")).to_have_text(
        "Row 2 is still being edited: save it or undo it first."
    )
    expect(sheet.editor()).to_be_focused()
    job.refresh_from_db()
    assert job.status == JobStatus.DRAFT

    sheet.rows.get_by_role("button", name="Save").click()
    expect(sheet.page.get_by_role("button", name="A desk with autumn flowers")).to_be_visible()
    sheet.generate()
    assert GeneratedImage.objects.filter(job=job, prompt_text="A desk with autumn flowers").exists()


def test_generate_goes_on_when_the_edit_was_undone_in_the_box(sheet):
    sheet.page.get_by_role("button", name="A desk with {season} flowers").click()
    sheet.editor().fill("A desk with autumn flowers")
    sheet.bill.get_by_role("button", name="Generate").click()
    expect(sheet.rows.get_by_role("alert")).to_be_visible()
    sheet.editor().fill("A desk with {season} flowers")

    sheet.generate()


def test_an_edit_that_changes_nothing_does_not_hold_up_generate(sheet):
    sheet.page.get_by_role("button", name="A desk with {season} flowers").click()
    expect(sheet.editor()).to_be_visible()

    sheet.generate()


def test_a_tick_that_takes_its_row_out_of_the_view_leads_to_the_next_row(sheet, job):
    job.images.update(included=False)
    sheet.page.reload()
    sheet.page.get_by_role("button", name="Off").click()
    boxes = sheet.rows.get_by_role("checkbox")
    boxes.first.focus()
    sheet.page.keyboard.press("Space")

    expect(sheet.rows.filter(visible=True)).to_have_count(2)
    expect(boxes.first).to_be_focused()
    boxes.nth(1).focus()
    sheet.page.keyboard.press("Space")
    expect(sheet.rows.filter(visible=True)).to_have_count(1)
    expect(boxes.first).to_be_focused()


@pytest.fixture
def marked(staff_page, placeholder_account):
    return (
        NewJobPage(staff_page)
        .open()
        .paste("- A fox\nAn owl --ar 3:2 --v 7\n* A hare\n# Crows")
        .review()
    )


def test_a_press_cuts_the_options_of_a_row_and_takes_their_shape_over(marked):
    marked.rows.nth(1).get_by_role("button", name="Cut options").click()

    prompt = marked.rows.nth(1).get_by_role("button", name="An owl", exact=True)
    expect(prompt).to_be_visible()
    expect(prompt).to_be_focused()
    expect(marked.rows.nth(1)).to_contain_text("1536x1024")
    expect(marked.rows.nth(1).get_by_role("button", name="Cut options")).to_have_count(0)


def test_a_press_puts_all_rows_of_a_kind_right_and_generate_buys_what_is_shown(marked):
    marked.page.get_by_role("button", name="Remove all list marks (2)").click()

    expect(marked.rows.nth(0).get_by_role("button", name="A fox", exact=True)).to_be_visible()
    expect(marked.rows.nth(2).get_by_role("button", name="A hare", exact=True)).to_be_visible()
    expect(marked.page.get_by_role("button", name="All 4")).to_be_focused()
    marked.generate()
    assert list(
        GeneratedImage.objects.exclude(status="skipped")
        .order_by("position")
        .values_list("prompt_text", flat=True)
    )[:3] == ["A fox", "An owl --ar 3:2 --v 7", "A hare"]


def test_a_fix_waits_for_an_edit_that_is_not_saved(marked):
    marked.page.get_by_role("button", name="- A fox").click()
    marked.editor().fill("A red fox")
    marked.page.get_by_role("button", name="Remove all list marks (2)").click()

    expect(marked.rows.get_by_role("alert")).to_contain_text("Row 1 is still being edited")
    expect(marked.editor()).to_have_value("A red fox")


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_every_line_of_the_bill_is_shown_and_they_add_up(staff_page, staff, width):
    account = make_account("openai")
    job = make_job(2, JobStatus.DRAFT, created_by=staff, account=account, images_per_prompt=3)
    GeneratedImage.objects.filter(job=job, position=2).update(quality="high")
    staff_page.set_viewport_size({"width": width, "height": 900})
    staff_page.goto(job.get_absolute_url())
    bill = SheetPage(staff_page).bill
    rows = bill.get_by_role("row").all()
    assert all(row.is_visible() for row in rows)

    shown = [
        [float(one) for one in re.findall(r"\$([\d.]+)", line)]
        for line in bill.locator("td:last-child").all_inner_texts()
    ]
    *lines, total = [(amounts[0], amounts[-1]) for amounts in shown if amounts]
    assert len(lines) > 1
    assert tuple(round(sum(ends), 4) for ends in zip(*lines, strict=True)) == total
