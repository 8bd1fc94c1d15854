"""The admin opens in a browser, and the watch over console and network sees what it must see."""

from __future__ import annotations

from base64 import b32decode

import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import expect

from e2e.pages import wait_until


def test_staff_log_in_and_see_the_index(page, staff):
    page.goto("/admin/")
    page.get_by_label("Username").fill("sam")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_url("/admin/")


def test_staff_find_two_factor_login_and_set_it_up(staff_page, staff):
    staff_page.goto("/admin/")
    staff_page.get_by_role("button", name="sam").click()
    staff_page.get_by_role("link", name="Two-factor login").click()
    expect(staff_page.get_by_role("img", name="QR code")).to_be_visible()
    staff_page.get_by_role("link", name="Not now").click()
    expect(staff_page).to_have_url("/admin/")
    staff_page.get_by_role("button", name="sam").click()
    staff_page.get_by_role("link", name="Two-factor login").click()
    key = staff_page.locator("code").inner_text().replace(" ", "")
    staff_page.get_by_label("Code").fill(f"{TOTP(b32decode(key)).token():06d}")
    staff_page.get_by_role("button", name="Set up").click()

    expect(staff_page.get_by_role("listitem")).to_have_count(10)
    assert TOTPDevice.objects.get().user == staff
    staff_page.get_by_role("link", name="Continue").click()
    expect(staff_page).to_have_url("/admin/")


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
