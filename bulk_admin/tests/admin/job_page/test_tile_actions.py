"""The buttons of the job page: pressed twice they change nothing more, and they answer with what
changed.
"""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from bulk_admin.models import ImageStatus, JobStatus, PageStatus, UnstoredImage
from bulk_admin.selectors.job_page import tile_counts
from bulk_admin.selectors.tiles import next_piece
from bulk_admin.services.jobs import decisions, lifecycle, trash
from bulk_admin.testing.factories import make_call, make_image, make_job
from bulk_admin.testing.pictures import png_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def press(client, staff):
    client.force_login(staff)

    def send(job, action, image=None, **data):
        if image is None:
            url = reverse("admin:bulk_admin_bulkgenerationjob_act", args=[job.pk, action])
        else:
            url = reverse(
                "admin:bulk_admin_bulkgenerationjob_image_act", args=[job.pk, image.pk, action]
            )
        return client.post(url, data)

    return send


def said(response):
    return json.loads(response["HX-Trigger"])["bulk:say"]["text"]


def test_another_variant_does_not_rename_the_first_one(press, client):
    """Only what changed is sent, so a name that depended on it would wait for a reload."""
    job = make_job(1, JobStatus.COMPLETED)
    first = job.images.get()
    before = client.get(job.get_absolute_url()).content.decode()
    assert press(job, "reroll", first, seen_variant="1").status_code == 200
    after = client.get(job.get_absolute_url()).content.decode()
    for name in ('<span class="place num">1.1<', 'aria-label="Prompt 1"'):
        assert name in before and name in after
    assert '<span class="place num">1.2<' in after and 'aria-label="Prompt 1, variant 2"' in after


def test_a_reroll_appends_a_variant_and_a_second_press_does_not(press):
    job = make_job(1, JobStatus.COMPLETED)
    image = job.images.get()
    first = press(job, "reroll", image, seen_variant=1)
    assert first.content.decode().count("data-tile=") >= 1
    assert "Already done" in said(press(job, "reroll", image, seen_variant=1))
    assert list(job.images.values_list("variant", flat=True)) == [1, 2]


def test_an_edited_prompt_makes_a_new_variant_with_it(press, client):
    job = make_job(1, JobStatus.COMPLETED)
    image = job.images.get()
    form = client.get(
        reverse("admin:bulk_admin_bulkgenerationjob_image_act", args=[job.pk, image.pk, "edit"])
    )
    assert image.prompt_text in form.content.decode()
    press(job, "edit", image, seen_variant=1, prompt=" A fox in the rain ")
    assert job.images.get(variant=2).prompt_text == "A fox in the rain"
    assert "empty" in said(press(job, "edit", image, seen_variant=2, prompt="   "))
    assert "too long" in said(press(job, "edit", image, seen_variant=2, prompt="x" * 50_000))
    assert job.images.count() == 2


@pytest.mark.parametrize("seen", ["", "0", "x", "7", "99999999999"])
def test_a_paid_button_without_the_right_number_buys_nothing(press, seen):
    job = make_job(0, JobStatus.COMPLETED)
    unknown = make_image(job, ImageStatus.UNKNOWN, attempt=2)
    make_call(unknown, "unknown")
    failed = make_image(job, ImageStatus.FAILED, error_code="overloaded", attempt=3)
    for image, action in (
        (unknown, "buy_again"),
        (unknown, "accept_as_lost"),
        (unknown, "reroll"),
        (failed, "retry"),
    ):
        press(job, action, image, seen_attempt=seen, seen_variant=seen)
    assert {image.status for image in job.images.all()} == {ImageStatus.UNKNOWN, ImageStatus.FAILED}
    assert job.images.count() == 2


def test_buy_again_and_accept_as_lost_settle_an_unknown_once(press):
    job = make_job(0, JobStatus.COMPLETED)
    again, lost = (make_image(job, ImageStatus.UNKNOWN, attempt=1) for _ in range(2))
    assert "Bought again" in said(press(job, "buy_again", again, seen_attempt=1))
    assert "Already done" in said(press(job, "buy_again", again, seen_attempt=1))
    assert "Marked as lost" in said(press(job, "accept_as_lost", lost, seen_attempt=1))
    assert job.images.get(pk=again.pk).status == ImageStatus.QUEUED
    assert job.images.get(pk=lost.pk).error_code == "lost"


def test_retry_queues_one_failure_again(press):
    job = make_job(0, JobStatus.COMPLETED)
    image = make_image(job, ImageStatus.FAILED, error_code="overloaded", attempt=3)
    press(job, "retry", image, seen_attempt=3)
    assert job.images.get().status == ImageStatus.QUEUED


def test_pause_resume_cancel_answer_with_the_new_state(press):
    job = make_job(2)
    assert "Paused" in press(job, "pause").content.decode()
    assert "bulk:say" not in press(job, "pause").headers.get("HX-Trigger", "")
    assert "Generating" in press(job, "resume").content.decode()
    assert "Cancelled" in press(job, "cancel").content.decode()
    assert set(job.images.values_list("status", flat=True)) == {ImageStatus.CANCELLED}


@pytest.fixture
def ask_for_pages(client, staff):
    client.force_login(staff)

    def ask(job, **asked):
        url = reverse("admin:bulk_admin_bulkgenerationjob_ask", args=[job.pk, "create_pages"])
        html = " ".join(client.get(url, asked).content.decode().split())
        return html, re.search(r'name="ids" value="([\d,]*)"', html)[1]

    return ask


def test_create_pages_shows_its_count_before_and_acts_on_exactly_those(press, ask_for_pages):
    job = make_job(2, JobStatus.COMPLETED, images_per_prompt=2)
    decisions.decide(job.pk, job.images.values_list("pk", flat=True), keep=True, by=None)
    html, ids = ask_for_pages(job)
    assert "2 pages from 4 pictures" in html
    assert "placeholder pictures" in html
    late = make_image(job, position=3)
    assert "2 pages queued" in said(press(job, "create_pages", ids=ids))
    assert job.images.get(pk=late.pk).page_status == PageStatus.NONE
    assert "0 pages queued" in said(press(job, "create_pages", ids=ids))


def test_create_pages_takes_the_kept_ones_and_offers_those_not_decided(ask_for_pages):
    job = make_job(3, JobStatus.COMPLETED)
    first, *others = job.images.values_list("pk", flat=True)
    html, ids = ask_for_pages(job)
    assert ids == ",".join(map(str, [first, *others])), "nothing is decided: all are offered"
    decisions.decide(job.pk, [first], keep=True, by=None)
    html, ids = ask_for_pages(job)
    assert ids == str(first) and "and 2 not decided" in html
    html, ids = ask_for_pages(job, undecided="1")
    assert ids == ",".join(map(str, [first, *others])) and "3 pages from 3 pictures" in html


def test_every_kept_picture_can_have_its_page(ask_for_pages):
    job = make_job(1, JobStatus.COMPLETED, images_per_prompt=2)
    assert "2 pages from 2" in ask_for_pages(job, every_kept="1")[0]


def test_a_re_roll_tells_its_price_and_what_takes_it_back(press):
    job = make_job(1, JobStatus.COMPLETED)
    answer = press(job, "reroll", job.images.get(), seen_variant=1)
    new = job.images.get(variant=2)
    told = json.loads(answer["HX-Trigger"])["bulk:say"]
    assert told["text"] == "One more picture of prompt 1 is queued, free."
    assert told["take_back"] == new.pk
    assert "Take back" in answer.content.decode()
    assert "not bought" in said(press(job, "take_back", new))
    assert "sent already" in said(press(job, "take_back", new))


def test_an_unknown_action_is_not_found(press):
    job = make_job(1, JobStatus.COMPLETED)
    assert press(job, "explode").status_code == 404
    assert press(job, "explode", job.images.get()).status_code == 404


# --- files ----------------------------------------------------------------------------------------


def file_of(client, image, kind="original"):
    return client.get(image.file_url(kind))


def body(response):
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("kind", ["original", "300", "600", "download"])
def test_pictures_are_private_unchanging_and_never_sniffed(client, staff, kind):
    client.force_login(staff)
    image = make_image(make_job(0, JobStatus.COMPLETED), stored=True)
    response = file_of(client, image, kind)
    assert body(response).startswith(b"\x89PNG")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers.get("Content-Disposition", "").startswith("attachment") == (
        kind == "download"
    )


@pytest.mark.parametrize("ask", [lambda url: url.partition("?")[0], lambda url: f"{url}0"])
def test_an_address_that_does_not_name_these_bytes_is_asked_again(client, staff, ask):
    client.force_login(staff)
    image = make_image(make_job(0, JobStatus.COMPLETED), stored=True)
    response = client.get(ask(image.file_url("300")))
    assert response["Cache-Control"] == "private, no-cache"
    response.close()


def test_the_original_in_place_of_a_thumbnail_is_not_kept_as_one(client, staff):
    client.force_login(staff)
    image = make_image(make_job(0, JobStatus.COMPLETED), stored=True, thumb_300="")
    response = file_of(client, image, "300")
    assert response["Cache-Control"] == "private, no-cache"
    response.close()


@pytest.mark.parametrize("kind", ["original", "300", "download"])
def test_a_picture_answers_head_as_it_answers_get(client, staff, kind):
    client.force_login(staff)
    url = make_image(make_job(0, JobStatus.COMPLETED), stored=True).file_url(kind)
    got, asked = client.get(url), client.head(url)
    assert (asked.status_code, asked.headers) == (got.status_code, got.headers)
    for response in (got, asked):
        response.close()


def test_bytes_that_are_no_picture_are_only_downloaded(client, staff):
    client.force_login(staff)
    job = make_job(0, JobStatus.COMPLETED)
    image = make_image(job, stored=True)
    job.images.filter(pk=image.pk).update(error_code="undecodable", content_type="text/html")
    response = file_of(client, image)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    response.close()


def test_what_the_storage_has_not_taken_yet_comes_from_the_outbox(client, staff):
    client.force_login(staff)
    job = make_job(0, JobStatus.COMPLETED)
    image = make_image(job, thumb_300="", thumb_600="")
    call = make_call(image)
    job.images.filter(pk=image.pk).update(picture_key=call.picture_key)
    UnstoredImage.objects.create(call=call, content=png_bytes(), size=len(png_bytes()))
    assert body(file_of(client, image, "300")) == png_bytes()


def test_a_file_that_is_not_there_is_not_found(client, staff):
    client.force_login(staff)
    job = make_job(1, JobStatus.PROCESSING)
    missing = make_image(job)
    assert file_of(client, missing).status_code == 404
    assert file_of(client, job.images.first()).status_code == 404
    assert file_of(client, make_image(job, stored=True), "secret").status_code == 404


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_what_is_in_flight_is_reported_only_when_something_is(press, action):
    assert "in flight" not in said(press(make_job(2, JobStatus.PROCESSING), action))
    job = make_job(2, JobStatus.PROCESSING)
    make_image(job, ImageStatus.GENERATING)
    assert "What is in flight is kept." in said(press(job, action))


def needing(job):
    """The tiles that wait for a person, as the chip counts them and as the page marks them."""
    marked = [image.pk for image in next_piece(job, 0).images if image.needs_attention]
    assert tile_counts(job).needs_attention == len(marked)
    return marked


def test_what_was_decided_needs_no_attention_any_more(press):
    job = make_job(0, JobStatus.COMPLETED)
    blocked = make_image(job, ImageStatus.FAILED, error_code="blocked")
    unknown = make_image(job, ImageStatus.UNKNOWN, attempt=1)
    no_page = make_image(job, page_status=PageStatus.BLOCKED)
    assert needing(job) == [blocked.pk, unknown.pk, no_page.pk]

    answer = press(job, "edit", blocked, seen_variant=1, prompt="A calm sea")
    tile = answer.content.decode().partition(f'id="tile-{blocked.pk}"')[2].partition(">")[0]
    assert tile and "data-needs" not in tile, "the page hears of it at once"
    press(job, "accept_as_lost", unknown, seen_attempt=1)
    decisions.decide(job.pk, [no_page.pk], keep=False, by=None)
    assert needing(job) == []


def test_a_failure_needs_attention_again_when_its_new_picture_is_deleted(press):
    job = make_job(0, JobStatus.COMPLETED)
    blocked = make_image(job, ImageStatus.FAILED, error_code="blocked")
    press(job, "edit", blocked, seen_variant=1, prompt="A calm sea")
    new = job.images.get(parent=blocked)
    lifecycle.cancel(job.pk, by=None)
    assert trash.trash_images(job.pk, [new.pk], by=None).done == 1
    before, blocked = blocked.revision, job.images.get(pk=blocked.pk)
    assert needing(job) == [blocked.pk]
    assert blocked.revision > before + 1, "an open page hears of it"
