"""What the job page shows: it is rebuilt from the database alone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from bulk_admin.codes import Code
from bulk_admin.models import ImageStatus, JobStatus, PageStatus, Worker
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_user,
    make_worker,
    recount,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, staff):
    client.force_login(staff)
    return lambda job, **asked: client.get(job.get_absolute_url(), asked)


def text_of(response):
    return " ".join(response.content.decode().split())


def test_every_prompt_has_its_tile_from_the_first_moment(page):
    job = make_job(["A fox", "A heron"], images_per_prompt=2)
    html = text_of(page(job))
    assert html.count("data-tile=") == 4
    assert html.index('id="group-1"') < html.index('id="group-2"')


def test_a_tile_that_was_rolled_again_stands_beside_its_sibling(page):
    job = make_job(["A fox", "A heron"], JobStatus.COMPLETED)
    second = make_image(job, ImageStatus.QUEUED, position=1, variant=2)
    html = text_of(page(job))
    assert html.index(f'id="tile-{second.pk}"') < html.index('id="group-2"')
    assert 'id="newest-1" name="seen_variant" value="2"' in html


def test_prompts_are_shown_as_text_and_never_run(page):
    attack = '"><img src=x onerror=alert(1)>\' onmouseover=alert(2) <b hx-get="/x">{{7*7}}'
    html = page(make_job([attack], name='<script>alert("x")</script>')).content.decode()
    assert "<img src=x" not in html
    assert "<b hx-get" not in html
    assert "<script>alert" not in html
    assert "{{7*7}}" in html


@pytest.mark.parametrize("reason", [code for code in Code if code.about.remedy])
def test_a_paused_job_says_why_and_what_to_do(page, reason):
    html = text_of(page(make_job(2, JobStatus.PAUSED, status_reason=reason)))
    assert reason.about.remedy.replace("'", "&#x27;") in html


def test_work_that_waits_without_a_worker_is_reported(page):
    job = make_job(2, started=timezone.now() - dt.timedelta(minutes=5))
    assert "No worker is running" in text_of(page(job))


def test_a_worker_that_beats_is_no_alarm(page):
    job = make_job(2, started=timezone.now() - dt.timedelta(minutes=5))
    make_worker()
    assert "No worker is running" not in text_of(page(job))


def test_an_old_beat_is_an_alarm_only_while_work_waits(page):
    Worker.objects.create(host="h", pid=1, beat_at=timezone.now() - dt.timedelta(hours=1))
    old = timezone.now() - dt.timedelta(hours=1)
    assert "No worker is running" in text_of(page(make_job(2, started=old)))
    assert "No worker is running" not in text_of(
        page(make_job(2, JobStatus.COMPLETED, started=old))
    )


def test_waiting_for_the_provider_is_sent_as_a_moment(page):
    job = make_job(2)
    job.account.pools.filter(kind="image").update(
        cooldown_until=timezone.now() + dt.timedelta(seconds=38)
    )
    assert "data-until=" in text_of(page(job))


def test_a_full_minute_at_the_providers_limit_is_waited_for(page):
    job = make_job(2)
    job.account.pools.filter(kind="image").update(limit_per_minute=2)
    image = job.images.first()
    assert "data-until=" not in text_of(page(job))
    for attempt in (1, 2):
        make_call(image, attempt=attempt)
    assert "data-until=" in text_of(page(job))


def test_time_left_is_hidden_until_it_means_something(page):
    job = make_job(6)
    assert " left</li>" not in text_of(page(job))
    start = timezone.now() - dt.timedelta(seconds=60)
    for attempt in range(4):
        make_call(job.images.first(), attempt=attempt, sent_at=start)
    assert re.search(r"about <b>\d+ (s|min)</b> left</li>", text_of(page(job)))


def test_an_ended_job_tells_what_came_of_it(page, client):
    job = make_job(3, JobStatus.COMPLETED)
    image = make_image(job, page_status=PageStatus.CREATED)
    make_image(
        job, ImageStatus.FAILED, error_message="The provider's safety system refused this prompt."
    )
    recount(job)
    html = text_of(page(job))
    assert "1 page created" in html
    assert f"?from={job.pk}" in html
    address = reverse("admin:bulk_admin_bulkgenerationjob_ask", args=[job.pk, "result"])
    assert address in html
    result = text_of(client.get(address))
    assert image.prompt_page.title in result
    assert "1 failed:</b>" in result


def test_a_job_that_ended_with_nothing_for_a_page_leads_on_to_more(page):
    nothing = text_of(page(make_job(0, JobStatus.FAILED)))
    assert 'id="create-pages"' not in nothing
    assert 'class="btn main" id="act-more"' in nothing
    something = text_of(page(make_job(1, JobStatus.COMPLETED)))
    assert "Create pages from 1 not decided" in something
    assert 'class="btn" id="act-more"' in something


def test_a_job_without_pictures_says_so(page):
    assert "This job has no pictures." in text_of(page(make_job(0, JobStatus.CANCELLED)))


def test_an_ended_page_does_not_poll(page):
    assert "hx-trigger" not in text_of(page(make_job(2, JobStatus.COMPLETED)))
    assert "hx-trigger" in text_of(page(make_job(2)))


def test_the_page_of_a_hundred_tiles_costs_a_constant_number_of_queries(
    client, staff, django_assert_max_num_queries
):
    client.force_login(staff)
    for number in (5, 100):
        job = make_job(number, JobStatus.COMPLETED)
        with django_assert_max_num_queries(26):
            client.get(job.get_absolute_url())


@pytest.mark.parametrize(
    ("fields", "says", "buttons"),
    [
        ({"status": "failed", "error_code": "blocked"}, "Not billed.", ["Reword"]),
        ({"status": "failed", "error_code": "overloaded"}, "Not billed.", ["Retry", "Reword"]),
        (
            {
                "status": "failed",
                "error_code": "undecodable",
                "picture_key": "originals/a/b",
                "cost": 10_000,
            },
            "Billed $0.01.",
            ["Download", "Re-roll"],
        ),
        (
            {"status": "unknown", "attempt": 1, "cost": 10_000},
            "Counted as spent: $0.01.",
            ["Buy again", "Mark as lost"],
        ),
        (
            {"status": "failed", "error_code": "lost", "attempt": 1, "cost": 10_000},
            "Counted as spent: $0.01.",
            ["Re-roll", "Reword"],
        ),
        ({"status": "cancelled"}, "Not bought.", ["Generate it"]),
        ({"status": "queued"}, "Queued", []),
        ({"status": "generating"}, "Generating", []),
    ],
)
def test_a_tile_without_picture_says_what_happened_and_offers_only_what_helps(
    page, fields, says, buttons
):
    job = make_job(0, JobStatus.PROCESSING)
    make_image(job, **fields)
    html = page(job).content.decode()
    tile = html[html.index("<article") : html.index("</article>")]
    assert says in tile
    offered = re.findall(
        r">([A-Z][\w -]+?)(?: free| \$[\d.]+)?</(?:button|a)>",
        tile.partition('class="helps"')[2].partition('class="line"')[0],
    )
    assert offered == buttons


@pytest.mark.parametrize("cost", [0, 10_000])
def test_what_may_have_been_billed_is_not_called_unbilled(page, cost):
    job = make_job(0, JobStatus.COMPLETED)
    make_image(job, ImageStatus.UNKNOWN, attempt=1, cost=cost)
    make_image(job, ImageStatus.FAILED, error_code="lost", attempt=1, cost=cost)
    grid = text_of(page(job)).partition('id="grid"')[2].partition('id="nothing"')[0]
    assert "not billed" not in grid.lower()
    assert "Billed" not in grid


def test_only_buttons_that_the_person_may_press_are_there(client):
    from bulk_admin.testing.factories import make_user

    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    job = make_job(2, JobStatus.PROCESSING)
    make_image(job)
    make_image(job, ImageStatus.FAILED, error_code="overloaded")
    html = text_of(client.get(job.get_absolute_url()))
    assert "hx-post" not in html
    assert "Create pages" not in html
    assert "aria-pressed" not in html.partition('id="grid"')[2].partition('class="dock"')[0]


def test_page_steps_are_shown_on_the_tile(page):
    job = make_job(0, JobStatus.COMPLETED)
    for status in (
        PageStatus.QUEUED,
        PageStatus.CHECKING,
        PageStatus.WRITING,
        PageStatus.SAVING,
        PageStatus.CREATED,
    ):
        make_image(job, page_status=status)
    make_image(job, page_status=PageStatus.BLOCKED, page_error="Violence was found.")
    make_image(job, page_error_code="same_prompt")
    html = text_of(page(job))
    for words in (
        "waiting its turn",
        "checking the picture",
        "writing its text",
        "Page: saving",
        "Page created",
        "Violence was found.",
        "Same prompt as its page",
    ):
        assert words in html


def test_who_may_only_look_is_offered_no_new_job_and_no_keys_that_buy(client):
    job = make_job(2, JobStatus.COMPLETED)
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    body = client.get(job.get_absolute_url()).content.decode()
    assert 'id="act-more"' not in body
    assert 'data-can-spend=""' in body and 'data-can-act=""' in body, "so help leaves the keys out"
    client.force_login(
        make_user(
            "staff",
            "bulk_admin.view_bulkgenerationjob",
            "bulk_admin.change_bulkgenerationjob",
            "bulk_admin.generate",
        )
    )
    body = client.get(job.get_absolute_url()).content.decode()
    assert 'id="act-more"' in body
    assert 'data-can-spend="1"' in body and 'data-can-act="1"' in body


@pytest.mark.parametrize(
    ("status", "reason", "account_stop", "leads"),
    [
        (JobStatus.PAUSED, "bad_key", "", True),
        (JobStatus.PAUSED, "day_cap", "", True),
        (JobStatus.PROCESSING, "", "no_credit", True),
        (JobStatus.PAUSED, "paused", "", False),
        (JobStatus.PAUSED, "job_cap", "", False),
        (JobStatus.PROCESSING, "", "", False),
    ],
)
def test_a_job_that_waits_for_its_account_leads_there_for_whoever_may_repair_it(
    client, status, reason, account_stop, leads
):
    job = make_job(1, status, status_reason=reason, account=make_account(stop_code=account_stop))
    link = f'href="{reverse("admin:bulk_admin_provideraccount_change", args=[job.account_id])}"'
    view = "bulk_admin.view_bulkgenerationjob"
    client.force_login(make_user("keeper", view, "bulk_admin.manage_accounts"))
    assert (link in client.get(job.get_absolute_url()).content.decode()) == leads
    client.force_login(make_user("viewer", view))
    assert link not in client.get(job.get_absolute_url()).content.decode()


def test_a_job_that_was_re_rolled_a_day_later_is_not_said_to_have_taken_a_day(page):
    began = timezone.now() - dt.timedelta(days=1)
    html = text_of(page(make_job(1, JobStatus.COMPLETED, started=began, finished=timezone.now())))
    assert "from start to finish" in html
    assert "Took" not in html
