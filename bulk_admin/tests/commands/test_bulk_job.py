"""The command that tells and steers a job: what it does, prints and exits with."""

from __future__ import annotations

import io
import json
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.core.management.base import CommandError

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus, JobStatus, PageStatus
from bulk_admin.services.jobs.report import job_report
from bulk_admin.testing.factories import make_image, make_job, make_user

pytestmark = pytest.mark.django_db


def run(job, *words):
    """Exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("bulk_job", str(getattr(job, "pk", job)), *words, stdout=out, stderr=err)
    except SystemExit as stop:
        code = stop.code
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return code, out.getvalue(), err.getvalue()


def test_the_status_is_reported_and_nothing_changes():
    job = make_job(3, JobStatus.PAUSED, status_reason="no_credit", spent=1_500_000)
    before = BulkGenerationJob.objects.values().get(pk=job.pk)
    code, out, err = run(job)
    assert (code, err) == (0, "")
    assert "paused: 0 of 3" in out
    assert "Top it up there, then resume." in out
    assert "$1.500000 spent" in out
    assert job.get_absolute_url() in out
    assert BulkGenerationJob.objects.values().get(pk=job.pk) == before


def test_the_report_adds_up_and_counts_page_text_as_spent():
    job = make_job(1, JobStatus.PROCESSING, estimate=90_000, spent=40_001, text_spent=2, skipped=4)
    for status in (
        ImageStatus.GENERATING,
        ImageStatus.COMPLETED,
        ImageStatus.FAILED,
        ImageStatus.UNKNOWN,
        ImageStatus.CANCELLED,
    ):
        make_image(job, status)
    make_image(job, page_status=PageStatus.CREATED)
    make_image(job, page_status=PageStatus.BLOCKED)
    make_image(job, page_status=PageStatus.FAILED)
    job.refresh_from_db()
    said = job_report(job)
    assert {
        name: said[name] for name in said if name not in ("job", "url", "status", "status_reason")
    } == {
        **{
            "total": 9,
            "queued": 1,
            "running": 1,
            "completed": 4,
            "failed": 1,
            "unknown": 1,
            "cancelled": 1,
            "skipped": 4,
        },
        **{
            "estimated_usd": "0.090000",
            "spent_usd": "0.040003",
            "pages_created": 1,
            "pages_blocked": 1,
            "pages_failed": 1,
            "pages_published": 0,
        },
    }
    assert said["total"] == sum(
        said[name] for name in ("queued", "running", "completed", "failed", "unknown", "cancelled")
    )
    assert job_report(job, url="https://example.com/x")["url"] == "https://example.com/x"


def test_json_is_the_report_in_one_line():
    job = make_job(2)
    _, out, _ = run(job, "status", "--json")
    assert json.loads(out) == job_report(job)
    assert out.count("\n") == 1


def test_where_the_site_says_its_address_the_report_has_it(settings):
    settings.BULK = settings.BULK | {"SITE_URL": "https://pictures.example/"}
    job = make_job(2)
    _, out, _ = run(job, "status", "--json")
    assert json.loads(out)["url"] == f"https://pictures.example{job.get_absolute_url()}"


@pytest.mark.parametrize(
    ("status", "action", "after"),
    [
        ("processing", "pause", "paused"),
        ("paused", "pause", "paused"),
        ("completed", "pause", "completed"),
        ("paused", "resume", "processing"),
        ("processing", "resume", "processing"),
        ("processing", "cancel", "cancelled"),
        ("paused", "cancel", "cancelled"),
        ("cancelled", "cancel", "cancelled"),
    ],
)
def test_an_action_that_is_done_or_was_done_already_exits_with_0(status, action, after):
    job = make_job(2, status)
    code, out, _ = run(job, action, "--json")
    assert code == 0
    assert json.loads(out)["status"] == after


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("completed", "resume"),
        ("cancelled", "resume"),
        ("draft", "pause"),
        ("draft", "create-pages"),
        ("draft", "retry"),
    ],
)
def test_an_action_that_cannot_be_done_exits_with_2_and_changes_nothing(status, action):
    job = make_job(2, status)
    code, _, said = run(job, action)
    assert code == 2
    assert status in said
    job.refresh_from_db()
    assert job.status == status


@pytest.mark.parametrize("name", ["not-an-id", uuid.UUID(int=1)])
def test_a_job_that_does_not_exist_exits_with_2(name):
    assert run(name)[0] == 2


def test_retry_queues_what_a_retry_can_help():
    job = make_job(2, JobStatus.COMPLETED)
    make_image(job, ImageStatus.FAILED, error_code="provider_error")
    make_image(job, ImageStatus.FAILED, error_code="blocked")
    code, out, err = run(job, "retry", "--json")
    assert (code, err) == (0, "1 queued again.\n")
    assert (json.loads(out)["status"], json.loads(out)["queued"]) == ("processing", 1)


def test_create_pages_begins_them_and_says_how_many():
    job = make_job(2, JobStatus.COMPLETED, images_per_prompt=2)
    code, _, err = run(job, "create-pages")
    assert (code, err) == (0, "2 pages begun, 2 have the prompt of another, 0 can have none.\n")
    job.refresh_from_db()
    assert job.pages_open == 2


@pytest.mark.parametrize(
    ("status", "images", "code"),
    [
        ("completed", [{}], 0),
        ("completed", [{}, {"status": "failed"}], 3),
        ("completed", [{}, {"status": "unknown"}], 3),
        ("completed", [{"page_status": "created"}], 0),
        ("completed", [{"page_status": "failed"}], 3),
        ("completed", [{"page_status": "blocked"}], 3),
        ("failed", [{"status": "failed"}], 3),
        ("paused", [{"status": "queued"}], 4),
        ("cancelled", [{}, {"status": "cancelled"}], 4),
    ],
)
def test_waiting_exits_with_how_the_job_stands(status, images, code):
    job = make_job(0, status)
    for fields in images:
        make_image(job, **fields)
    assert run(job, "--wait")[0] == code


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_a_pause_or_cancel_that_was_asked_for_is_done_as_asked_also_after_waiting(action):
    assert run(make_job(2), action, "--wait")[0] == 0


def test_a_draft_cannot_be_waited_for():
    code, _, said = run(make_job(2, JobStatus.DRAFT), "--wait")
    assert code == 2
    assert "generate it first" in said


@pytest.mark.parametrize(
    ("words", "who"), [(("--user", "carl"), "carl"), ((), "bert"), (("--user", "anna"), "anna")]
)
def test_what_is_done_has_the_name_of_the_user(words, who):
    """Without one it is the only superuser."""
    anna, _ = make_user("anna"), make_user("carl")
    make_user("bert", is_superuser=True)
    job = make_job(1, JobStatus.FAILED, image_status=ImageStatus.FAILED, created_by=anna)
    GeneratedImage.objects.update(error_code="overloaded")
    assert run(job, "retry", *words)[0] == 0
    assert job.images.get().requested_by.get_username() == who
    assert lines(job) == [(who, "Queued 1 picture again.")]


def test_without_one_superuser_it_is_done_in_the_name_of_who_made_the_job():
    job = make_job(1, created_by=make_user("anna"))
    run(job, "pause")
    assert lines(job) == [("anna", "Paused the job.")]


def test_a_user_who_does_not_exist_changes_nothing():
    job = make_job(1)
    code, _, err = run(job, "pause", "--user", "nobody")
    assert code == 2
    assert "There is no active user nobody." in err
    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING


def lines(job):
    found = LogEntry.objects.filter(object_id=str(job.pk)).order_by("pk")
    return list(found.values_list("user__username", "change_message"))


@pytest.mark.parametrize("words", [("pause", "--per-day", "2"), ("publish", "--per-day", "0")])
def test_a_number_per_day_goes_with_publishing_alone(words):
    assert run(make_job(1), *words)[0] == 2
