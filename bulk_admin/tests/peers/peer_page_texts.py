"""aimock as the writer of pages: it checks pictures and writes texts by OpenAI's protocol."""

from __future__ import annotations

import pytest

from bulk_admin.models import CallKind, CallState, ProviderCall
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import make_account
from bulk_admin.tests.peers.conftest import CHAOS, TEXT
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
PAGES = 8


@pytest.fixture
def make_pages(aimock, run_job):
    """A job of the placeholder's, once all that its pages came to is known."""

    def make(*chaos):
        writer = make_account("openai", base_url=f"{aimock(*chaos)}/v1")
        writer.set_key("sk-test-0123456789")
        writer.save()
        job = run_job(make_account(options={"delay": 0}), PAGES)
        page_queue.create_pages(job.pk, by=None)

        def have_ended():
            job.refresh_from_db()
            return job.pages_created + job.pages_failed == PAGES

        processes.wait_until(have_ended, seconds=120, what="the pages end")
        return job

    return make


def texts():
    return ProviderCall.objects.filter(kind=CallKind.TEXT)


def test_pages_have_the_texts_that_it_wrote(make_pages):
    job = make_pages()
    told = set(job.images.values_list("page_status", "content__source", "moderation__status"))
    assert told == {("created", "ai", "passed")}
    assert set(job.images.values_list("content__title", flat=True)) == {TEXT["title"]}
    found = set(texts().values_list("state", "usage__text_input", "usage__text_output"))
    assert found == {(CallState.DELIVERED, 900, 120)}
    assert texts().count() == PAGES
    assert audit() == []


def test_in_chaos_every_page_ends_and_every_text_is_booked(make_pages):
    job = make_pages(*CHAOS)
    assert job.pages_created
    assert not texts().filter(state__in=CallState.UNSETTLED).exists()
    assert texts().count() >= job.pages_created
    assert audit() == []
