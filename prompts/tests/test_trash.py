"""Pages in the trash: hidden, private, and whole again when they come back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from bulk_admin.testing.factories import make_image, make_job, make_user
from prompts.models import DeletedPage, Prompt
from prompts.services import trash

from .making import make_page, private_keys, public_keys, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("local_files")]


@pytest.fixture
def person():
    return make_user("reader", "prompts.change_prompt", is_superuser=True)


def made_page(n: int = 1, **changes):
    """A page of a picture, which knows it; and the picture."""
    job = make_job(1, "completed")
    image = make_image(job, "completed", page_status="none")
    ref = f"image-{image.pk}"
    page = make_page(n, is_stored=True, source_ref=ref, job_ref=str(job.pk), **changes)
    assert trash.reclaim_page(page.pk, ref)
    return page, image


def state_of(image):
    image.refresh_from_db()
    image.job.refresh_from_db()
    return image.page_status, image.page_id, image.job.pages_created


def test_a_published_page_leaves_the_site_with_its_files_and_says_that_it_is_gone(client, person):
    page, image = made_page()
    assert client.get(page.get_absolute_url()).status_code == 200
    assert trash.move_to_trash([page.pk], by=person) == [page.pk]
    assert client.get(page.get_absolute_url()).status_code == 410
    assert not Prompt.objects.exists()
    assert "red-fox-1" not in client.get("/sitemap.xml").content.decode()
    work()
    assert public_keys(page) == []
    assert len(private_keys(page)) == 4
    assert state_of(image) == ("none", None, 0)
    assert trash.move_to_trash([page.pk], by=person) == []  # pressed twice
    assert LogEntry.objects.filter(user=person, object_id=page.pk).count() == 1


def test_a_draft_in_the_trash_was_never_there_for_readers(client, person):
    page, _ = made_page(status="draft", published=None)
    trash.move_to_trash([page.pk], by=person)
    client.force_login(person)
    assert client.get(page.get_absolute_url()).status_code == 404


def test_a_page_comes_back_as_a_draft_with_its_picture(person):
    page, image = made_page(publish_at=timezone.now(), status="draft")
    trash.move_to_trash([page.pk], by=person)
    assert trash.restore([page.pk], by=person) == [page.pk]
    page.refresh_from_db()
    assert (page.status, page.publish_at, page.source_ref) == ("draft", None, f"image-{image.pk}")
    assert state_of(image) == ("created", str(page.pk), 1)
    assert trash.restore([page.pk], by=person) == []


def test_a_picture_that_has_a_new_page_keeps_it(person):
    page, image = made_page()
    trash.move_to_trash([page.pk], by=person)
    newer = make_page(2, source_ref=f"image-{image.pk}")
    assert trash.reclaim_page(newer.pk, newer.source_ref)
    trash.restore([page.pk], by=person)
    page.refresh_from_db()
    assert (page.deleted_at, page.source_ref) == (None, None)
    assert state_of(image) == ("created", str(newer.pk), 1)


def test_the_worker_does_not_publish_what_was_thrown_away_meanwhile(person):
    page, _ = made_page(status="draft", publish_at=timezone.now())
    trash.move_to_trash([page.pk], by=person)
    work()
    assert Prompt.everything.get().status == "draft"
    assert public_keys(page) == []


def test_a_page_is_deleted_with_its_files_when_its_days_are_over(person, settings):
    settings.TRASH_DAYS = 30
    old, new = (made_page(n, status="draft")[0] for n in (1, 2))
    trash.move_to_trash([old.pk, new.pk], by=person)
    Prompt.everything.filter(pk=old.pk).update(
        deleted_at=timezone.now() - dt.timedelta(days=30, minutes=1)
    )
    assert trash.purge() == 1
    assert list(Prompt.everything.values_list("pk", flat=True)) == [new.pk]
    assert DeletedPage.objects.get().image == old.image
    work()
    assert private_keys(old) == []
    assert len(private_keys(new)) == 4
    assert trash.purge() == 0


def test_a_page_that_came_back_just_now_is_not_purged(person):
    page, _ = made_page()
    assert not trash.delete_now(page.pk, trashed_before=timezone.now())
    assert Prompt.objects.filter(pk=page.pk).exists()


def test_a_slug_in_the_trash_stays_taken(client, person):
    page, _ = made_page()
    trash.move_to_trash([page.pk], by=person)
    other = make_page(2, status="draft")
    client.force_login(person)
    url = f"/admin/prompts/prompt/{other.pk}/change/"
    data = {"title": "A", "slug": page.slug, "prompt_text": "b", "visibility": "public"}
    answer = client.post(url, data)
    assert "Another page has this address, maybe one in the trash." in answer.content.decode()


def test_the_list_shows_the_trash_only_when_asked(client, person):
    page, _ = made_page()
    trash.move_to_trash([page.pk], by=person)
    client.force_login(person)
    there = f"/admin/prompts/prompt/{page.pk}/change/"
    assert there not in client.get("/admin/prompts/prompt/").content.decode()
    assert there in client.get("/admin/prompts/prompt/?trash=in").content.decode()
    form = client.get(there).content.decode()
    assert 'name="title"' not in form
    assert "In the trash" in form


def test_the_list_says_when_a_page_is_to_be_published(client, person):
    make_page(1, status="draft", publish_at=dt.datetime(2199, 12, 3, 9, tzinfo=dt.UTC))
    client.force_login(person)
    html = client.get("/admin/prompts/prompt/").content.decode()
    assert "Will be published 3 Dec 2199, 09:00." in html


def test_bulk_actions_move_to_the_trash_and_back(client, person):
    page, _ = made_page()
    client.force_login(person)
    for name, told in (("trash", "In the trash."), ("restore", "A draft again.")):
        answer = client.post(f"/admin/prompts/prompt/bulk/{name}/", {"ids": page.pk})
        assert told in answer.content.decode()
    assert Prompt.objects.filter(pk=page.pk).exists()
    trash.move_to_trash([page.pk], by=person)
    asked = client.get(f"/admin/prompts/prompt/bulk/publish/?ids={page.pk}").content.decode()
    assert "It is in the trash." in asked
