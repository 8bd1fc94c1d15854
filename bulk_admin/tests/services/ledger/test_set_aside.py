"""What no row takes is booked without its text, set aside with its reason, and stops nothing."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from bulk_admin.models import CallState, PageStatus, ProviderCall, Worker
from bulk_admin.services.image_providers.errors import PromptBlocked
from bulk_admin.services.ledger.outcome import outcome_of
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.monitoring import health
from bulk_admin.services.pages import steps
from bulk_admin.services.queue import page_queue
from bulk_admin.services.storage import private, storing
from bulk_admin.services.worker import pump, rescue
from bulk_admin.services.writing.moderation import Verdict
from bulk_admin.testing.factories import make_account, make_content, make_job, make_worker
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.services.ledger.test_settling import delivered, open_one
from bulk_admin.tests.support.auditor import audit, audit_ends
from bulk_admin.tests.support.refusing import POISON, refusing

pytestmark = pytest.mark.django_db(transaction=True)
IMAGES = "bulk_admin_generatedimage"


@pytest.fixture(autouse=True)
def quick(settings, tmp_path, undrained):
    settings.BULK = settings.BULK | {
        "RETRY_BACKOFF": 0.02,
        "PUMP_LOCK": str(tmp_path / "pump.lock"),
    }


def aside() -> dict[str, str]:
    (part,) = (part for part in health.report() if part.name == "Queue")
    return {fact.name: f"{fact.state} {fact.value} {fact.todo}" for fact in part.facts}


def poisoned(outcome):
    object.__setattr__(outcome, "revised_prompt", POISON)
    return outcome


def test_a_picture_is_booked_without_the_words_that_no_row_takes():
    job = make_job(1, account=make_account())
    permit = open_one(job)
    with refusing(IMAGES, "revised_prompt"):
        assert settle(permit.call_id, poisoned(delivered(permit))) == "delivered"
    call, image = ProviderCall.objects.get(), job.images.get()
    assert (call.state, call.actual, image.status) == ("delivered", call.reserved, "completed")
    assert image.revised_prompt == ""
    assert call.set_aside.startswith("IntegrityError")
    assert aside()["Results set aside"].startswith("note 1, of which 0 still open")
    assert call.set_aside in aside()["Results set aside"]
    assert [*audit(), *audit_ends()] == []


def test_a_refusal_that_no_row_takes_is_still_not_billed():
    job = make_job(1, account=make_account())
    permit = open_one(job)
    with refusing(IMAGES, "error_message"):
        settle(permit.call_id, outcome_of(PromptBlocked(POISON)))
    call, image = ProviderCall.objects.get(), job.images.get()
    assert (call.billed, call.actual, image.error_code) == ("no", 0, "blocked")
    assert image.error_message == PromptBlocked.code.about.sentence
    assert audit() == []


def test_what_cannot_be_booked_at_all_is_left_alone_and_shown():
    job = make_job(1, account=make_account())
    permit = open_one(job)
    outcome = delivered(permit)
    object.__setattr__(outcome.picture, "thumb_300", POISON)
    Worker.objects.all().delete()
    with refusing(IMAGES, "thumb_300"), pytest.raises(DatabaseError):
        settle(permit.call_id, outcome)
    rescue.run()
    assert ProviderCall.objects.get().state == CallState.OPEN
    assert aside()["Results set aside"].startswith("bad 1, of which 1 still open")


@pytest.mark.parametrize("sidecar", [b"[1]", b"[" * 100_000, b"\xff", b'{"usage": [1]}', b"NaN"])
def test_an_odd_sidecar_is_adopted_without_what_it_says(sidecar):
    job = make_job(1, account=make_account())
    permit = open_one(job)
    key = storing.original_key(permit.job_id, permit.call_id)
    private.put(key, png_bytes(), "image/png")
    private.put(f"{key}.json", sidecar, "application/json")
    Worker.objects.all().delete()
    rescue.run()
    assert job.images.get().status == "completed"
    assert audit() == []


def test_a_verdict_that_no_row_takes_fails_its_page_alone_and_the_others_are_made():
    job = make_job(3, status="completed", stored=True)
    page_queue.create_pages(job.pk, by=None)
    works, _ = steps.claim(make_worker().pk, 3, None)
    for work in works:
        work.moderation = Verdict("passed", model="m").to_json()
        work.content = make_content().to_json()
    works[1].moderation["model"] = POISON
    with refusing(IMAGES, "moderation"):
        steps.finish(works)
    pages = dict(job.images.values_list("position", "page_status"))
    assert pages[2] == PageStatus.FAILED
    assert PageStatus.FAILED not in (pages[1], pages[3])
    broken = job.images.get(position=2)
    assert (broken.page_error_code, broken.moderation, broken.page_owner) == ("broken", {}, None)
    assert aside()["Pages that broke"].startswith("note 1")
    assert audit() == []


def test_a_text_that_no_row_takes_is_paid_and_fails_its_page_alone():
    with OpenAIServer() as server:
        account = make_account("openai", base_url=server.base_url)
        account.set_key("sk-test-0123456789")
        account.save(update_fields=["encrypted_key", "key_last_four"])
        job = make_job(
            2, status="completed", stored=True, account=make_account("openai_compatible")
        )
        page_queue.create_pages(job.pk, by=None)
        with refusing(IMAGES, "content"):
            first = job.images.get(position=1)
            job.images.filter(pk=first.pk).update(prompt_text=f"A fox, {POISON}, asleep in snow")
            pump.run()
    states = dict(job.images.values_list("position", "page_status"))
    assert states == {1: PageStatus.FAILED, 2: PageStatus.CREATED}
    assert set(ProviderCall.objects.values_list("state", "billed")) == {("delivered", "yes")}
    assert audit() == []
