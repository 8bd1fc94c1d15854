"""Every door that takes a prompt stores, and so sends, the same spelling of it."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.urls import reverse

from bulk_admin.models import BulkGenerationJob, GeneratedImage, JobStatus
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.intake import Row
from bulk_admin.services.drafting.settings import JobSettings
from bulk_admin.services.jobs import pictures
from bulk_admin.testing.factories import make_image, make_job

pytestmark = pytest.mark.django_db
HOSTILE = "\ufeff a fox\r\nin the\u2028snow\x07 now\x1b\x85 "
STORED = "a fox\nin the snow now"


@pytest.fixture
def page(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def draft(staff, placeholder_account):
    """Makes a draft as any other code would, without a form or a file."""
    chosen = JobSettings(
        name="Foxes",
        account_id=placeholder_account.pk,
        model_name="placeholder",
        size="1024x1024",
        quality="low",
    )
    return lambda *texts: drafts.create_draft(
        chosen, [Row(text, line) for line, text in enumerate(texts, 1)], by=staff
    )


def only_prompt(job: BulkGenerationJob) -> str:
    return job.images.get().prompt_text


def test_pasted(page, placeholder_account):
    form = page.get(reverse("admin:bulk_admin_bulkgenerationjob_add")).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields if name != "file"}
    answer = page.post(
        reverse("admin:bulk_admin_bulkgenerationjob_add"),
        {**fields, "prompts": f"{HOSTILE}\n---\n"},
    )
    assert answer.status_code == 302
    assert only_prompt(BulkGenerationJob.objects.get()) == STORED


@pytest.mark.parametrize(
    ("name", "text"),
    [("foxes.txt", f"{HOSTILE}\n---\n"), ("foxes.csv", f'prompt,count\n"{HOSTILE.strip()}",1\n')],
)
def test_from_a_file_by_the_command_line(tmp_path, superuser, placeholder_account, name, text):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")
    call_command("bulk_generate", str(file), account=placeholder_account.label, dry_run=False)
    assert only_prompt(BulkGenerationJob.objects.get()) == STORED


def test_by_code(draft):
    assert only_prompt(draft(HOSTILE)) == STORED


AROUND = ("character_description", "prompt_prefix", "prompt_suffix")


def test_what_stands_around_the_prompts(page, placeholder_account):
    """As it is counted on the form, so it is stored."""
    address = reverse("admin:bulk_admin_bulkgenerationjob_add")
    form = page.get(address).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields if name != "file"}
    hostile = HOSTILE.replace("\x07", "\x1b")
    for given, kept in ((hostile, STORED), ("\ufeff\u200b", "")):
        answer = page.post(address, {**fields, **dict.fromkeys(AROUND, given), "prompts": "an owl"})
        assert answer.status_code == 302
        job = BulkGenerationJob.objects.order_by("created").last()
        assert {getattr(job, name) for name in AROUND} == {kept}


def test_edited_on_the_sheet(page, draft):
    job = draft("an owl")
    page.post(
        reverse("admin:bulk_admin_bulkgenerationjob_sheet_row", args=[job.pk, job.images.get().pk]),
        {"text": HOSTILE},
    )
    assert only_prompt(job) == STORED


def test_edited_and_rerolled(page):
    job = make_job(1, JobStatus.COMPLETED)
    image = job.images.get()
    page.post(
        reverse("admin:bulk_admin_bulkgenerationjob_image_act", args=[job.pk, image.pk, "edit"]),
        {"prompt": HOSTILE, "seen_variant": 1},
    )
    assert job.images.get(variant=2).prompt_text == STORED


@pytest.mark.parametrize("nothing", ["", " \r\n", "\x00\x07", "\ufeff\u200b"])
def test_a_prompt_of_which_nothing_is_left_is_refused_at_every_door(draft, nothing):
    with pytest.raises(drafts.DraftRefused):
        draft("a fox", nothing)
    image = make_image(make_job(0, JobStatus.COMPLETED))
    with pytest.raises(pictures.PromptRefused):
        pictures.reroll(image.job_id, image.pk, seen_variant=1, prompt=nothing, by=None)
    assert GeneratedImage.objects.count() == 1
