"""A key that fails and a prompt that looks like a secret: neither is anywhere that people or
machines read.
"""

from __future__ import annotations

import io
import json
import logging

import pytest
from django.db import connection
from django.urls import reverse

from bulk_admin.logs import JsonLines, PlainLines, RedactSecrets
from bulk_admin.models import ProviderCall
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.loopback.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-proj-VerySecretKey0123456789abcdef"
SECRET = "password-hunter2-of-the-lighthouse-keeper"
TEXT_TABLES = (
    "bulk_admin_providercall",
    "bulk_admin_provideraccount",
    "bulk_admin_bulkgenerationjob",
    "bulk_admin_generatedimage",
    "django_q_task",
)


@pytest.fixture(
    params=[JsonLines(), PlainLines("%(levelname)s %(name)s %(message)s")], ids=["json", "plain"]
)
def log(request):
    """Everything that any logger says, as the console would show it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(request.param)
    handler.addFilter(RedactSecrets())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield out
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def server():
    with OpenAIServer() as running:
        yield running


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return [str(row) for row in cursor.fetchall()]


def test_neither_the_key_nor_the_prompt_leaks(server, log, client, superuser, settings, tmp_path):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    account = make_account("openai", base_url=server.base_url)
    account.set_key(KEY)
    account.save(update_fields=["encrypted_key", "key_last_four"])
    job = make_job(
        [SECRET, "a plain one"],
        status="pending",
        account=account,
        model_name="gpt-image-2.5-flare",
        quality="low",
        output_format="webp",
    )
    server.plan.next("bad_key")
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "bad_key")
    assert lifecycle.resume(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert job.status == "completed"

    lines = log.getvalue()
    for event in (
        "pump begins",
        "call opened",
        "call settled",
        "job paused",
        "job completed",
        "pump ends",
    ):
        assert event in lines
    call = ProviderCall.objects.filter(state="delivered").first()
    for known in (job.pk, call.pk, call.request_id):
        assert str(known) in lines
    assert SECRET not in lines
    assert KEY not in lines
    assert KEY[12:] not in lines
    for table in TEXT_TABLES:
        assert not [row for row in rows_of(table) if KEY in row], table

    client.force_login(superuser)
    pages = [
        job.get_absolute_url(),
        reverse("admin:bulk_admin_bulkgenerationjob_health"),
        reverse("admin:bulk_admin_provideraccount_change", args=[account.pk]),
    ]
    pages += [
        reverse("admin:bulk_admin_providercall_changelist"),
        reverse("admin:bulk_admin_provideraccount_changelist"),
    ]
    for page in pages:
        text = client.get(page).content.decode()
        assert text
        assert KEY not in text, page


def test_a_settled_call_is_one_json_line_with_its_ids(server, settings, tmp_path):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    settling_log = logging.getLogger("bulk_admin.services.ledger.settling")
    settling_log.addHandler(handler)
    level, settling_log.level = settling_log.level, logging.INFO
    try:
        account = make_account("openai", base_url=server.base_url)
        account.set_key(KEY)
        account.save(update_fields=["encrypted_key", "key_last_four"])
        make_job(
            ["one"],
            status="pending",
            account=account,
            model_name="gpt-image-2.5-flare",
            quality="low",
            output_format="webp",
        )
        pump.run()
    finally:
        settling_log.removeHandler(handler)
        settling_log.level = level
    [line] = out.getvalue().splitlines()
    call = ProviderCall.objects.get()
    fields = json.loads(line)
    assert fields["message"] == "call settled"
    assert (fields["call"], fields["job"], fields["image"]) == (
        str(call.pk),
        str(call.job_ref),
        call.image_id,
    )
    assert (
        fields["state"],
        fields["billed"],
        fields["cost_microdollars"],
        fields["http_status"],
    ) == ("delivered", "yes", call.actual, 200)
    assert fields["request_id"] == call.request_id
    assert fields["seconds"] >= 0
