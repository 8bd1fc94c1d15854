"""The review sheet: rows, flags, the bill, and one press that starts."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bulk_admin.models import BulkGenerationJob, ImageModel, ImageStatus, JobStatus
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.intake import parse_text
from bulk_admin.services.drafting.settings import JobSettings
from bulk_admin.testing.factories import make_job, make_page, make_user

pytestmark = pytest.mark.django_db
PASTE = "A lighthouse\nA fox\na  LIGHTHOUSE\nA desk with {season} flowers\nA castle"


@pytest.fixture
def page(client, staff):
    client.force_login(staff)
    return client


def draft(account, by, text=PASTE, **changes):
    model = ImageModel.objects.get(provider=account.provider, kind="image", is_default=True)
    chosen = JobSettings(
        name="Autumn",
        account_id=account.pk,
        model_name=model.name,
        size=model.default_size,
        quality=model.default_quality,
        **changes,
    )
    return drafts.create_draft(chosen, parse_text(text).rows, by=by, source_text=text)


@pytest.fixture
def job(staff, placeholder_account):
    make_page(prompt="A castle")
    return draft(placeholder_account, staff)


def sheet(job, name, *more):
    return reverse(f"admin:bulk_admin_bulkgenerationjob_sheet_{name}", args=[job.pk, *more])


def row(job, position):
    return job.images.get(position=position)


def pressed(body):
    """What the Generate button of this page, or of this answer, sends."""
    form = re.search(
        r'<form method="post" action="[^"]*/sheet/generate/".*?</form>', body, re.DOTALL
    )[0]
    return dict(re.findall(r'name="(\w+)" value="(\d+)"', form))


def opened(page, job):
    return page.get(job.get_absolute_url()).content.decode()


def test_the_sheet_says_in_words_what_it_found(page, job):
    body = page.get(job.get_absolute_url()).content.decode()
    for words in ("same as row 1", "already a page", "left-over {season}", "Generate 4 pictures"):
        assert words in body
    assert "(opens in a new tab)" in body
    assert not row(job, 3).included


def test_a_tick_sends_the_wanted_state_and_changes_row_bill_and_counts(page, job):
    for _ in range(2):
        body = page.post(
            sheet(job, "include"), {"ids": row(job, 1).pk, "wanted": "0"}
        ).content.decode()
        assert "Generate 3 pictures" in body
        assert "Off 2" in body
        assert body.count("<tr id=") == 1
    assert not row(job, 1).included


def test_many_rows_travel_as_one_field(page, job):
    ids = ",".join(str(image.pk) for image in job.images.all())
    body = page.post(sheet(job, "include"), {"ids": ids, "wanted": "0"}).content.decode()
    assert "Tick at least one row" in body
    assert not job.images.filter(included=True).exists()


def test_all_duplicates_go_off_with_one_press(page, job):
    page.post(sheet(job, "include"), {"ids": row(job, 3).pk, "wanted": "1"})
    assert "Turn off all duplicates (1)" in page.get(job.get_absolute_url()).content.decode()
    page.post(sheet(job, "include"), {"flag": "duplicate", "wanted": "0"})
    assert list(job.images.filter(included=False).values_list("position", flat=True)) == [3]


def test_rows_of_another_job_are_left_alone(page, job, staff, placeholder_account):
    other = draft(placeholder_account, staff)
    page.post(sheet(job, "include"), {"ids": row(other, 1).pk, "wanted": "0"})
    assert row(other, 1).included
    assert page.post(sheet(job, "row", row(other, 1).pk), {"text": "mine now"}).status_code == 404


def test_an_edited_row_is_flagged_again_and_so_is_its_twin(page, job):
    form = page.get(sheet(job, "row", row(job, 1).pk)).content.decode()
    assert "A lighthouse</textarea>" in form
    body = page.post(sheet(job, "row", row(job, 1).pk), {"text": "A windmill"}).content.decode()
    assert body.count("<tr id=") == 2  # the row, and the one that is no longer a duplicate
    assert row(job, 3).flags == []


@pytest.mark.parametrize("text", ["   ", "\ufeff", "\x00", "\u200b\n"])
def test_an_edit_that_leaves_nothing_is_refused_and_the_row_stays(page, job, text):
    body = page.post(sheet(job, "row", row(job, 1).pk), {"text": text}).content.decode()
    assert "The prompt is empty" in body
    assert row(job, 1).prompt_text == "A lighthouse"


def test_an_edit_after_the_model_was_switched_off_says_so_and_keeps_the_text(page, job):
    ImageModel.objects.filter(name=job.model_name).update(is_enabled=False)
    body = page.post(sheet(job, "row", row(job, 1).pk), {"text": "A windmill"}).content.decode()
    assert "A windmill</textarea>" in body
    assert 'class="errornote' in body or "disabled" in body or "not available" in body


def test_generate_starts_once_however_often_it_is_pressed(page, job):
    button = pressed(opened(page, job))
    for _ in range(2):
        response = page.post(sheet(job, "generate"), button)
        assert response.url == job.get_absolute_url()
    job.refresh_from_db()
    assert (job.status, job.total, job.queued, job.skipped) == (JobStatus.PENDING, 4, 4, 1)


def reword(page, job):
    page.post(sheet(job, "row", row(job, 2).pk), {"text": "A much longer fox"})


def swap_rows(page, job):
    """As many pictures as before, but of other prompts."""
    page.post(sheet(job, "include"), {"ids": row(job, 1).pk, "wanted": "0"})
    page.post(sheet(job, "include"), {"ids": row(job, 3).pk, "wanted": "1"})


def choose_high(page, job):
    """By way of the form: the same prompts, dearer."""
    chosen = JobSettings(
        name="Autumn",
        account_id=job.account_id,
        model_name=job.model_name,
        size=job.size,
        quality="high",
    )
    drafts.replace_draft(job.pk, chosen, parse_text(PASTE).rows, source_text=PASTE)


@pytest.mark.parametrize("change", [reword, swap_rows, choose_high])
def test_generate_asks_again_when_the_sheet_was_changed_elsewhere(page, job, change):
    button = pressed(opened(page, job))
    change(page, job)
    body = page.post(sheet(job, "generate"), button, follow=True).content.decode()
    assert "Look at the new price" in body
    job.refresh_from_db()
    assert job.status == JobStatus.DRAFT
    page.post(sheet(job, "generate"), pressed(body))
    job.refresh_from_db()
    assert job.status == JobStatus.PENDING


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"revision": ""},
        {"revision": "-1"},
        {"revision": "٣"},
        {"revision": "9" * 30},
        {"pictures": "4"},
    ],
)
def test_a_press_that_does_not_say_what_it_saw_starts_nothing(page, job, sent):
    assert (
        "Look at the new price"
        in page.post(sheet(job, "generate"), sent, follow=True).content.decode()
    )


@pytest.mark.parametrize("act", ["tick", "edit"])
def test_what_is_changed_on_the_page_itself_comes_with_a_button_that_works(page, job, act):
    if act == "tick":
        answer = page.post(sheet(job, "include"), {"ids": row(job, 1).pk, "wanted": "0"})
    else:
        answer = page.post(sheet(job, "row", row(job, 1).pk), {"text": "A windmill"})
    page.post(sheet(job, "generate"), pressed(answer.content.decode()))
    job.refresh_from_db()
    assert job.status == JobStatus.PENDING


def test_a_tick_on_rows_that_were_replaced_elsewhere_loads_the_page_again(page, job):
    old = row(job, 1).pk
    choose_high(page, job)
    response = page.post(sheet(job, "include"), {"ids": old, "wanted": "0"})
    assert response["HX-Refresh"] == "true"
    assert not response.content


@pytest.mark.parametrize("fault", ["account", "model"])
def test_what_cannot_start_says_what_to_do(page, job, fault):
    if fault == "account":
        job.account.is_enabled = False
        job.account.save()
    else:
        ImageModel.objects.filter(name=job.model_name).update(retired_on="2020-01-01")
    body = page.post(
        sheet(job, "generate"), pressed(opened(page, job)), follow=True
    ).content.decode()
    assert (
        "Enable it, or choose another one" if fault == "account" else "Choose another one"
    ) in html.unescape(body)
    job.refresh_from_db()
    assert job.status == JobStatus.DRAFT


def test_a_sheet_that_was_started_elsewhere_leads_to_the_job_page(page, job):
    page.post(sheet(job, "generate"), pressed(opened(page, job)))
    for response in (
        page.post(sheet(job, "include"), {"ids": "1", "wanted": "0"}),
        page.post(sheet(job, "row", job.images.first().pk), {"text": "late"}),
        page.post(sheet(job, "fix"), {"flag": "list_mark"}),
        page.post(sheet(job, "discard")),
    ):
        assert response["HX-Redirect"] == job.get_absolute_url()
    assert not job.images.filter(prompt_text="late").exists()


def test_discard_leaves_nothing_behind(page, job):
    page.post(sheet(job, "discard"))
    assert not BulkGenerationJob.objects.filter(pk=job.pk).exists()


def test_nothing_changes_by_looking(page, job):
    for name in ("include", "fix", "generate", "discard"):
        assert page.get(sheet(job, name)).status_code == 405


ACTIONS = ("include", "row", "fix", "generate", "discard")


def press(client, job, name):
    address = sheet(job, name, job.images.first().pk) if name == "row" else sheet(job, name)
    return client.post(address, {"revision": "1", "text": "x", "ids": "1", "wanted": "0"})


@pytest.mark.parametrize("name", ACTIONS)
def test_a_colleague_who_may_only_view_sees_the_sheet_and_changes_nothing(client, job, name):
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    body = client.get(job.get_absolute_url()).content.decode()
    assert "A lighthouse" in body
    assert 'id="generate"' not in body
    assert press(client, job, name).status_code == 403


def test_who_may_change_jobs_but_not_spend_can_edit_and_not_generate(client, job):
    client.force_login(
        make_user(
            "editor", "bulk_admin.view_bulkgenerationjob", "bulk_admin.change_bulkgenerationjob"
        )
    )
    assert press(client, job, "include").status_code == 200
    assert press(client, job, "generate").status_code == 403


@pytest.mark.parametrize("name", ACTIONS)
def test_staff_without_permissions_and_strangers_are_kept_out(client, job, name):
    assert press(client, job, name).url.startswith("/admin/login/")
    client.force_login(make_user("nobody"))
    assert client.get(job.get_absolute_url()).status_code == 403
    assert press(client, job, name).status_code == 403


def test_a_thousand_rows_cost_no_more_queries_than_ten(page, staff, placeholder_account):
    def cost(rows):
        job = draft(placeholder_account, staff, "\n".join(f"prompt {n}" for n in range(rows)))
        with CaptureQueriesContext(connection) as opened:
            assert page.get(job.get_absolute_url()).status_code == 200
        with CaptureQueriesContext(connection) as ticked:
            page.post(sheet(job, "include"), {"ids": row(job, 1).pk, "wanted": "0"})
        return len(opened), len(ticked)

    cost(2)  # content types and such are cached by then
    assert cost(10) == cost(1_000)


def test_the_bill_shows_how_it_was_reckoned(page, staff, placeholder_account):
    job = draft(placeholder_account, staff, "a fox\na cat", images_per_prompt=3, budget_cap=1)
    body = page.get(job.get_absolute_url()).content.decode()
    assert "× 3" in body
    assert "Generate 6 pictures" in body


def test_a_job_that_left_the_sheet_shows_its_own_page(page, staff):
    job = make_job(2, JobStatus.PROCESSING, created_by=staff)
    assert "Check before spending" not in page.get(job.get_absolute_url()).content.decode()
    assert job.images.filter(status=ImageStatus.QUEUED).count() == 2


# --- one-press fixes -----------------------------------------------------------------------------


@pytest.fixture
def marked(staff, placeholder_account):
    return draft(placeholder_account, staff, "- A fox\nAn owl --ar 3:2 --v 7\n* A hare\n# Crows")


def buttons(body):
    """What each fix button of a page, or of an answer, sends."""
    found = re.findall(r'<button [^>]*data-fix="(\w+)"(?: data-ids="(\d+)")?\s*>', body)
    return [{"flag": flag, "ids": ids} if ids else {"flag": flag} for flag, ids in found]


def test_a_marked_row_has_a_button_that_puts_it_right(page, marked):
    body = opened(page, marked)
    for words in ("list mark -", "options --ar 3:2 --v 7 (1536×1024)", "looks like a heading"):
        assert words in body
    [press] = [each for each in buttons(body) if each.get("ids") == str(row(marked, 2).pk)]
    answer = page.post(sheet(marked, "fix"), press).content.decode()
    assert answer.count("<tr id=") == 1
    assert (row(marked, 2).prompt_text, row(marked, 2).size) == ("An owl", "1536x1024")
    assert "1536x1024" in answer
    page.post(sheet(marked, "generate"), pressed(answer))
    marked.refresh_from_db()
    assert marked.status == JobStatus.PENDING


def test_one_press_puts_all_rows_of_a_kind_right(page, marked):
    body = opened(page, marked)
    assert "Remove all list marks (2)" in body
    assert "Cut all options" not in body  # there is one, with its own button
    answer = page.post(sheet(marked, "fix"), {"flag": "list_mark"}).content.decode()
    assert answer.count("<tr id=") == 2
    assert "Remove all list marks" not in answer
    assert [image.prompt_text for image in marked.images.order_by("position")] == [
        "A fox",
        "An owl --ar 3:2 --v 7",
        "A hare",
        "# Crows",
    ]
    assert page.post(sheet(marked, "fix"), {"flag": "list_mark"}).content.count(b"<tr id=") == 0


def test_a_heading_is_off_until_it_is_used_as_a_prompt(page, marked):
    assert not row(marked, 4).included
    answer = page.post(sheet(marked, "fix"), {"flag": "heading", "ids": row(marked, 4).pk})
    assert "Generate 4 pictures" in answer.content.decode()
    assert (row(marked, 4).prompt_text, row(marked, 4).included) == ("Crows", True)


def test_generate_asks_again_after_a_fix_in_another_tab(page, marked):
    button = pressed(opened(page, marked))
    page.post(sheet(marked, "fix"), {"flag": "options"})
    body = page.post(sheet(marked, "generate"), button, follow=True).content.decode()
    assert "Look at the new price" in body


def test_what_a_flag_that_turns_its_row_off_looks_like(page, staff, placeholder_account):
    ImageModel.objects.filter(name="placeholder").update(prompt_limit=30)
    job = draft(placeholder_account, staff, f"a fox\nA fox\n{'x' * 31}\n?!\n# Crows")
    body = opened(page, job)
    assert not job.images.filter(position__gt=1, included=True).exists()
    assert body.count("flagt tone-bad") == 4


def test_a_fix_of_rows_that_are_gone_loads_the_page_again(page, marked):
    answer = page.post(sheet(marked, "fix"), {"flag": "list_mark", "ids": "999999"})
    assert answer["HX-Refresh"] == "true"
    assert row(marked, 1).prompt_text == "- A fox"


def test_a_fix_when_the_model_was_switched_off_says_so(page, marked):
    ImageModel.objects.filter(name=marked.model_name).update(is_enabled=False)
    assert page.post(sheet(marked, "fix"), {"flag": "list_mark"})["HX-Refresh"] == "true"
    assert "disabled in the catalogue" in opened(page, marked)
    assert row(marked, 1).prompt_text == "- A fox"
