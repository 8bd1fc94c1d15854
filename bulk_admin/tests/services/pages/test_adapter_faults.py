"""Whatever the site's own code does wrong is one page's failure, with its words: never a pump's."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from bulk_admin.adapter import Content, PageAdapter, PageNotCreated, Verdict
from bulk_admin.models import ProviderCall
from bulk_admin.selectors.job_page import job_summary
from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import pump
from bulk_admin.storages import StorageUnavailable
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.pages.adapter import SmallPages
from bulk_admin.testing.pages.models import Page

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = "the second one"


def is_second(told: object) -> bool:
    return SECOND in str(getattr(told, "prompt", told))


def broken_query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT missing FROM nowhere")


def made(*prompts: str, **fields: object):
    """The job, once its pages were asked for and no worker has anything left to do."""
    account = make_account("placeholder")
    job = make_job([*prompts], status="completed", stored=True, account=account, **fields)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("step", ["store", "create", "moderate", "write", "clean"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("the shop is closed"), "the shop is closed"),
        (PageNotCreated("There is no shelf for it."), "There is no shelf for it."),
        (KeyError(), "KeyError"),
    ],
)
def test_what_the_adapter_raises_fails_that_page_alone(monkeypatch, step, error, words):
    original = getattr(SmallPages, step)

    def broken(self, about, *rest):
        if is_second(getattr(about, "title", about)) or is_second(about):
            raise error
        return original(self, about, *rest)

    monkeypatch.setattr(SmallPages, step, broken)
    job = made("a calm sea", SECOND)
    assert (job.pages_created, job.pages_failed, job.pages_open) == (1, 1, 0)
    failed = job.images.get(page_status="failed")
    assert (failed.prompt_text, failed.page_error) == (SECOND, words)
    assert Page.objects.count() == 1


def test_a_query_of_the_adapter_that_fails_spoils_no_other_page(monkeypatch):
    original = SmallPages.create

    def create(self, draft, stored):
        if is_second(draft):
            broken_query()
        return original(self, draft, stored)

    monkeypatch.setattr(SmallPages, "create", create)
    job = made("a calm sea", SECOND, "a quiet lake")
    assert (job.pages_created, job.pages_failed, job.pages_open) == (2, 1, 0)
    assert "nowhere" in job.images.get(page_status="failed").page_error


def test_a_storage_of_the_site_that_is_down_is_tried_again(monkeypatch, settings):
    settings.BULK = settings.BULK | {"RETRY_BACKOFF": 0.01}
    original, asked = SmallPages.store, []

    def store(self, draft):
        asked.append(draft.source_ref)
        if len(asked) == 1:
            raise StorageUnavailable("It is away.")
        return original(self, draft)

    monkeypatch.setattr(SmallPages, "store", store)
    job = made("a calm sea")
    assert (job.pages_created, len(asked)) == (1, 2)


def test_a_note_or_a_description_that_breaks_stops_nothing(monkeypatch, text_account):
    for name in ("style_note", "describe", "url", "pages_of_prompts"):
        monkeypatch.setattr(SmallPages, name, lambda *args: broken_query())
    job = made("a calm sea")
    assert job.pages_created == 1
    assert Page.objects.get().written_by == "ai"
    assert [page.status for _, page in job_summary(job).pages] == ["deleted"]


def test_the_site_may_judge_write_and_clean_by_itself(monkeypatch, server, text_account):
    def write(self, prompt, picture):
        assert picture.startswith(b"\x89PNG")
        return Content(f"Of {prompt}", "Words.", ["Sea"], "The sea.", "rule")

    def clean(self, content):
        return Content(content.title.upper(), "Words.", ["sea"], "The sea.", "rule")

    monkeypatch.setattr(SmallPages, "write", write)
    monkeypatch.setattr(SmallPages, "clean", clean)
    monkeypatch.setattr(SmallPages, "moderate", lambda *args: Verdict("passed", model="ours"))
    made("a calm sea")
    page = Page.objects.get()
    assert (page.title, page.moderation) == ("OF A CALM SEA", "passed")
    assert ProviderCall.objects.count() == 0
    assert server.till.calls("moderation") == []


def test_a_picture_that_the_site_flags_gets_no_page(monkeypatch):
    verdict = Verdict("flagged", categories=["our rule 7"])
    monkeypatch.setattr(SmallPages, "moderate", lambda *args: verdict)
    job = made("a calm sea")
    assert (job.pages_blocked, Page.objects.count()) == (1, 0)
    assert "our rule 7" in job.images.get().page_error


def test_a_site_that_wants_no_texts_buys_none(monkeypatch, text_account):
    monkeypatch.setattr(SmallPages, "can_write_texts", False)
    made("a calm sea")
    assert Page.objects.get().written_by == "rule"
    assert not ProviderCall.objects.filter(kind="text").exists()


def test_an_adapter_that_makes_nothing_fails_the_page(monkeypatch):
    monkeypatch.setattr(SmallPages, "create", lambda *args: None)
    job = made("a calm sea")
    assert job.images.get().page_error == "The site made no page."
    monkeypatch.setattr(SmallPages, "create", PageAdapter.create)
    page_queue.retry_pages(job.pk, by=None)
    pump.run()
    assert job.images.get().page_error == "NotImplementedError"


def test_a_key_of_another_kind_hides_no_other_page():
    """As after a change of the adapter's model: "a-slug" is no key of this one."""

    class Groups(PageAdapter):
        model = "auth.Group"

    there = Group.objects.create(name="A page")
    assert Groups().describe(["a-slug", str(there.pk)])[str(there.pk)].title == "A page"
    assert set(Groups().describe(["a-slug"])) == set()
