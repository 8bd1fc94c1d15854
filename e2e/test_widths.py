"""No page is wider than its window, and what the lists hold can be reached."""

from __future__ import annotations

import pytest

from bulk_admin.models import ImageModel, ImageStatus, JobStatus, PageStatus
from bulk_admin.testing.factories import make_call, make_image, make_job
from e2e.conftest import log_in

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
