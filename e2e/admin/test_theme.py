"""Every page of staff has one look: the theme's sheets come last and in order, and nothing is
written into the page that a strict policy forbids.
"""

from __future__ import annotations

import re

import pytest

from bulk_admin.tests.support import html_rules
from e2e.admin.test_rights_table import make_site, read_table

SHEET = re.compile(r'<link\b[^>]*href="/static/([^"]+\.css)"')
THEME = [
    f"prompts_manager/theme/{name}.css"
    for name in (
        "tokens",
        "base",
        "chrome",
        "controls",
        "filters",
        "lists",
        "forms",
        "inlines",
        "confirm",
    )
]
# What follows the theme on some pages.
AFTER = {"prompts_manager/today/page.css", "prompts_manager/theme/login.css"}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=")
# Django's script reads the numbers of select2's words from it, and its policy allows no more.
DATA = re.compile(r'<script[^>]*type="application/(?:ld\+)?json"')


LOGINS = ("/admin/login/", "/admin/login/two-factor/", "/admin/logout/")
# Django closes a paragraph there that a table has closed before.
DJANGOS_OWN = "/admin/auth/user/{user}/password/"


def pages(client, superuser):
    """Address and text of every page of staff that a superuser may read."""
    site = make_site(superuser)
    client.force_login(superuser)
    for line in read_table():
        address = line.address
        if not address.startswith("/admin/") or line.get[-1] != "Y" or address in LOGINS:
            continue
        answer = client.get(address.format(**site))
        is_page = answer.get("Content-Type", "").startswith("text/html")
        text = answer.content.decode() if is_page else ""
        if "<html" in text:
            yield address, text


def faults(page):
    sheets = SHEET.findall(page)
    if [sheet for sheet in sheets if sheet not in AFTER][-len(THEME) :] != THEME:
        yield f"the theme is not last: {sheets}"
    if len(sheets) != len(set(sheets)):
        yield f"a sheet twice: {sheets}"
    yield from (f"written into the page: {found}" for found in INLINE.findall(DATA.sub("<", page)))
    if 'href="/admin/">Today' not in page and "main-links" not in page:
        yield "it leads nowhere"
    if ">Home<" in page:
        yield "it leads Home, and the front page is called Today"
    yield from html_rules.problems(page)


@pytest.mark.one_database
@pytest.mark.django_db
def test_every_page_of_staff_has_one_look(client, superuser):
    found = {address: list(faults(text)) for address, text in pages(client, superuser)}
    assert len(found) > 60
    del found[DJANGOS_OWN]
    assert {address: wrong for address, wrong in found.items() if wrong} == {}


def test_a_page_without_the_theme_is_found():
    page = '<html><link rel="stylesheet" href="/static/admin/css/base.css"><p style="top:0">x'
    assert len(list(faults(page))) >= 3
