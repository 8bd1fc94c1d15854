"""What becomes of a kept picture on PromptFinder: a whole page, in private, at a known cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bulk_admin.adapter import rewrite
from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import pump
from bulk_admin.storages import ObjectStore
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.tests.support.processes import wait_until
from prompts.models import Prompt, StyleNote
from prompts.services import page_files

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(settings, tmp_path):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}


@pytest.fixture
def text_server():
    """Where the platform's account has pages checked and written."""
    with OpenAIServer() as running:
        account = make_account("openai", base_url=running.base_url)
        account.set_key("sk-test-0123456789")
        account.save(update_fields=["encrypted_key", "key_last_four"])
        yield running


def make_pages(*prompts):
    job = make_job(prompts, status="completed", stored=True, account=make_account("placeholder"))
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    return list(Prompt.objects.order_by("pk"))


def test_a_page_is_a_draft_whose_files_nobody_else_can_read():
    (page,) = make_pages("a calm sea")
    assert (page.status, page.content_source, page.moderation) == ("draft", "rule", "not_checked")
    assert page.is_placeholder
    for key in page_files.keys_of(page):
        assert ObjectStore("private").exists(page.draft_folder + page_files.name_of(key))
        assert not ObjectStore("default").exists(key)


def test_the_style_note_is_told_to_who_writes(text_server):
    StyleNote.objects.create(text="Mention the season.")
    (page,) = make_pages("a calm sea")
    assert (page.content_source, page.moderation) == ("ai", "passed")
    assert any("Mention the season." in str(request.json) for request in text_server.requests)


def test_two_pages_with_one_title_have_two_addresses_and_two_files(text_server):
    first, second = make_pages("the very same words", "the very same words")
    assert first.slug != second.slug
    assert first.image != second.image


def test_a_new_text_leaves_the_address_and_replaces_the_tags(text_server, superuser):
    (page,) = make_pages("a calm sea")
    Prompt.objects.filter(pk=page.pk).update(title="An old title", content_source="staff")
    page.tags.add("old-tag")
    rewrite(page.pk, by=superuser)
    pump.run()
    slug = page.slug
    page.refresh_from_db()
    assert (page.title != "An old title", page.content_source, page.slug) == (True, "ai", slug)
    assert "old-tag" not in page.tags.names()


@pytest.fixture
def whole_rounds(monkeypatch):
    """The pump books what all its threads are at in one round, however busy the machine is."""
    book = pump.Pump._book_results

    def book_all(this):
        wait_until(lambda: this.results.qsize() >= len(this.in_flight))
        book(this)

    monkeypatch.setattr(pump.Pump, "_book_results", book_all)


def test_fifty_pages_cost_at_most_twelve_queries_each(whole_rounds):
    """Everything counts: the press, claims, transactions and the pump's own questions."""
    prompts = [
        f"A red fox number {n} crossing winter fields, watercolour painting with bright morning"
        " light"
        for n in range(50)
    ]
    job = make_job(prompts, status="completed", stored=True, account=make_account("placeholder"))
    with CaptureQueriesContext(connection) as queries:
        page_queue.create_pages(job.pk, by=None)
        pump.run()
    assert Prompt.objects.count() == 50
    assert Prompt.objects.first().tags.count() >= 5
    assert len(queries) <= 12 * 50, f"{len(queries) / 50:.1f} a page"
