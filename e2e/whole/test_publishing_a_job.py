"""The command that steers a job also publishes its pages, and takes them back."""

from __future__ import annotations

import json

import pytest

from bulk_admin.models import JobStatus, PageStatus
from bulk_admin.testing.factories import make_image, make_job, make_user
from bulk_admin.tests.commands.test_bulk_job import run
from prompts.models import Prompt
from prompts.tests.making import make_page

pytestmark = pytest.mark.django_db


def job_with_pages(number):
    job = make_job(0, JobStatus.COMPLETED)
    for n in range(number):
        page = make_page(n, status="draft", published=None, job_ref=str(job.pk))
        make_image(job, page_status=PageStatus.CREATED, page_id=str(page.pk))
    return job, list(Prompt.objects.order_by("pk"))


def test_its_pages_are_published_so_many_a_day_and_taken_back():
    editor = make_user("editor", "prompts.change_prompt", "prompts.publish")
    job, pages = job_with_pages(3)
    Prompt.objects.filter(pk=pages[2].pk).update(moderation="flagged")
    code, _, err = run(job, "publish", "--per-day", "1", "--user", "editor")
    assert (code, err.splitlines()) == (
        0,
        ["2 pages to be published.", "1 not: Moderation stopped it."],
    )
    first, second, flagged = Prompt.objects.order_by("pk")
    assert (second.publish_at - first.publish_at).days == 1
    assert (first.publish_by, flagged.publish_at) == (editor, None)
    Prompt.objects.filter(pk=first.pk).update(status="published", publish_at=None)
    assert json.loads(run(job, "--json")[1])["pages_published"] == 1
    assert "2 pages taken back." in run(job, "take-back", "--user", "editor")[2]
    assert not Prompt.objects.exclude(status="draft", publish_at=None).exists()


def test_an_ended_job_leads_to_its_drafts(client, superuser):
    job, pages = job_with_pages(3)
    client.force_login(superuser)
    html = " ".join(client.get(job.get_absolute_url()).content.decode().split())
    desk = f"/admin/prompts/prompt/desk/?job={job.pk}"
    assert f'class="btn main" id="review-pages" href="{desk}" >Review 3 drafts ' in html
    assert 'id="create-pages"' not in html
    Prompt.objects.update(status="published")
    html = " ".join(client.get(job.get_absolute_url()).content.decode().split())
    assert f'class="btn" id="review-pages" href="{desk}" >Its pages' in html
    assert pages[0].title in client.get(desk).content.decode()


def test_who_may_not_publish_pages_publishes_none():
    make_user("viewer")
    job, _ = job_with_pages(1)
    assert "may not publish pages" in run(job, "publish", "--user", "viewer")[2]
    assert not Prompt.objects.filter(publish_at__isnull=False).exists()
