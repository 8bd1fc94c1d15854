"""New job in a browser: what was pasted outlives a reload and a lost session, and no longer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.pages import NewJobPage, SheetPage, wait_until

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


@pytest.fixture
def table(tmp_path):
    """A file with one good row and one bad one."""
    file = tmp_path / "list.csv"
    file.write_text("prompt,size\nA red door,\nA green door,huge\n")
    return file


@pytest.fixture
def empty(staff_page, placeholder_account):
    return NewJobPage(staff_page).open()


def chosen(form):
    """The names of the files that the form would send."""
    return form.page.locator("#id_file").evaluate("(field) => [...field.files].map((f) => f.name)")


def refuse(form):
    form.page.locator("#review").click()
    expect(form.page.locator("#form-errors").get_by_role("alert")).to_be_visible()


def test_the_bad_lines_of_a_file_are_left_out_by_a_press(empty, table):
    empty.page.locator("#id_file").set_input_files(table)
    refuse(empty)
    empty.page.get_by_role("button", name="Leave out 1 bad line and review the rest").click()

    expect(empty.page.get_by_role("heading", name="Check before spending")).to_be_visible()
    expect(empty.page.get_by_text("1 bad line was left out.")).to_be_visible()
    expect(SheetPage(empty.page).rows).to_have_count(1)


def test_a_file_is_still_chosen_after_an_error_elsewhere(empty, table):
    table.write_text("prompt\nA red door\nA green door\n")
    empty.page.locator("#id_file").set_input_files(table)
    empty.page.get_by_label("Name", exact=True).fill("")
    refuse(empty)
    assert chosen(empty) == ["list.csv"]
    empty.page.get_by_label("Name", exact=True).fill("Doors")

    expect(empty.review().rows).to_have_count(2)


def test_a_file_outlives_a_reload_and_no_longer_than_it_is_needed(empty, table):
    table.write_text("prompt\nA red door\nA green door\n")
    empty.page.locator("#id_file").set_input_files(table)
    wait_until(empty.page, lambda: kept_in_the_tab(empty.page), "the file is kept")
    empty.page.reload()

    expect(empty.page.get_by_text("list.csv was not sent last time")).to_be_visible()
    assert chosen(empty) == ["list.csv"]
    expect(empty.page.get_by_role("button", name="Review 2 prompts")).to_be_visible()
    expect(empty.review().rows).to_have_count(2)
    assert kept_in_the_tab(empty.page) == 0


def test_a_file_that_is_back_can_be_discarded(empty, table):
    empty.page.locator("#id_file").set_input_files(table)
    wait_until(empty.page, lambda: kept_in_the_tab(empty.page), "the file is kept")
    empty.page.reload()
    empty.page.get_by_role("button", name="Discard").click()

    assert chosen(empty) == []
    assert kept_in_the_tab(empty.page) == 0


def kept_in_the_tab(page):
    return page.evaluate(
        "Object.keys(sessionStorage).filter((k) => k.startsWith('new-job')).length"
    )
