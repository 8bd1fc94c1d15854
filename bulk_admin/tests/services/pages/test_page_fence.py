"""Page steps of a worker that was taken for dead, and that goes on after all."""

from __future__ import annotations

import pytest

from bulk_admin.codes import Code
from bulk_admin.models import CallState, GeneratedImage, PageStatus, ProviderCall, Worker
from bulk_admin.services.ledger import opening
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.pages import steps, texts
from bulk_admin.services.pages.work import PageWork, TextWork
from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import rescue
from bulk_admin.services.worker.lease import GONE
from bulk_admin.services.writing.content import Content, Written
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.services.writing.moderation import Verdict
from bulk_admin.testing.factories import make_account, make_job, make_worker
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db
ACCESS = OpenAIAccess(api_key="sk-test", base_url="http://127.0.0.1:1/v1")
CONTENT = Content(
    "A quiet lighthouse at dusk", "It stands. It shines.", ["sea"], "A lighthouse", "ai"
)
LATER = ServiceError("The storage did not answer.", code=Code.STORAGE_DOWN, billed="no")
NO_ANSWER = ServiceError("No answer.", code=Code.UNKNOWN, billed="unknown")


@pytest.fixture
def image(settings) -> GeneratedImage:
    settings.BULK = settings.BULK | {"RETRY_BACKOFF": 0.0}
    job = make_job(1, status="completed", account=make_account("openai"))
    page_queue.create_pages(job.pk, by=None)
    return job.images.get()


def take(worker: Worker) -> PageWork:
    GeneratedImage.objects.update(page_not_before=None)
    (work,), _ = steps.claim(worker.pk, 1, ACCESS)
    return work


def ask(image: GeneratedImage, worker: Worker) -> TextWork:
    GeneratedImage.objects.update(page_not_before=None)
    permit = opening.open_call(image.job.account.pools.get(kind="text").pk, worker.pk)
    assert isinstance(permit, Permit)
    return TextWork(permit, "", ACCESS, "", texts.finish)


def die(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(beat_at=GONE)
    rescue.run()


def checked(work: PageWork) -> PageWork:
    work.moderation = Verdict("passed").to_json()
    return work


def test_a_late_failure_takes_nothing_from_the_worker_that_has_the_step_now(image):
    first, second = make_worker(), make_worker()
    late = take(first)
    die(first)
    steps.finish([checked(take(second))])
    text = ask(image, second)
    text.written = Written(CONTENT)
    texts.finish(text)
    take(second)
    late.error = LATER
    steps.finish([late])
    image.refresh_from_db()
    assert (image.page_status, image.page_owner, bool(image.content), bool(image.moderation)) == (
        PageStatus.SAVING,
        second,
        True,
        True,
    )
    assert audit() == []


def test_a_late_failure_of_a_text_leaves_the_next_call_alone(image):
    first, second = make_worker(), make_worker()
    steps.finish([checked(take(first))])
    late = ask(image, first)
    die(first)
    ask(image, second)
    late.error = NO_ANSWER
    texts.finish(late)
    image.refresh_from_db()
    assert image.page_owner == second, (
        "the step could be taken a third time while its second call is on its way"
    )
    assert ProviderCall.objects.filter(state=CallState.OPEN).count() == 1
    assert audit() == []


def test_a_text_call_that_was_given_up_tells_nothing_once_the_next_is_on_its_way(image):
    worker = make_worker()
    steps.finish([checked(take(worker))])
    slow = ask(image, worker)
    slow.give_up()
    ask(image, worker)
    slow.error = NO_ANSWER
    texts.finish(slow)
    image.refresh_from_db()
    assert image.page_owner == worker
    assert audit() == []


def test_a_late_text_is_taken_for_it_is_paid_for(image):
    first, second = make_worker(), make_worker()
    steps.finish([checked(take(first))])
    late = ask(image, first)
    die(first)
    on_its_way = ask(image, second)
    late.written = Written(CONTENT)
    texts.finish(late)
    on_its_way.error = NO_ANSWER
    texts.finish(on_its_way)
    image.refresh_from_db()
    assert (image.page_status, image.page_owner, bool(image.content)) == (
        PageStatus.SAVING,
        None,
        True,
    )
    assert audit() == []


def test_a_text_whose_worker_dies_again_and_again_is_bought_three_times_and_no_more(image):
    for _ in range(3):
        worker = make_worker()
        page_works = steps.claim(worker.pk, 1, ACCESS)[0]
        steps.finish([checked(work) for work in page_works])
        ask(image, worker)
        die(worker)
    image.refresh_from_db()
    assert (image.page_status, image.page_error_code) == (PageStatus.FAILED, "unknown")
    assert ProviderCall.objects.filter(kind="text", billed="unknown").count() == 3
    assert audit() == []
