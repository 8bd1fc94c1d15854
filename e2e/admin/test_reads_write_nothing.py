"""A GET writes nothing: no row, and no transaction, which on SQLite waits for the write lock that
the pump needs.

The addresses come from the resolver, so a new view is covered as it is, or the test asks for a
sample of its parameters.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import get_resolver, resolve, reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_q.models import Task

from bulk_admin.models import (
    CallState,
    ImageModel,
    ImageStatus,
    JobStatus,
    PageStatus,
    Spend,
    UnstoredImage,
)
from bulk_admin.services.queue.doorbell import ring
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

pytestmark = pytest.mark.django_db
JOBS = "admin:bulk_admin_bulkgenerationjob"
READ_ONLY_POSTS = (f"{JOBS}_price", f"{JOBS}_options")
PARAMETER = re.compile(r"\(\?P<(\w+)>[^()]*\)|<(?:\w+:)?(\w+)>")

# Values of parameters that are no row's id. A new parameter needs a sample here.
SAMPLES = {
    "app_label": ["bulk_admin", "prompts", "auth", "taggit", "django_q", "axes", "otp_totp"],
    "kind": ["300", "600", "original", "download", "zip", "csv"],
    "url": ["no/such/page"],
    "cause": ["blocked", "unknown"],
}
# By the name of the address, where one word means different things.
ACTIONS = {
    "bulk_admin_bulkgenerationjob_ask": ["cancel", "create_pages"],
    "bulk_admin_bulkgenerationjob_act": ["pause"],
    "bulk_admin_bulkgenerationjob_bulk": ["cancel"],
    "bulk_admin_bulkgenerationjob_image_act": ["edit", "reroll"],
    "bulk_admin_bulkgenerationjob_tray_press": ["retry"],
    "bulk_admin_generatedimage_bulk": ["keep"],
    "prompts_prompt_bulk": ["publish"],
    "taggit_tag_bulk": ["merge", "delete"],
}


@pytest.fixture
def world(superuser: Any) -> dict[str, list[Any]]:
    """Rows of every kind, and the ids of those that addresses name."""
    account = make_account(owner=None)
    make_account(owner=superuser)
    jobs = [
        make_job(2, JobStatus.DRAFT, account=account, created_by=superuser),
        make_job(2, JobStatus.PROCESSING, account=account, created_by=superuser),
        make_job(2, JobStatus.COMPLETED, account=account, created_by=superuser, stored=True),
    ]
    done = jobs[-1]
    page = make_page(1, "fox", status="draft", image="pages/fox.webp")
    of_page = {"page_status": PageStatus.CREATED, "page_id": str(page.pk)}
    made = make_image(done, ImageStatus.COMPLETED, stored=True, **of_page)
    make_image(done, ImageStatus.FAILED)
    call = make_call(made, CallState.DELIVERED)
    make_call(done.images.get(position=1), CallState.UNKNOWN)
    UnstoredImage.objects.create(call=call, content=b"x", size=1)
    day = {"scope": Spend.Scope.ACCOUNT, "key": str(account.pk), "day": call.day}
    Spend.objects.update_or_create(**day, defaults={"spent": 1})
    make_worker()
    Group.objects.create(name="Editors")
    Category.objects.create(name="Animals", slug="animals")
    StyleNote.objects.create(text="Calm.")
    AccessAttempt.objects.create(username="ann", failures_since_start=1)
    AccessFailureLog.objects.create(username="ann")
    TOTPDevice.objects.create(user=make_user("ann"))
    ring()
    for number, success in enumerate((True, False)):
        moment = call.sent_at
        Task.objects.create(
            id=f"{number:032d}", name="tick", func="x", started=moment, stopped=moment,
            success=success,
        )  # fmt: skip
    return {
        "account_id": [account.pk],
        "pool_id": [account.pools.get(kind="image").pk],
        "job_id": [job.pk for job in jobs],
        "image_id": [made.pk],
        "page_id": [made.page_id],
        "name": ["fox.webp"],
        "id": [superuser.pk],
    }


def admin_patterns() -> list[tuple[str, str]]:
    """Every pattern of an address under /admin/, from the site's root, with its name."""
    return [found for found in _walk(get_resolver(), "") if found[0].startswith("admin/")]


def _walk(resolver: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        here = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern, here)
        else:
            yield here, pattern.name or ""


def addresses(pattern: str, name: str, world: dict[str, list[Any]]) -> Iterator[str]:
    """The pattern with every sample of each of its parameters."""
    names = [first or second for first, second in PARAMETER.findall(pattern)]
    samples = [_samples(parameter, pattern, name, world) for parameter in names]
    bare = pattern.replace("^", "").replace("$", "")
    for values in itertools.product(*samples):
        left = iter(values)
        yield "/" + PARAMETER.sub(lambda found, left=left: str(next(left)), bare)


def _samples(parameter: str, pattern: str, name: str, world: dict[str, list[Any]]) -> list[Any]:
    if name == "view_on_site":
        return _of_view_on_site(parameter)
    if parameter == "object_id":
        rows = _model_at(pattern)._default_manager.all()[:3]
        assert rows, f"Seed a row for {pattern}: `world` has none."
        return [row.pk for row in rows]
    if parameter == "action":
        found = ACTIONS.get(name)
    else:
        found = world.get(parameter) or SAMPLES.get(parameter)
    assert found, f"{pattern} has a parameter without a sample: {parameter}."
    return found


def _of_view_on_site(parameter: str) -> list[Any]:
    from django.contrib.contenttypes.models import ContentType

    page = apps.get_model("prompts", "Prompt")
    if parameter == "content_type_id":
        return [ContentType.objects.get_for_model(page).pk]
    return [page.objects.values_list("pk", flat=True)[0]]


def _model_at(pattern: str) -> Any:
    _, app_label, model, *_ = pattern.split("/")
    return apps.get_model(app_label, model)


class Writes:
    """Whatever a request runs that is not a plain SELECT, the session's own row apart."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_read = re.match(r"\s*(SELECT|PRAGMA)\b", sql, re.I) and not re.search(
            r"\bFOR (NO KEY )?UPDATE\b", sql
        )
        # SQLite takes the write lock for any transaction, PostgreSQL none for one that reads.
        is_lock_free = connection.vendor == "postgresql" and re.match(r"(RELEASE )?SAVEPOINT", sql)
        if not is_read and not is_lock_free and "django_session" not in sql:
            self.found.append(sql[:120])
        return execute(sql, params, many, context)


def written_by(request: Any) -> tuple[list[str], int]:
    writes = Writes()
    with connection.execute_wrapper(writes):
        response = request()
        b"".join(getattr(response, "streaming_content", ()))
    return writes.found, response.status_code


def queries(name: str, world: dict[str, list[Any]]) -> list[str]:
    """Query strings that make a page read more."""
    draft, _, done = world["job_id"]
    if name == "bulk_admin_bulkgenerationjob_add":
        return ["", f"?draft={draft}", f"?from={done}&prompts=all"]
    if name == "autocomplete":
        return ["?app_label=bulk_admin&model_name=provideraccount&field_name=owner&term=r"]
    return ["", "?q=fox"] if name.endswith("_changelist") else [""]


def test_every_get_of_the_admin_reads_and_writes_nothing(client, superuser, world):
    client.force_login(superuser)
    offenders: dict[str, list[str]] = {}
    patterns = admin_patterns()
    for pattern, name in patterns:
        statuses = set()
        for address in addresses(pattern, name, world):
            assert resolve(address).route.replace("^", "") == pattern.replace("^", ""), (
                f"{address} does not reach {pattern}: give it another sample."
            )
            for query in queries(name, world):
                found, status = written_by(lambda a=address, q=query: client.get(a + q))
                statuses.add(status)
                if found:
                    offenders[address + query] = found
        assert statuses != {404} or "<url>" in pattern, f"{pattern}: no sample names anything."
    assert not offenders
    assert len(patterns) > 80


def test_the_live_price_and_the_choices_of_a_model_write_nothing(client, superuser, world):
    client.force_login(superuser)
    model = ImageModel.objects.get(provider="placeholder", kind="image", is_default=True)
    data = {
        "prompts": "A fox\nA lighthouse",
        "account": world["account_id"][0],
        "model": model.name,
        "size": model.default_size,
        "quality": model.default_quality,
        "images_per_prompt": 1,
    }
    for name in READ_ONLY_POSTS:
        address = reverse(name)
        assert written_by(lambda a=address: client.post(a, data)) == ([], 200), name


def test_the_watch_sees_a_row_that_is_written_and_a_transaction(client, superuser):
    client.force_login(superuser)
    found, _ = written_by(lambda: client.post(reverse("admin:auth_group_add"), {"name": "Editors"}))
    locks = {"SAVEPOINT"} if connection.vendor == "sqlite" else set()
    assert {statement.split()[0] for statement in found} >= {"INSERT", *locks}
