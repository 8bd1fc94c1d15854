"""The pump on real rows, real threads and real storage: from queued to pictures to pages."""

from __future__ import annotations

import pytest
from django.utils import timezone

from bulk_admin.conf import pump_lock
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageStatus,
    ProviderCall,
    UnstoredImage,
    Worker,
)
from bulk_admin.services.jobs import decisions, lifecycle, pictures
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.queue import page_queue
from bulk_admin.services.storage import private, storing
from bulk_admin.services.worker import draining, image_work, lease, pump, rescue
from bulk_admin.services.worker.host_lock import OpeningLock
from bulk_admin.testing.factories import make_account, make_call, make_image, make_job, make_worker
from bulk_admin.testing.pages.models import Page
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(settings, tmp_path, undrained):
    settings.BULK = settings.BULK | {
        "RETRY_BACKOFF": 0.05,
        "PUMP_LOCK": str(tmp_path / "pump.lock"),
    }


def job_with(prompts, **options):
    return make_job(
        prompts,
        status="pending",
        account=make_account(options={"delay": 0, "faults": True, **options.pop("options", {})}),
        **options,
    )


def test_every_prompt_becomes_a_stored_picture_and_the_job_ends():
    job = job_with(6, images_per_prompt=2)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.total) == ("completed", 12, 12)
    for image in job.images.all():
        assert storing.find(image.picture_key).sha256 == image.sha256
        assert image.picture_key.endswith(str(image.calls.get().pk))
        assert private.exists(image.thumb_300)
    assert audit() == []
    assert not Worker.objects.exists()


def test_a_full_pool_is_asked_again_as_soon_as_one_of_its_calls_has_ended(monkeypatch):
    job = job_with(4)
    job.account.pools.update(max_in_flight=1)
    with_nothing_under_way = []
    sleep = pump.Pump._sleep

    def noting(self, seconds):
        if seconds is not None and not self.in_flight:
            with_nothing_under_way.append(seconds)
        sleep(self, seconds)

    monkeypatch.setattr(pump.Pump, "_sleep", noting)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count) == ("completed", 4)
    assert with_nothing_under_way == []


def test_faults_stay_one_tile_each_and_say_what_happened():
    job = job_with(
        ["fine one", "[blocked] a", "[rejected] b", "[not-an-image] c", "[unknown] d", "fine two"]
    )
    pump.run()
    found = dict(job.images.values_list("position", "error_code"))
    assert found == {1: "", 2: "blocked", 3: "rejected", 4: "undecodable", 5: "unknown", 6: ""}
    assert all(
        message
        for code, message in job.images.exclude(error_code="").values_list(
            "error_code", "error_message"
        )
    )
    assert job.images.get(position=5).status == ImageStatus.UNKNOWN
    job.refresh_from_db()
    assert job.status == "completed"
    assert audit() == []


def test_a_refused_key_pauses_the_job_and_after_resume_it_goes_on():
    job = job_with(["[bad-key] one", "two", "three"])
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "bad_key")
    GeneratedImage.objects.filter(job=job, position=1).update(prompt_text="one")
    lifecycle.resume(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count) == ("completed", 3)
    assert audit() == []


def test_a_second_pump_of_the_host_returns_at_once(settings):
    job = job_with(2)
    first = OpeningLock(pump_lock())
    assert first.take()
    pump.run()
    assert job.images.filter(status="queued").count() == 2
    first.release()
    pump.run()
    assert job.images.filter(status="completed").count() == 2


def test_a_pump_that_is_asked_to_end_opens_nothing_and_rings_for_the_next():
    from django_q.models import OrmQ

    job = job_with(3)
    draining.ask()
    pump.run()
    assert job.images.filter(status="queued").count() == 3
    assert OrmQ.objects.count() == 1


def test_a_pump_that_is_asked_to_end_begins_no_rescue():
    job = make_job(0, account=make_account())
    dead = make_worker(beat_at=timezone.now() - timezone.timedelta(hours=1))
    make_call(
        make_image(job, "generating", owner=dead, attempt=1), CallState.OPEN, owner=dead, reserved=0
    )
    draining.ask()
    pump.run()
    assert ProviderCall.objects.get().state == CallState.OPEN


def test_a_permit_that_is_too_old_to_send_is_handed_back(settings):
    settings.BULK = settings.BULK | {"PERMIT_AGE": -1.0}
    job = job_with(1)
    lock = OpeningLock(pump_lock())
    lock.take()
    one = pump.Pump(lock)
    one.worker = lease.register()
    one._open()
    one._sleep(5.0)
    call = ProviderCall.objects.get()
    assert (call.state, call.billed, call.error_code, call.actual) == (
        "refused",
        "no",
        "not_sent",
        0,
    )
    assert job.images.get().status == ImageStatus.QUEUED
    assert audit() == []
    one._leave()


def test_a_call_past_its_deadline_is_unknown_and_its_late_answer_is_adopted(settings):
    settings.BULK = settings.BULK | {"CALL_DEADLINE": 0.2}
    job = job_with(["slow"], options={"delay": 1.0})
    pump.run()
    assert job.images.get().status == ImageStatus.UNKNOWN
    call = ProviderCall.objects.get()
    while storing.find(call.picture_key) is None:
        pass  # the abandoned thread stores what it was sent
    assert rescue.look_up(call) == Settled.ADOPTED
    assert job.images.get().status == ImageStatus.COMPLETED
    assert audit() == []


def test_a_storage_that_is_down_fills_the_outbox_and_empties_it_later(settings, tmp_path):
    job = job_with(2)
    blocker = tmp_path / "a-file"
    blocker.write_text("")
    healthy = settings.STORAGES
    settings.STORAGES = {
        **healthy,
        "private": {**healthy["private"], "OPTIONS": {"location": blocker / "below"}},
    }
    pump.run()
    assert UnstoredImage.objects.count() == 2
    assert job.images.filter(status="completed", thumb_300="").count() == 2
    settings.STORAGES = healthy
    rescue.empty_outbox()
    assert not UnstoredImage.objects.exists()
    for image in job.images.all():
        assert private.exists(image.picture_key)
        assert private.exists(image.thumb_300)
    assert audit() == []


def test_kept_pictures_become_draft_pages_one_for_each_prompt_and_no_second_time():
    job = job_with(3, images_per_prompt=2)
    pump.run()
    decisions.decide(job.pk, [job.images.get(position=2, variant=1).pk], keep=False, by=None)
    counts = page_queue.create_pages(job.pk, by=None)
    assert (counts.queued, counts.same_prompt) == (3, 2)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_created, job.pages_open) == (3, 0)
    assert Page.objects.count() == 3
    assert sorted(job.images.filter(page_status="created").values_list("position", "variant")) == [
        (1, 1),
        (2, 2),
        (3, 1),
    ]
    page = job.images.get(position=1, variant=1).prompt_page
    assert (page.status, page.written_by, page.is_placeholder, page.moderation) == (
        "draft",
        "rule",
        True,
        "not_checked",
    )
    assert private.exists(page.picture)
    assert page_queue.create_pages(job.pk, by=None).queued == 0
    pump.run()
    assert Page.objects.count() == 3
    assert audit() == []


def test_every_kept_picture_gets_a_page_when_that_is_wanted():
    job = job_with(2, images_per_prompt=2)
    pump.run()
    assert page_queue.create_pages(job.pk, every_kept=True, by=None).queued == 4
    pump.run()
    assert Page.objects.count() == 4


def test_pages_are_made_at_the_end_when_the_job_says_so():
    job = job_with(2, create_pages_when_done=True)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.pages_created) == ("completed", 2)


def test_deleting_a_page_frees_its_picture_for_a_new_one():
    job = job_with(1)
    pump.run()
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    Page.objects.get().delete()
    image = job.images.get()
    assert (image.page_status, image.prompt_page) == ("none", None)
    assert audit() == []
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    assert Page.objects.count() == 1


def test_rescue_adopts_what_a_dead_worker_stored_and_shows_the_rest_as_unknown():
    job = make_job(1, account=make_account())
    dead = make_worker(beat_at=timezone.now() - timezone.timedelta(hours=1))
    found, lost = (make_image(job, "generating", owner=dead, attempt=1) for _ in range(2))
    for image in (found, lost):
        make_call(image, CallState.OPEN, owner=dead, reserved=0)
    storing.store(found.calls.get().picture_key, png_bytes(), {"usage": {}, "request_id": "req_7"})
    rescue.run()
    found.refresh_from_db()
    lost.refresh_from_db()
    assert (found.status, lost.status) == ("completed", "unknown")
    assert found.calls.get().request_id == "req_7"
    rescue.run()
    job.refresh_from_db()
    assert (job.completed_count, job.unknown_count) == (1, 1)


def test_bytes_that_came_after_the_rescue_looked_are_found_by_a_later_look(settings):
    settings.BULK = settings.BULK | {"LOOK_AGAIN": [0.0]}
    job = make_job(0, account=make_account())
    image = make_image(job, "unknown", attempt=1, error_code="unknown")
    call = make_call(
        image,
        CallState.UNKNOWN,
        reserved=0,
        finished_at=timezone.now() - timezone.timedelta(minutes=5),
    )
    rescue.look_again()
    call.refresh_from_db()
    assert (call.looked_up, image.status) == (1, "unknown")
    storing.store(call.picture_key, png_bytes(), {})
    assert pictures.buy_again(job.pk, image.pk, seen_attempt=1, by=None) == Decided.ADOPTED
    image.refresh_from_db()
    assert image.status == "completed"


def test_the_tick_rings_only_when_work_is_due():
    from django_q.models import OrmQ

    job = job_with(1)
    rescue.tick()
    assert OrmQ.objects.count() == 1
    BulkGenerationJob.objects.filter(pk=job.pk).update(status="paused")
    rescue.tick()
    assert OrmQ.objects.count() == 1


def test_a_key_that_cannot_be_read_pauses_its_job_before_anything_is_booked():
    account = make_account("openai", encrypted_key="was encrypted with another key")
    job = make_job(
        2, status="pending", account=account, model_name="gpt-image-2.5-flare", quality="low"
    )
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.status_reason, job.queued) == ("paused", "bad_key", 2)
    assert not ProviderCall.objects.exists()


def test_a_fault_in_one_thing_leaves_the_calls_in_flight_to_their_end(monkeypatch):
    """Whatever it is: what is in flight is paid for."""
    job = job_with(3, options={"delay": 0.3})

    def broken(*given):
        if ProviderCall.objects.filter(state=CallState.OPEN).count() == 3:
            raise RuntimeError("nobody thought of this")
        return [], None

    monkeypatch.setattr("bulk_admin.services.pages.steps.work_is_waiting", lambda: True)
    monkeypatch.setattr("bulk_admin.services.pages.steps.claim", broken)
    pump.run()
    job.refresh_from_db()
    assert (job.completed_count, job.unknown_count) == (3, 0)
    assert audit() == []


def test_a_result_that_cannot_be_booked_is_found_by_the_next_pump(monkeypatch):
    job = job_with(3)
    real, broken = image_work.settle, []

    def settle_all_but_the_first(call_id, outcome):
        if not broken or call_id in broken:
            broken.append(call_id)
            raise RuntimeError("nobody thought of this")
        return real(call_id, outcome)

    monkeypatch.setattr(image_work, "settle", settle_all_but_the_first)
    pump.run()
    assert job.images.filter(status="completed").count() == 2
    monkeypatch.setattr(image_work, "settle", real)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count) == ("completed", 3)
    assert audit() == []


def test_an_odd_call_is_unknown_and_does_not_keep_the_rescue_from_the_others(monkeypatch):
    job = make_job(0, account=make_account())
    dead = make_worker(beat_at=timezone.now() - timezone.timedelta(hours=1))
    odd, plain = [
        make_call(
            make_image(job, "generating", owner=dead, attempt=1),
            CallState.OPEN,
            owner=dead,
            reserved=0,
        )
        for _ in range(2)
    ]
    real = storing.find

    def find(key):
        if key == odd.picture_key:
            raise TypeError("nobody thought of this")
        return real(key)

    monkeypatch.setattr("bulk_admin.services.storage.storing.find", find)
    rescue.run()
    assert {call.pk: call.state for call in ProviderCall.objects.all()} == {
        odd.pk: "unknown",
        plain.pk: "unknown",
    }
