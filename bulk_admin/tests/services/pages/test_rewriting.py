"""A new text for a page that is there: bought once, for who asked; the old one stays until then."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied

from bulk_admin.adapter import RewriteRefused, rewrite
from bulk_admin.models import GeneratedImage, ProviderAccount, ProviderCall, Spend
from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job, make_page, make_user, recount
from bulk_admin.testing.pages.adapter import SmallPages
from bulk_admin.testing.pages.models import Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person():
    return make_user("rewriter", "bulk_admin.create_pages")


@pytest.fixture
def page(text_account):
    """A page that a job made, with a title by staff."""
    job = make_job(
        ["a calm sea"], status="completed", stored=True, account=make_account("placeholder")
    )
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    made = Page.objects.get()
    Page.objects.filter(pk=made.pk).update(title="An old title", written_by="staff")
    return made


def image_of(page):
    return GeneratedImage.objects.get(page_id=str(page.pk))


def counters(page):
    """Pages created and open, which a recount finds the same."""
    job = image_of(page).job
    kept = (job.pages_created, job.pages_open)
    recount(job)
    job.refresh_from_db()
    assert (job.pages_created, job.pages_open) == kept
    return kept


def test_a_page_gets_a_new_text_that_who_asked_pays(page, person):
    bought = ProviderCall.objects.count()
    rewrite(page.pk, by=person)
    assert image_of(page).page_status == "rewriting"
    assert counters(page) == (1, 1)
    rewrite(page.pk, by=person)  # pressed twice
    pump.run()
    page.refresh_from_db()
    assert (page.title != "An old title", page.written_by) == (True, "ai")
    assert image_of(page).page_status == "created"
    assert counters(page) == (1, 0)
    call = ProviderCall.objects.latest("sent_at")
    assert (ProviderCall.objects.count() - bought, call.person, call.billed) == (1, person, "yes")
    assert Spend.objects.filter(scope="person", key__endswith=f":{person.pk}", spent__gt=0).exists()
    assert LogEntry.objects.filter(user=person, change_message__contains="new text").count() == 1


def test_a_text_that_the_site_refuses_is_paid_and_leaves_the_old_one(page, person, monkeypatch):
    def refuse(self, page_id, content, by):
        Page.objects.filter(pk=page_id).update(title="half done")
        raise ValueError("The editor has this page open.")

    monkeypatch.setattr(SmallPages, "rewritten", refuse)
    rewrite(page.pk, by=person)
    pump.run()
    page.refresh_from_db()
    assert page.title == "An old title"
    image = image_of(page)
    assert (image.page_status, image.page_error) == ("created", "The editor has this page open.")
    assert ProviderCall.objects.latest("sent_at").billed == "yes"
    assert counters(page) == (1, 0)


@pytest.mark.parametrize("fault", ["insufficient_quota", "refusal"])
def test_a_text_that_does_not_come_leaves_the_old_one_and_says_why(server, page, person, fault):
    server.text_plan.next(*[fault] * 3)
    rewrite(page.pk, by=person)
    pump.run()
    page.refresh_from_db()
    image = image_of(page)
    assert (page.title, image.page_status) == ("An old title", "created")
    assert image.page_error
    assert counters(page) == (1, 0)


def test_stopping_the_pages_of_a_job_takes_none_back_that_is_there(page, person):
    rewrite(page.pk, by=person)
    page_queue.stop_pages(image_of(page).job_id, by=person)
    assert image_of(page).page_status == "rewriting"
    assert counters(page) == (1, 1)


def test_a_page_deleted_while_its_text_is_rewritten_frees_its_picture(page, person):
    image = image_of(page)
    rewrite(page.pk, by=person)
    page.delete()
    pump.run()
    image.refresh_from_db()
    assert (image.page_status, image.page_id) == ("none", None)
    job = image.job
    job.refresh_from_db()
    assert (job.pages_created, job.pages_open) == (0, 0)


def test_who_may_not_create_pages_buys_none(page):
    with pytest.raises(PermissionDenied):
        rewrite(page.pk, by=make_user("viewer"))
    assert image_of(page).page_status == "created"


def test_nothing_is_ordered_where_nothing_could_come(page, person):
    with pytest.raises(RewriteRefused, match="is gone"):
        rewrite(make_page().pk, by=person)
    ProviderAccount.objects.filter(provider="openai").update(is_enabled=False)
    with pytest.raises(RewriteRefused, match="no account"):
        rewrite(page.pk, by=person)
    assert image_of(page).page_status == "created"
