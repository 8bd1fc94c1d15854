"""New job in a browser: what was pasted outlives a reload and a lost session, and no longer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.pages import NewJobPage

TEXT = "A red door\nA green door"


@pytest.fixture
def form(staff_page, placeholder_account):
    """With two prompts pasted and priced: a price that is still asked for as the page goes would be
    an error in the console.
    """
    form = NewJobPage(staff_page).open().paste(TEXT)
    expect(staff_page.get_by_role("button", name="Review 2 prompts")).to_be_visible()
    return form


def test_a_reload_keeps_the_paste_and_prices_it(form):
    form.page.reload()

    expect(form.prompts).to_have_value(TEXT)
    expect(form.page.get_by_role("button", name="Review 2 prompts")).to_be_visible()
    form.page.get_by_role("button", name="Discard").click()
    expect(form.prompts).to_have_value("")
    expect(form.page.get_by_text("No prompts yet")).to_be_visible()
    form.page.reload()
    expect(form.prompts).to_have_value("")


def test_a_lost_session_keeps_the_paste(form, staff, watch):
    form.page.context.clear_cookies(name="sessionid")
    form.page.locator("#review").click()
    form.page.get_by_label("Username").fill(staff.username)
    form.page.get_by_label("Password").fill("password")
    form.page.get_by_role("button", name="Log in").click()

    expect(form.prompts).to_have_value(TEXT)
    expect(form.page.get_by_role("button", name="Review 2 prompts")).to_be_visible()
    # Leaving the box asks for the price too, and without a session it is refused
    watch.console.clear()


def test_a_paste_that_was_sent_does_not_come_back(form):
    form.review()
    form.open()

    expect(form.prompts).to_have_value("")
    expect(form.page.get_by_text("so they are back")).to_have_count(0)


def test_what_another_person_left_in_the_tab_stays_away(form, superuser, live_server):
    from e2e.conftest import log_in

    log_in(form.page.context, superuser, live_server.url)
    form.open()

    expect(form.page.get_by_role("button", name="Review prompts")).to_be_visible()
    expect(form.prompts).to_have_value("")


def test_a_refused_paste_says_so_beside_the_form_before_it_is_sent(form):
    form.paste("\n".join(f"A door, number {number}" for number in range(1_001)))

    expect(form.page.locator("#dock-sum")).to_have_text(re.compile("1,001 prompts are too many"))
    expect(form.page.get_by_role("complementary", name="Price")).to_contain_text(
        "1,001 prompts are too many"
    )
