"""No page is wider than its window, and what the lists hold can be reached."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bulk_admin.models import ImageModel, ImageStatus, JobStatus, PageStatus
from bulk_admin.testing.factories import make_call, make_image, make_job, recount
from e2e.conftest import log_in
from prompts.tests.making import make_page

WIDTHS = (390, 600, 768, 800, 1000, 1024, 1280, 1440)
OURS = "/admin/bulk_admin"


def addresses(person, account):
    job = make_job(
        2,
        JobStatus.COMPLETED,
        account=account,
        created_by=person,
        stored=True,
        name="Lighthouses and other evenings",
    )
    draft = make_job(
        ["A desk with {season} flowers, " * 20, "A fox"],
        JobStatus.DRAFT,
        account=account,
        created_by=person,
    )
    make_image(job, ImageStatus.FAILED)
    make_call(
        job.images.first(),
        "refused",
        request_id="req_0123456789abcdef0123456789abcdef",
        http_status=429,
        error_code="rate_limited",
    )
    lists = (
        "bulkgenerationjob",
        "generatedimage",
        "imagemodel",
        "providercall",
        "spend",
        "unstoredimage",
        "worker",
        "provideraccount",
    )
    pages = {
        "New job": f"{OURS}/bulkgenerationjob/add/",
        "sheet": draft.get_absolute_url(),
        "job page": job.get_absolute_url(),
    }
    pages |= {name: f"{OURS}/{name}/" for name in lists}
    page = make_page(1, status="draft", title="A Lighthouse at Dusk " * 3, image="", variants=[])
    pages |= {
        "Today": "/admin/",
        "Pages": "/admin/prompts/prompt/",
        "page": f"/admin/prompts/prompt/{page.pk}/change/",
        "question": f"/admin/prompts/prompt/bulk/publish/?ids={page.pk}",
        "account": f"{OURS}/provideraccount/{account.pk}/change/",
        "Health": f"{OURS}/bulkgenerationjob/health/",
        "groups": "/admin/auth/group/add/",
    }
    return pages | {
        "model": (
            f"{OURS}/imagemodel/{ImageModel.objects.filter(provider='openai').first().pk}/change/"
        )
    }


def test_no_page_scrolls_sideways(new_context, superuser, placeholder_account, live_server):
    context = new_context()
    log_in(context, superuser, live_server.url)
    page = context.new_page()
    wide = {}
    for name, address in addresses(superuser, placeholder_account).items():
        page.goto(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if over := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
                wide[f"{name} at {width}"] = over

    assert wide == {}


@pytest.mark.parametrize("address", ["add/", ""], ids=["New job", "job page"])
def test_the_dock_is_in_line_with_the_content(
    new_context, superuser, placeholder_account, live_server, address
):
    job = make_job(
        2, JobStatus.COMPLETED, account=placeholder_account, created_by=superuser, stored=True
    )
    context = new_context()
    log_in(context, superuser, live_server.url)
    page = context.new_page()
    page.goto(f"{OURS}/bulkgenerationjob/{address}" if address else job.get_absolute_url())
    starts = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        starts[width] = page.evaluate(
            "[...document.querySelectorAll('#dock-sum, .desk h1, #new-job .settings')].map((each)"
            " => each.getBoundingClientRect().left)"
        )

    assert all(len(set(lefts)) == 1 for lefts in starts.values()), starts


@pytest.mark.parametrize("name", ["bulkgenerationjob", "generatedimage"])
def test_a_list_of_jobs_or_pictures_fits_a_laptop_whole(
    staff_page, staff, placeholder_account, name
):
    spent = {"spent": 123_450_000, "estimate": 1_250_000_000, "pages_created": 150}
    job = make_job(
        150,
        JobStatus.PENDING,
        account=placeholder_account,
        created_by=staff,
        name="Lighthouses and other evenings",
        **spent,
    )
    made = {
        "page_status": PageStatus.CREATED,
        "cost": 210_700,
        "prompt_text": "A lighthouse at dusk, long exposure, " * 4,
    }
    make_image(job, stored=True, recounted=False, position=1, variant=2, **made)
    staff_page.set_viewport_size({"width": 1440, "height": 900})
    staff_page.goto(f"{OURS}/{name}/")

    assert (
        staff_page.locator(".results").evaluate(
            "(results) => results.scrollWidth - results.clientWidth"
        )
        == 0
    )


@pytest.mark.parametrize("width", [390, 768])
def test_the_list_of_pages_is_not_wider_than_its_room(new_context, superuser, live_server, width):
    title = "A Lighthouse at Dusk " * 3
    make_page(1, status="draft", title=title, is_placeholder=True, image="", variants=[])
    context = new_context(viewport={"width": width, "height": 900})
    log_in(context, superuser, live_server.url)
    page = context.new_page()
    page.goto("/admin/prompts/prompt/")
    over = "(results) => results.scrollWidth - results.clientWidth"
    assert page.locator(".results").evaluate(over) == 0


def test_a_filter_is_a_menu(new_context, superuser, live_server):
    make_page(1, status="draft", image="", variants=[])
    context = new_context()
    log_in(context, superuser, live_server.url)
    page = context.new_page()
    page.goto("/admin/prompts/prompt/")
    status = page.locator("#changelist-filter details").first
    status.locator("summary").click()
    expect(status.get_by_role("link", name="Draft")).to_be_visible()
    page.keyboard.press("Escape")
    expect(status.get_by_role("link", name="Draft")).to_be_hidden()
    status.locator("summary").click()
    page.get_by_role("heading", name="Pages").click()
    expect(status.get_by_role("link", name="Draft")).to_be_hidden()
    status.locator("summary").click()
    status.get_by_role("link", name="Draft").click()
    expect(status.locator("summary")).to_have_text("Status: Draft")


def test_a_tablet_shows_which_pages_publish_asks_about(new_context, superuser, live_server):
    """Their columns lie inside the list, beside its filter."""
    title = "A Lighthouse at Dusk " * 3
    make_page(1, status="draft", title=title, is_placeholder=True, image="", variants=[])
    context = new_context(viewport={"width": 768, "height": 900})
    log_in(context, superuser, live_server.url)
    page = context.new_page()
    page.goto("/admin/prompts/prompt/")
    results = page.locator(".results").bounding_box()
    edge = results["x"] + results["width"]
    for column in ("named", "state", "checked"):
        cell = page.locator(f"#result_list tbody .field-{column}").bounding_box()
        assert cell["x"] + cell["width"] <= edge, column


OVERLAPPING = """
[...document.querySelectorAll('.drafts li')].flatMap((one, at, all) => {
  const words = document.createRange()
  words.selectNodeContents(one)
  const shown = words.getBoundingClientRect()
  return all.filter((other) => {
    const its = other.getBoundingClientRect()
    const number = its.left - parseFloat(getComputedStyle(other).fontSize) * 2
    const isBeside = its.top < shown.bottom && its.bottom > shown.top && its.left > shown.left
    return isBeside && shown.right > number
  }).map((other) => `${one.textContent} over ${other.textContent}`)
})
"""


def test_the_columns_of_created_pages_do_not_overlap(staff_page, staff, placeholder_account):
    who = {"account": placeholder_account, "created_by": staff}
    job = make_job(30, JobStatus.COMPLETED, stored=True, **who)
    for n, image in enumerate(job.images.all()):
        title = "x" * 120 if n == 3 else "An Old Lighthouse at Dusk Above the Bay"
        image.page_id = make_page(n, status="draft", title=title).pk
        image.page_status = PageStatus.CREATED
        image.save()
    recount(job)
    staff_page.goto(job.get_absolute_url())
    staff_page.get_by_role("button", name="Result in full").click()
    for width in WIDTHS:
        staff_page.set_viewport_size({"width": width, "height": 900})
        assert staff_page.evaluate(OVERLAPPING) == []


@pytest.mark.parametrize("status", [JobStatus.DRAFT, JobStatus.COMPLETED])
def test_a_picture_in_the_list_leads_to_its_place(staff_page, staff, placeholder_account, status):
    job = make_job(
        40, status, account=placeholder_account, created_by=staff, stored=status != JobStatus.DRAFT
    )
    last = job.images.last()
    staff_page.goto(f"{OURS}/generatedimage/?q={last.prompt_text}")
    staff_page.locator("#result_list tbody .field-prompt a").last.click()

    place = staff_page.locator(":target")
    expect(place).to_be_in_viewport()
    assert place.get_attribute("id").endswith(f"-{last.pk}")
