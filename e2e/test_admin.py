"""The admin opens in a browser, and the watch over console and network sees what it must see."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from e2e.pages import wait_until


def test_staff_log_in_and_see_the_index(page, staff):
    page.goto("/admin/")
    page.get_by_label("Username").fill("sam")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_url("/admin/")


def test_the_watch_sees_what_a_page_does_wrong(browser, live_server, watch):
    with browser.new_context() as context:
        context.on("page", watch.page)
        context.on("request", watch.request)
        page = context.new_page()
        page.goto(f"{live_server.url}/healthz")
        page.evaluate("console.warn('careless')")
        page.goto("about:blank")  # the site's own pages forbid the request before it is made
        page.evaluate("fetch('http://192.0.2.1/').catch(() => {})")
        wait_until(page, lambda: watch.outgoing, "the request is seen")

    assert any("careless" in line for line in watch.console)
    assert watch.outgoing == ["http://192.0.2.1/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_staff_page_fixture_is_logged_in(new_context, staff, live_server, scheme):
    from e2e.conftest import log_in

    context = new_context(color_scheme=scheme)
    log_in(context, staff, live_server.url)
    page = context.new_page()
    page.goto("/admin/")

    expect(page).to_have_url(f"{live_server.url}/admin/")
