"""The lists: constant cost, true filters, and actions that meet exactly the rows that the filter
shows.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bulk_admin.admin.bulk_actions import kit
from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    Spend,
)
from bulk_admin.testing.factories import (
    end_a_task,
    make_call,
    make_image,
    make_job,
    make_user,
    make_worker,
)

JOBS = "/admin/bulk_admin/bulkgenerationjob/"
IMAGES = "/admin/bulk_admin/generatedimage/"
CALLS = "/admin/bulk_admin/providercall/"
SPEND = "/admin/bulk_admin/spend/"
NASTY = '"><script>alert(1)</script><img src=x onerror=alert(2)>'

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, superuser):
    client.force_login(superuser)
    return client


def names(response):
    return {job.name for job in response.context["cl"].result_list}


def ask(client, address, action, rows=(), query="", across=False):
    ids = [str(row.pk) for row in rows] or [
        str(response_row.pk)
        for response_row in client.get(address + query).context["cl"].result_list
    ][:1]
    return client.post(
        address + query,
        {
            "action": action,
            "_selected_action": ids,
            "select_across": "1" if across else "0",
            "index": "0",
        },
    )


def confirm(client, address, action, response):
    return client.post(f"{address}bulk/{action}/", {"ids": response.context["ids"]})


@pytest.mark.parametrize("address", [JOBS, IMAGES, CALLS])
def test_a_list_costs_the_same_queries_however_long_it_is(
    page, superuser, placeholder_account, address
):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert page.get(address).status_code == 200
        return len(queries)

    def more(count):
        jobs = [
            BulkGenerationJob(
                name=f"bulk {n}",
                account=placeholder_account,
                provider="placeholder",
                model_name="placeholder",
                size="1x1",
                status=JobStatus.COMPLETED,
                created_by=superuser,
            )
            for n in range(count)
        ]
        BulkGenerationJob.objects.bulk_create(jobs)
        GeneratedImage.objects.bulk_create(
            [
                GeneratedImage(
                    job=job,
                    position=1,
                    prompt_text="p",
                    status=ImageStatus.COMPLETED,
                    picture_key=f"k{job.pk}",
                    thumb_300="t",
                )
                for job in jobs
            ]
        )

    make_call(
        make_job(
            1, JobStatus.COMPLETED, account=placeholder_account, created_by=superuser
        ).images.get()
    )
    more(9)
    page.get(address)
    few = cost()
    more(990)
    assert cost() == few


def test_jobs_are_found_by_words_of_their_prompts_and_appear_once(page):
    make_job(["a fox in snow", "a fox in rain"], JobStatus.COMPLETED, name="Animals")
    make_job(["a castle"], JobStatus.COMPLETED, name="Houses")
    found = page.get(JOBS, {"q": "fox"}).context["cl"].result_list
    assert [job.name for job in found] == ["Animals"]
    assert names(page.get(JOBS, {"q": "hous"})) == {"Houses"}


def test_filters_part_jobs_with_pages_from_those_without(page):
    done = make_job(1, JobStatus.COMPLETED, name="Has pages")
    make_image(done, page_status=PageStatus.CREATED)
    make_job(1, JobStatus.COMPLETED, name="Kept ones wait")
    make_job(1, JobStatus.FAILED, name="Nothing")
    assert names(page.get(JOBS, {"pages": "yes"})) == {"Has pages"}
    assert names(page.get(JOBS, {"pages": "wait"})) == {"Has pages", "Kept ones wait"}
    assert names(page.get(JOBS, {"status__exact": "failed"})) == {"Nothing"}


def test_an_action_on_all_rows_of_a_filter_meets_those_rows_and_no_other(page):
    wanted = [make_job(1, JobStatus.PENDING, name=f"Stop me {n}") for n in range(3)]
    others = [
        make_job(1, JobStatus.PENDING, name="Leave me"),
        make_job(1, JobStatus.PROCESSING, name="Stop me not: running"),
    ]
    before = ask(page, JOBS, "cancel", wanted[:1], "?status__exact=pending&q=stop", across=True)
    assert "Cancel 3 jobs" in before.content.decode()
    assert BulkGenerationJob.objects.filter(status=JobStatus.CANCELLED).count() == 0
    # A job that comes into the filter after the count was shown is not met.
    make_job(1, JobStatus.PENDING, name="Stop me too late")
    after = confirm(page, JOBS, "cancel", before)
    assert "3 of 3 done." in after.content.decode()
    assert set(BulkGenerationJob.objects.filter(status=JobStatus.CANCELLED)) == set(wanted)
    assert all(
        BulkGenerationJob.objects.get(pk=job.pk).status != JobStatus.CANCELLED for job in others
    )


def test_an_action_tells_each_row_s_result(page):
    ended, running = (
        make_job(1, JobStatus.COMPLETED, name="Ended"),
        make_job(1, JobStatus.PROCESSING, name="Running"),
    )
    before = ask(page, JOBS, "cancel", [ended, running])
    lines = {line.label: line for line in before.context["lines"]}
    assert (lines["Ended"].ok, lines["Running"].ok) == (False, True)
    lines = {
        line.label: line.text for line in confirm(page, JOBS, "cancel", before).context["lines"]
    }
    assert lines == {"Ended": "It had ended, or is a draft.", "Running": "Cancelled."}


def test_jobs_with_open_or_unknown_calls_are_not_deleted_and_say_why(page):
    plain, unsettled = (
        make_job(1, JobStatus.COMPLETED, name="Plain"),
        make_job(1, JobStatus.FAILED, name="Unsettled"),
    )
    make_call(make_image(unsettled, ImageStatus.UNKNOWN), "unknown")
    running = make_job(1, JobStatus.PROCESSING, name="Running")
    before = ask(page, JOBS, "delete_jobs", [plain, unsettled, running])
    lines = {
        line.label: line.text
        for line in confirm(page, JOBS, "delete_jobs", before).context["lines"]
    }
    assert lines["Plain"] == "In the trash."
    assert "unknown" in lines["Unsettled"]
    assert "cancel it first" in lines["Running"]
    assert names(page.get(JOBS)) == {"Unsettled", "Running"}


def test_the_delete_page_of_one_job_is_the_same_careful_action(page):
    job = make_job(1, JobStatus.PROCESSING)
    assert "cancel it first" in page.get(f"{JOBS}{job.pk}/delete/").content.decode()
    page.post(f"{JOBS}{job.pk}/delete/", {"post": "yes"})
    assert BulkGenerationJob.objects.filter(pk=job.pk).exists()


def test_create_pages_from_jobs_counts_first_and_queues_then(page, superuser):
    job = make_job(3, JobStatus.COMPLETED, created_by=superuser)
    before = ask(page, JOBS, "create_pages", [job])
    assert "3 pages will be made" in before.content.decode()
    confirm(page, JOBS, "create_pages", before)
    job.refresh_from_db()
    assert job.pages_open == 3
    assert (
        "No kept picture is waiting" in confirm(page, JOBS, "create_pages", before).content.decode()
    )


def test_pictures_are_kept_and_dropped_in_many_jobs_at_once(page):
    jobs = [make_job(2, JobStatus.COMPLETED) for _ in range(2)]
    images = list(GeneratedImage.objects.filter(job__in=jobs))
    confirm(page, IMAGES, "drop", ask(page, IMAGES, "drop", images[:3]))
    assert set(GeneratedImage.objects.filter(selected=False)) == set(images[:3])
    confirm(page, IMAGES, "keep", ask(page, IMAGES, "keep", images[:1]))
    assert GeneratedImage.objects.filter(selected=False).count() == 2


def test_pictures_retry_only_where_it_helps(page):
    job = make_job(1, JobStatus.COMPLETED)
    blocked, refused = (
        make_image(job, ImageStatus.FAILED),
        make_image(job, ImageStatus.FAILED, error_code="overloaded"),
    )
    lines = confirm(
        page, IMAGES, "retry_failed", ask(page, IMAGES, "retry_failed", [blocked, refused])
    ).context["lines"]
    assert [line.ok for line in lines] == [False, True]
    refused.refresh_from_db()
    assert refused.status == ImageStatus.QUEUED


def test_a_picture_with_a_page_is_not_deleted_and_says_why(page):
    job = make_job(1, JobStatus.COMPLETED)
    with_page = make_image(job, page_status=PageStatus.CREATED)
    lines = confirm(
        page, IMAGES, "delete_images", ask(page, IMAGES, "delete_images", list(job.images.all()))
    ).context["lines"]
    assert [line.text for line in lines] == [
        "In the trash.",
        "It has a page, or one is being made.",
    ]
    assert list(job.images.all()) == [with_page]


def test_an_action_refuses_rows_that_are_not_this_person_s(client, staff):
    mine, others = (
        make_job(1, JobStatus.PENDING, name="Mine"),
        make_job(1, JobStatus.PENDING, name="Hers"),
    )
    person = make_user("pat", "bulk_admin.view_bulkgenerationjob", "bulk_admin.generate")
    BulkGenerationJob.objects.filter(pk=mine.pk).update(created_by=person)
    client.force_login(person)
    before = ask(client, JOBS, "cancel", [mine, others])
    # Neither the shown ids nor forged ones reach a row without the permission.
    response = client.post(f"{JOBS}bulk/cancel/", {"ids": f"{mine.pk},{others.pk}"})
    assert "do not have permission" in before.content.decode()
    assert {line.label: line.ok for line in response.context["lines"]} == {
        "Mine": True,
        "Hers": False,
    }
    others.refresh_from_db()
    assert others.status == JobStatus.PENDING


@pytest.mark.parametrize(
    ("granted", "jobs", "images"),
    [
        ((), [], []),
        (("delete_bulkgenerationjob", "create_pages"), ["delete_jobs"], []),
        (("change_bulkgenerationjob",), ["cancel", "delete_jobs"], ["keep", "drop"]),
        (
            ("generate", "delete_generatedimage"),
            ["cancel", "retry_failed", "delete_jobs"],
            ["keep", "drop", "retry_failed", "delete_images"],
        ),
        (
            ("generate", "create_pages"),
            ["create_pages", "cancel", "retry_failed", "delete_jobs"],
            ["create_pages", "keep", "drop", "retry_failed"],
        ),
    ],
    ids=lambda value: "+".join(value) or "none",
)
def test_only_actions_are_offered_that_the_person_may_use_on_something(
    client, granted, jobs, images
):
    make_job(1, JobStatus.COMPLETED)
    client.force_login(
        make_user(
            "pat", "bulk_admin.view_bulkgenerationjob", *(f"bulk_admin.{name}" for name in granted)
        )
    )
    found = [offered(client, JOBS), offered(client, IMAGES)]
    assert found == [[*jobs, "export"], images]  # who sees a job may take it along


def offered(client, address):
    form = client.get(address).context["action_form"]
    return [name for name, _ in form.fields["action"].choices if name] if form else []


@pytest.mark.parametrize("address", [JOBS, IMAGES, f"{JOBS}bulk/cancel/", f"{IMAGES}bulk/keep/"])
def test_staff_without_permissions_meet_no_list_and_no_action(client, address):
    client.force_login(make_user("nobody"))
    assert client.post(address, {"ids": ""}).status_code == 403


@pytest.mark.parametrize("address", [f"{JOBS}bulk/cancel/", f"{IMAGES}bulk/keep/"])
def test_whoever_may_only_look_is_refused_an_action(client, address):
    job = make_job(1, JobStatus.PROCESSING)
    client.force_login(make_user("reader", "bulk_admin.view_bulkgenerationjob"))
    ids = str(job.pk if "job" in address else job.images.get().pk)
    assert client.get(address, {"ids": ids}).status_code == 403
    assert client.post(address, {"ids": ids}).status_code == 403
    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING


def test_pictures_can_be_read_and_not_written(page):
    image = make_job(1, JobStatus.COMPLETED).images.get()
    assert page.get(f"{IMAGES}{image.pk}/change/").status_code == 200
    assert page.post(f"{IMAGES}{image.pk}/change/", {"status": "failed"}).status_code == 403
    assert page.get(f"{IMAGES}add/").status_code == 403


def test_mark_up_in_names_prompts_and_errors_is_shown_as_text(page, superuser):
    job = make_job([NASTY], JobStatus.COMPLETED, name=NASTY, created_by=superuser)
    failed = make_image(job, ImageStatus.FAILED, error_message=NASTY, prompt_text=NASTY)
    make_call(failed, "refused", error_code="blocked", request_id=NASTY)
    before = ask(page, JOBS, "cancel", [job])
    for response in (
        page.get(JOBS),
        page.get(IMAGES),
        page.get(f"{IMAGES}{failed.pk}/change/"),
        page.get(CALLS),
        before,
        confirm(page, JOBS, "cancel", before),
    ):
        body = response.content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "&lt;script&gt;" in body


def test_the_ledger_adds_up_the_rows_that_the_filter_shows(page):
    job = make_job(2, JobStatus.COMPLETED)
    first, second = job.images.all()
    make_call(first, actual=640_000)
    make_call(second, "unknown", reserved=10_000)
    totals = dict(page.get(CALLS).context["totals"])
    assert totals["Billed"] == "$0.64"
    assert totals["Unknown, counted at the reserve"] == "$0.01"
    assert dict(page.get(CALLS, {"state__exact": "unknown"}).context["totals"])["Billed"] == "$0.00"


def test_a_call_s_own_page_tells_money_as_the_list_does(page):
    call = make_call(
        make_job(1, JobStatus.COMPLETED).images.get(),
        reserved=1_250_000,
        actual=640_000,
        request_id="req_7",
    )
    body = page.get(f"{CALLS}{call.pk}/change/").content.decode()
    assert "$1.25" in body and "$0.64" in body
    assert "640000" not in body and "1250000" not in body
    assert "req_7" in body


def test_a_call_s_status_and_error_share_a_column(page):
    make_call(
        make_job(1, JobStatus.COMPLETED).images.get(),
        "refused",
        http_status=429,
        error_code="rate_limited",
    )
    assert "429 rate_limited" in page.get(CALLS).content.decode()


@pytest.fixture
def days(placeholder_account):
    pat = make_user("pat")
    today = timezone.now().date()
    keys = (
        str(placeholder_account.pk),
        f"{placeholder_account.pk}:{pat.pk}",
        "987654",
        "987654:123456",
    )
    for key in keys:
        Spend.objects.create(
            scope="person" if ":" in key else "account", key=key, day=today, spent=640_000
        )
    return [(placeholder_account.label, "everyone together"), (placeholder_account.label, "pat")]


def who(response):
    rows = re.findall(
        r'field-account">([^<]+)</td><td class="field-person">([^<]+)<', response.content.decode()
    )
    return sorted((account, person) for account, person in rows)


def test_a_day_of_spend_says_whose_it_was(page, days):
    response = page.get(SPEND)
    gone = [
        ("deleted account 987654", "deleted person 123456"),
        ("deleted account 987654", "everyone together"),
    ]
    assert who(response) == sorted(days + gone)
    assert "4 daily spend" in response.content.decode()


def test_days_of_spend_are_found_and_sorted_by_name(page, days):
    assert who(page.get(SPEND, {"q": "pat"})) == days[1:]
    assert who(page.get(SPEND, {"q": days[0][0]})) == days
    assert page.get(SPEND, {"o": "3.2"}).status_code == 200


def test_the_outbox_says_what_it_is_when_it_is_empty(page):
    assert "an empty list is good" in page.get("/admin/bulk_admin/unstoredimage/").content.decode()


@pytest.mark.parametrize("name", ["providercall", "spend", "unstoredimage", "worker"])
def test_what_the_machinery_writes_is_only_read_even_by_superusers(page, name):
    assert page.get(f"/admin/bulk_admin/{name}/").status_code == 200
    assert page.get(f"/admin/bulk_admin/{name}/add/").status_code == 403


@pytest.mark.parametrize("name", ["schedule", "ormq", "success", "failure"])
def test_the_queue_s_own_pages_are_for_superusers_alone(client, superuser, name):
    person = make_user(
        "ops", *(f"django_q.{verb}_{name}" for verb in ("view", "add", "change", "delete"))
    )
    client.force_login(person)
    assert client.get(f"/admin/django_q/{name}/").status_code == 403
    assert client.get(f"/admin/django_q/{name}/add/").status_code == 403
    assert "Django Q" not in client.get("/admin/").content.decode()
    client.force_login(superuser)
    assert client.get(f"/admin/django_q/{name}/").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (None, "No worker was ever seen"),
        (40, "A worker is up; it was last seen 4"),
        (3600, "No worker has been seen for 60 min"),
    ],
)
def test_the_list_of_workers_tells_of_an_idle_one(admin_client, seconds, sentence):
    """It has no row; a task of it has ended."""
    if seconds is not None:
        end_a_task(timezone.now() - dt.timedelta(seconds=seconds))
    body = admin_client.get("/admin/bulk_admin/worker/").content.decode()
    assert sentence in body
    assert "There are no busy workers." in body


def test_the_list_of_workers_says_in_words_what_a_busy_one_does(admin_client):
    make_worker(in_flight=3)
    body = admin_client.get("/admin/bulk_admin/worker/").content.decode()
    assert "A worker is up" in body and "1 busy worker" in body
    assert '<td class="field-does">works</td>' in body
    assert "icon-no" not in body


def test_the_job_page_leads_to_deleting_its_dropped_pictures_and_back(page):
    job, other = make_job(1, JobStatus.COMPLETED), make_job(1, JobStatus.COMPLETED)
    dropped = [
        make_image(job, selected=False),
        make_image(job, selected=False, page_status=PageStatus.CREATED),
        make_image(other, selected=False),
    ]
    address = re.search(
        r'href="([^"]+)"[^>]*>Move dropped to the trash',
        page.get(job.get_absolute_url()).content.decode(),
    )[1]
    before = page.get(address)
    assert [line.ok for line in before.context["lines"]] == [True, False]
    assert f'action="{address}"' in before.content.decode()
    after = page.post(address, {"ids": before.context["ids"]})
    assert [line.text for line in after.context["lines"]] == [
        "In the trash.",
        "It has a page, or one is being made.",
    ]
    assert all(
        f'href="{job.get_absolute_url()}">Back to the job' in answer.content.decode()
        for answer in (before, after)
    )
    assert set(GeneratedImage.objects.filter(selected=False)) == set(dropped[1:])
    assert job.images.filter(selected=True).count() == 1


def test_the_dropped_pictures_of_someone_else_are_not_deleted(client):
    job = make_job(1, JobStatus.COMPLETED)
    image = make_image(job, selected=False)
    client.force_login(
        make_user(
            "pat",
            "bulk_admin.view_bulkgenerationjob",
            "bulk_admin.generate",
            "bulk_admin.delete_generatedimage",
        )
    )
    response = client.post(
        reverse("admin:bulk_admin_generatedimage_delete_dropped", args=[job.pk]),
        {"ids": str(image.pk)},
    )
    assert "do not have permission" in response.content.decode()
    client.force_login(make_user("nobody"))
    assert client.get(response.request["PATH_INFO"]).status_code == 403
    assert GeneratedImage.objects.filter(pk=image.pk).exists()


@pytest.mark.parametrize(
    ("kind", "act"), [("bulkgenerationjob", "delete_jobs"), ("generatedimage", "delete_images")]
)
@pytest.mark.parametrize(
    "pk", ["abc", "9" * 20, "-1", "%00", "00000000-0000-0000-0000-000000000000", "١"]
)
def test_an_address_that_no_row_can_have_is_no_crash(client, superuser, kind, act, pk):
    client.force_login(superuser)
    base = reverse(f"admin:bulk_admin_{kind}_changelist")
    for path in (f"{base}{pk}/delete/", f"{base}{pk}/change/", f"{base}{pk}/history/"):
        assert client.get(path).status_code in (200, 302, 404), path
    assert client.post(f"{base}bulk/{act}/", {"ids": f"{pk},,x"}).status_code == 200


def test_a_job_whose_pictures_cannot_be_deleted_stops_no_other(client, superuser):
    """Its counters are wrong, so that the database refuses the change."""
    client.force_login(superuser)
    jobs = [make_job(2, JobStatus.DRAFT), *(make_job(2, JobStatus.COMPLETED) for _ in range(2))]
    broken = jobs[1]
    BulkGenerationJob.objects.filter(pk=broken.pk).update(total=0, queued=0, completed_count=0)
    ids = [image.pk for job in jobs for image in job.images.all()]
    address = reverse("admin:bulk_admin_generatedimage_bulk", args=["delete_images"])
    answer = client.post(address, {"ids": ",".join(map(str, ids))})
    assert answer.status_code == 200
    assert [line.ok for line in answer.context["lines"]].count(True) == 4
    assert [line.text for line in answer.context["lines"] if not line.ok] == [kit.BROKE] * 2
    assert set(GeneratedImage.objects.values_list("job", flat=True)) == {broken.pk}


def test_a_job_that_cannot_be_cancelled_stops_no_other(client, superuser):
    client.force_login(superuser)
    jobs = [make_job(2) for _ in range(3)]
    BulkGenerationJob.objects.filter(pk=jobs[1].pk).update(queued=0)
    address = reverse("admin:bulk_admin_bulkgenerationjob_bulk", args=["cancel"])
    answer = client.post(address, {"ids": ",".join(str(job.pk) for job in jobs)})
    assert sorted((line.text, line.ok) for line in answer.context["lines"]) == [
        ("Cancelled.", True),
        ("Cancelled.", True),
        (kit.BROKE, False),
    ]
    still = BulkGenerationJob.objects.exclude(status=JobStatus.CANCELLED)
    assert list(still.values_list("pk", flat=True)) == [jobs[1].pk]


def test_pictures_in_the_list_of_jobs_name_their_bytes(page):
    """A browser keeps what it got there for a year."""
    job = make_job(3, JobStatus.COMPLETED, stored=True)
    body = page.get(JOBS).content.decode()
    shown = re.findall(r'<span class="strip">(.*?)</span>', body)
    addresses = re.findall(r'src="([^"]+)"', shown[0])
    assert addresses == [image.file_url("300") for image in job.images.all()[:2]]
    assert all("?v=" in address for address in addresses)
    assert "max-age=31" in page.get(addresses[0])["Cache-Control"]
