"""Who gets what at every address of the site: ``rights.txt``, cell by cell.

A line is an address and, for GET and for POST, one letter per person:

    Y  answered, or led on to another page     L  led to the login
    N  403                                     0  404                    x  405
    b  400: allowed, and the test sends nothing

``{job}`` and its like stand for the rows of ``make_site``. An address of the site without a line
fails, and so does a cell that differs. HEAD is answered as GET is, and other methods get nothing
that GET does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_q.models import OrmQ, Schedule, Task

from bulk_admin.models import ImageModel, ImageStatus, JobStatus, Spend, UnstoredImage
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_user,
    make_worker,
)
from prompts.models import Category, StyleNote
from prompts.tests.making import make_page

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
TABLE = Path(__file__).with_name("rights.txt")
SPEND = ("bulk_admin.generate", "bulk_admin.create_pages")
# Who asks, in the order of the letters. "view" is every permission to view, "*" every one there is.
PEOPLE: dict[str, tuple[str, ...]] = {
    "anonymous": (),
    "no staff": (),
    "staff without permissions": (),
    "view only": ("view",),
    "maker": ("view", *SPEND),
    "other who generates": ("view", *SPEND),
    "with change": ("view", "bulk_admin.change_bulkgenerationjob", *SPEND),
    "with manage_accounts": ("view", "bulk_admin.manage_accounts"),
    "with every permission": ("*",),
    "superuser": (),
}
# The addresses that Django gives each model, and those of its admin, asked by one person: they know
# HEAD by themselves, unless we replace one.
DJANGO_S = re.compile(r"/(add|change|history|delete)/$|/admin/(\w+/){0,2}$|/\{\w+\}/$")


@dataclass(frozen=True, slots=True)
class Line:
    address: str
    get: str
    post: str


def read_table() -> list[Line]:
    lines = [line.partition("#")[0].split() for line in TABLE.read_text().splitlines()]
    return [Line(*parts) for parts in lines if parts]


# --- the people and the rows ---------------------------------------------------------------------


def make_person(who: str) -> Any:
    user = make_user(
        who.replace(" ", "-"), is_staff=who != "no staff", is_superuser=who == "superuser"
    )
    for permission in PEOPLE[who]:
        start = {"*": "", "view": "view_"}.get(permission)
        user.user_permissions.add(
            *Permission.objects.filter(codename__startswith=start)
            if start is not None
            else Permission.objects.filter(codename=permission.partition(".")[2])
        )
    return user


def make_site(maker: Any) -> dict[str, object]:
    """One row of each kind, by the word that stands for its id. The jobs are the maker's."""
    job = make_job(1, JobStatus.PAUSED, created_by=maker)
    image = make_image(job, ImageStatus.COMPLETED, stored=True)
    draft = make_job(1, JobStatus.DRAFT, created_by=maker)
    private = make_account(owner=maker)
    call = make_call(image)
    category = Category.objects.create(name="Animals", slug="animals")
    published = make_page(1, "fox", slug="out", category=category)
    task = {"func": "f", "started": call.sent_at, "stopped": call.sent_at}
    user = make_user("target")
    day = Spend.objects.create(scope=Spend.Scope.ACCOUNT, key=str(private.pk), day="2026-01-01")
    return {
        "job": job.pk,
        "image": image.pk,
        "draft": draft.pk,
        "row": draft.images.get().pk,
        "private_job": make_job(1, JobStatus.PAUSED, account=private, created_by=maker).pk,
        "private_draft": make_job(1, JobStatus.DRAFT, account=private, created_by=maker).pk,
        "account": job.account_id,
        "pool": job.account.pools.get(kind="image").pk,
        "model": ImageModel.objects.filter(provider="placeholder").values_list("pk", flat=True)[0],
        "call": call.pk,
        "day": day.pk,
        "unstored": UnstoredImage.objects.create(call=call, content=b"x", size=1).pk,
        "worker": make_worker().pk,
        "page": make_page(2, slug="not-out", status="draft").pk,
        "page_kind": ContentType.objects.get_for_model(published).pk,
        "tag": published.tags.get().pk,
        "category": category.pk,
        "note": StyleNote.objects.create(text="Plain").pk,
        "user": user.pk,
        "group": user.groups.create(name="Staff").pk,
        "schedule": Schedule.objects.create(func="f", name="one").pk,
        "success": Task.objects.create(id="1" * 32, name="a", success=True, **task).pk,
        "failure": Task.objects.create(id="2" * 32, name="b", success=False, **task).pk,
        "bell": OrmQ.objects.create(key="k", payload="x", lock=call.sent_at).pk,
        "device": TOTPDevice.objects.create(user=user, name="Phone").pk,
        "login": AccessLog.objects.create(username="target").pk,
        "failed_login": AccessFailureLog.objects.create(username="target").pk,
        "attempt": AccessAttempt.objects.create(
            username="target", failures_since_start=1, get_data="", post_data=""
        ).pk,
    }


# --- asking --------------------------------------------------------------------------------------


def letter(client: Client, method: str, url: str) -> str:
    """What the client's person gets; whatever it did is undone."""
    cookies = client.cookies.output(header="")
    with transaction.atomic():
        response: Any = client.generic(method, url)
        # A response's own close() would end the database's connection.
        if file := getattr(response, "file_to_stream", None):
            file.close()
        transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.load(cookies)
    code = response.status_code
    if code == 302 and response["Location"].startswith("/admin/login/"):
        return "L"
    return {400: "b", 403: "N", 404: "0", 405: "x"}.get(code) or ("Y" if code < 400 else str(code))


def column(who: str) -> Iterator[tuple[Line, str, str, str]]:
    """Each line of the table, with what this person gets by GET, by POST, and by HEAD and DELETE
    where that may differ.
    """
    people = {name: make_person(name) for name in {"maker", who}}
    site = make_site(people["maker"])
    client = Client(raise_request_exception=False)
    if who != "anonymous":
        client.force_login(people[who])
    for line in read_table():
        url = line.address.format(**site)
        get, post = letter(client, "GET", url), letter(client, "POST", url)
        others = ""
        if who == "superuser" or not DJANGO_S.search(line.address):
            others = letter(client, "HEAD", url) + letter(client, "DELETE", url)
        yield line, get, post, others


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_what_the_table_says(who):
    place = list(PEOPLE).index(who)
    wrong = []
    for line, get, post, others in column(who):
        if (get, post) != (line.get[place], line.post[place]):
            wrong.append(f"{line.address}: GET {get}, POST {post}")
        if others and others[0] != get:
            wrong.append(f"{line.address}: HEAD {others[0]}, GET {get}")
        if others and others[1] not in ("x", get, post):
            wrong.append(f"{line.address}: DELETE {others[1]}")
    assert wrong == []


# --- the table is whole --------------------------------------------------------------------------


def named(route: str) -> str:
    """Without the choices of a group in a pattern of Django's: installed apps come and go."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).replace("^", "")


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield named(route)
        else:
            yield from routes(each.url_patterns, route)


def test_every_address_of_the_site_has_a_line():
    text = TABLE.read_text()
    ids: dict[str, object] = dict.fromkeys(re.findall(r"\{(\w+)\}", text), 1)
    some_job = "00000000-0000-4000-8000-000000000000"
    ids |= dict.fromkeys(("job", "draft", "private_job", "private_draft"), some_job)
    has_line = {named(resolve(line.address.format(**ids)).route) for line in read_table()}
    assert sorted(set(routes(get_resolver().url_patterns)) - has_line) == []


def test_every_line_has_a_letter_for_everybody():
    assert {len(line.get) for line in read_table()} == {len(PEOPLE)}
    assert {len(line.post) for line in read_table()} == {len(PEOPLE)}
