"""The New job form: whatever is pasted or dropped in, nothing is saved half and no text is lost."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bulk_admin.admin.new_job.form import NewJobForm
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, JobStatus, Spend
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.intake import MAX_BYTES
from bulk_admin.testing.factories import make_account, make_job, make_user

ADD = "/admin/bulk_admin/bulkgenerationjob/add/"
PRICE = "/admin/bulk_admin/bulkgenerationjob/price/"
OPTIONS = "/admin/bulk_admin/bulkgenerationjob/options/"
NASTY = (
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{7*7}}",
    "<b hx-get=/admin/>x</b>",
    "</textarea><script>alert(1)</script>",
    "\u202eevil",
    "=cmd|'/c calc'!A1",
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def page(client, staff):
    client.force_login(staff)
    return client


def filled(account, **changes):
    model = ImageModel.objects.get(provider=account.provider, kind="image", is_default=True)
    return {
        "name": "Autumn",
        "prompts": "A lighthouse at dusk\nA fox in the snow",
        "account": account.pk,
        "model": model.name,
        "size": model.default_size,
        "quality": model.default_quality,
        "images_per_prompt": 1,
        "page_shelf": "new",
        **changes,
    }


def textarea(response):
    body = response.content.decode()
    start = body.index('id="id_prompts"')
    start = body.index(">", start) + 1
    return html.unescape(body[start : body.index("</textarea>", start)]).strip("\r\n")


def test_a_filled_form_makes_a_draft_and_leads_to_its_sheet(page, staff, placeholder_account):
    response = page.post(ADD, filled(placeholder_account, budget_cap="2.50", page_shelf="best"))
    job = BulkGenerationJob.objects.get()
    assert response.url == reverse("admin:bulk_admin_bulkgenerationjob_change", args=[job.pk])
    assert (job.status, job.created_by, job.budget_cap, job.page_options["shelf"]) == (
        JobStatus.DRAFT,
        staff,
        2_500_000,
        "best",
    )
    assert list(job.images.values_list("prompt_text", flat=True)) == [
        "A lighthouse at dusk",
        "A fox in the snow",
    ]
    assert page.get(response.url).status_code == 200


def test_of_a_file_no_more_is_read_than_can_be_used(staff, placeholder_account):
    class Upload(SimpleUploadedFile):
        def read(self, size=-1):
            found = super().read(size)
            read.append(len(found))
            return found

    read = []
    form = NewJobForm(
        filled(placeholder_account, prompts=""),
        {"file": Upload("list.txt", b"a fox\n" * 1_800_000)},
        person=staff,
        on=timezone.now().date(),
    )
    assert "larger than 2 MB" in str(form.errors["file"])
    assert read == [MAX_BYTES + 1]


def test_an_htmx_form_is_led_to_the_sheet_by_a_header(page, placeholder_account):
    response = page.post(ADD, filled(placeholder_account), headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == BulkGenerationJob.objects.get().get_absolute_url()


def test_the_empty_form_offers_a_name_and_the_default_account(page, placeholder_account):
    response = page.get(ADD)
    form = response.context["form"]
    assert form["name"].value().startswith("Job ")
    assert form["account"].value() == str(placeholder_account.pk)
    assert "Review prompts" in response.content.decode()


BAD_PASTES = {
    "empty": ("", "Paste at least one prompt"),
    "blank": (" \n\t\n  ", "Paste at least one prompt"),
    "nul": ("A fox\nA \x00 castle", "Line 2 holds a NUL"),
    "too many lines": ("\n".join(f"line {n}" for n in range(5_001)), "lines are too many"),
    "too many prompts": ("\n".join(f"line {n}" for n in range(1_001)), "prompts are too many"),
    "too large": ("x" * (3 * 1024 * 1024), "larger than 2 MB"),
}


@pytest.mark.parametrize("name", BAD_PASTES)
def test_a_bad_paste_is_refused_with_what_to_do_and_kept_in_the_form(
    page, placeholder_account, name
):
    text, message = BAD_PASTES[name]
    response = page.post(ADD, filled(placeholder_account, prompts=text))
    assert response.status_code == 200
    assert message in html.unescape(response.content.decode())
    assert textarea(response) == text.strip("\n") or not text.strip()
    assert not BulkGenerationJob.objects.exists()
    assert not GeneratedImage.objects.exists()


@pytest.mark.parametrize("name", ["nul", "too many lines", "too many prompts", "too large"])
def test_the_live_price_says_why_a_paste_is_refused(page, placeholder_account, name):
    text, message = BAD_PASTES[name]
    card, dock = html.unescape(
        page.post(PRICE, filled(placeholder_account, prompts=text)).content.decode()
    ).split('id="dock-sum"')
    assert message in card
    assert message in dock
    assert "$0.00" not in card
    assert "No prompts yet" not in dock


BAD_FILES = {
    "0 bytes": ("list.txt", b"", "is empty"),
    "a program named csv": (
        "list.csv",
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" * 8,
        "a program",
    ),
    "utf-16": ("list.txt", "A fox\n".encode("utf-16"), "UTF-16"),
    "not utf-8": ("list.txt", b"caf\xe9\n", "not UTF-8"),
    "10 MB": ("list.txt", b"a fox\n" * 1_800_000, "larger than 2 MB"),
    "another ending": ("list.docx", b"hello", "not a .txt, .csv or .json file"),
    "unknown column": ("list.csv", b"prompt,colour\na fox,red\n", "Unknown column"),
    "a bad row": ("list.csv", b"prompt,size\na fox,1024x1024\na cat,huge\n", "Line 3"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_what_to_do(page, placeholder_account, name):
    file_name, content, message = BAD_FILES[name]
    response = page.post(
        ADD, filled(placeholder_account, prompts="", file=SimpleUploadedFile(file_name, content))
    )
    assert message in html.unescape(response.content.decode())
    assert not BulkGenerationJob.objects.exists()


GOOD_FILES = {
    "byte order mark and CRLF": ("list.txt", b"\xef\xbb\xbfa fox\r\na cat\r\n", ["a fox", "a cat"]),
    "blocks with blank lines": (
        "list.txt",
        b"a fox\n\nin snow\n---\na cat\n",
        ["a fox\n\nin snow", "a cat"],
    ),
    "csv with quoted newline": (
        "list.csv",
        b'prompt,count\n"a fox\nin snow",2\n',
        ["a fox\nin snow"],
    ),
    "csv without header": ("list.csv", b"a fox\na cat\n", ["a fox", "a cat"]),
}


@pytest.mark.parametrize("name", GOOD_FILES)
def test_a_good_file_becomes_rows(page, placeholder_account, name):
    file_name, content, prompts = GOOD_FILES[name]
    page.post(
        ADD, filled(placeholder_account, prompts="", file=SimpleUploadedFile(file_name, content))
    )
    assert (
        list(GeneratedImage.objects.order_by("position").values_list("prompt_text", flat=True))
        == prompts
    )


def test_a_form_that_was_refused_says_skip_once_by_the_button(page, placeholder_account):
    """Without JavaScript a second value of that name would win over the button's."""
    upload = SimpleUploadedFile("list.csv", b"prompt,size\na fox,\na cat,huge\n")
    response = page.post(ADD, filled(placeholder_account, prompts="", file=upload))
    named = re.findall(r"<(\w+)[^>]*name=\"skip_bad\"", response.content.decode())
    assert named == ["button"]


def test_bad_lines_can_be_left_out_and_are_counted(page, placeholder_account):
    upload = SimpleUploadedFile("list.csv", b"prompt,size\na fox,\na cat,huge\n")
    response = page.post(
        ADD, filled(placeholder_account, prompts="", file=upload, skip_bad="1"), follow=True
    )
    job = BulkGenerationJob.objects.get()
    assert (job.total_prompts, job.skipped) == (1, 1)
    assert "1 bad line was left out" in response.content.decode()


@pytest.mark.parametrize("text", NASTY)
def test_mark_up_in_a_paste_is_shown_as_text(page, placeholder_account, text):
    refused = page.post(ADD, filled(placeholder_account, prompts=text, name=""))
    assert textarea(refused) == text
    live = page.post(
        PRICE, filled(placeholder_account, prompts=text, character_description=text)
    ).content.decode()
    page.post(ADD, filled(placeholder_account, prompts=text, name=text))
    sheet = page.get(BulkGenerationJob.objects.get().get_absolute_url()).content.decode()
    for body in (refused.content.decode(), live, sheet):
        assert "<img src=x" not in body
        assert "<script>alert" not in body
        assert "<b hx-get" not in body
    assert "{{7*7}}" not in text or "{{7*7}}" in sheet
    assert html.escape(text) in sheet


def test_what_cannot_be_chosen_is_refused_with_what_to_do(page, placeholder_account):
    off = make_account("placeholder", label="Sleeping", is_enabled=False)
    keyless = make_account("openai", label="Keyless")
    assert "Sleeping cannot be used: disabled" in html.unescape(
        page.post(ADD, filled(off)).content.decode()
    )
    assert "Keyless cannot be used: it has no key" in html.unescape(
        page.post(ADD, filled(keyless)).content.decode()
    )
    assert "is not a size of" in html.unescape(
        page.post(ADD, filled(placeholder_account, size="13x13")).content.decode()
    )
    assert not BulkGenerationJob.objects.exists()


def test_a_retired_model_is_refused_and_one_that_ends_soon_warns(page, placeholder_account):
    model = ImageModel.objects.get(provider="placeholder", kind="image", is_default=True)
    model.retired_on, model.successor = dt.date.today() + dt.timedelta(days=9), "placeholder-2"
    model.save()
    assert "placeholder-2" in page.post(PRICE, filled(placeholder_account)).content.decode()
    model.retired_on = dt.date(2020, 1, 1)
    model.save()
    assert (
        "was retired on 01 Jan 2020. Use placeholder-2 instead."
        in page.post(ADD, filled(placeholder_account)).content.decode()
    )
    assert not BulkGenerationJob.objects.exists()


def test_an_account_of_someone_else_cannot_be_chosen(page, placeholder_account):
    account = make_account(label="Private one", owner=make_user("other"))
    assert "Private one" not in page.get(ADD).content.decode()
    page.post(ADD, filled(account))
    assert not BulkGenerationJob.objects.exists()


def test_the_live_price_counts_and_saves_nothing(page, placeholder_account):
    placeholder_account.day_cap = 5_000_000
    placeholder_account.save()
    quote = page.post(
        PRICE, filled(placeholder_account, images_per_prompt=3, character_description="Mira")
    ).content.decode()
    assert "Review 2 prompts" in quote
    assert "6 pictures" in quote
    assert "Mira. A lighthouse at dusk" in quote
    assert "of today&#x27;s $5.00 is left afterwards" in quote
    assert not BulkGenerationJob.objects.exists()


def test_the_live_price_warns_where_today_s_cap_ends_it(page):
    account = make_account("openai", label="Capped", day_cap=10_000)
    account.set_key("sk-123456789012")
    account.save()
    Spend.objects.create(
        scope="account", key=str(account.pk), day=dt.datetime.now(dt.UTC).date(), spent=9_000
    )
    assert "the job will pause there" in page.post(PRICE, filled(account)).content.decode()


def test_another_account_changes_what_is_offered_and_touches_no_text(page, placeholder_account):
    account = make_account("openai", label="Studio")
    account.set_key("sk-123456789012")
    account.save()
    fragment = page.post(OPTIONS, filled(placeholder_account) | {"account": account.pk})
    body = fragment.content.decode()
    assert 'value="placeholder"' not in body
    assert "id_prompts" not in body
    assert fragment["HX-Trigger-After-Settle"]


def test_a_form_that_is_too_large_is_answered_inside_the_form(page, placeholder_account, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    inside = page.post(
        ADD,
        f"prompts={'x' * 5_000}",
        headers={"HX-Request": "true"},
        content_type="application/x-www-form-urlencoded",
    )
    assert (inside.status_code, inside["HX-Retarget"]) == (200, "#form-errors")
    assert "larger than the server takes" in inside.content.decode()
    plain = page.post(
        ADD, f"prompts={'x' * 5_000}", content_type="application/x-www-form-urlencoded"
    )
    assert plain.status_code == 413
    assert not BulkGenerationJob.objects.exists()


def test_too_many_fields_are_answered_inside_the_form(page, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    response = page.post(ADD, {f"field{n}": "1" for n in range(9)}, headers={"HX-Request": "true"})
    assert "more fields than the server takes" in response.content.decode()


def test_too_many_pictures_for_one_job_are_refused_with_the_text_kept(page, placeholder_account):
    text = "\n".join(f"prompt {n}" for n in range(600))
    response = page.post(ADD, filled(placeholder_account, prompts=text, images_per_prompt=4))
    assert "at most 1,000" in response.content.decode()
    assert textarea(response) == text


def test_the_way_back_to_the_form_keeps_everything_and_changes_the_same_draft(
    page, placeholder_account
):
    upload = SimpleUploadedFile("list.csv", b"prompt,count\na fox,3\na cat,\n")
    page.post(
        ADD, filled(placeholder_account, prompts="", file=upload, character_description="Mira")
    )
    job = BulkGenerationJob.objects.get()
    form = page.get(f"{ADD}?draft={job.pk}").context["form"]
    assert (
        form["prompts"].value(),
        form["character_description"].value(),
        form["name"].value(),
    ) == ("a fox\n---\na cat", "Mira", "Autumn")
    page.post(
        ADD, filled(placeholder_account, prompts="a fox\n---\na dog", draft=job.pk, name="Winter")
    )
    job = BulkGenerationJob.objects.get()
    assert (
        job.name,
        list(job.images.order_by("position").values_list("prompt_text", "count")),
    ) == ("Winter", [("a fox", 3), ("a dog", None)])


def go_back_and_review(page, account, job, **changes):
    """Back to the form and on to the sheet again, nothing typed: the rows that come of it."""
    text = textarea(page.get(f"{ADD}?draft={job.pk}"))
    page.post(
        ADD,
        filled(account, **{"prompts": "\r\n".join(text.splitlines()), "draft": job.pk, **changes}),
    )
    job = BulkGenerationJob.objects.get()
    return list(job.images.order_by("position").values_list("prompt_text", "included"))


def test_what_was_done_on_the_sheet_survives_the_way_back(page, placeholder_account):
    page.post(ADD, filled(placeholder_account, prompts="a fox\na cat\nA CAT\na hare\na fox"))
    job = BulkGenerationJob.objects.get()
    ids = dict(job.images.values_list("position", "pk"))
    drafts.edit_row(job.pk, ids[4], "a hare\nin the snow")
    drafts.set_included(job.pk, [ids[1], ids[4]], False)
    drafts.set_included(job.pk, [ids[3]], True)
    before = list(job.images.order_by("position").values_list("prompt_text", "included"))
    assert before == [
        ("a fox", False),
        ("a cat", True),
        ("A CAT", True),
        ("a hare\nin the snow", False),
        ("a fox", False),
    ]
    assert go_back_and_review(page, placeholder_account, job) == before
    assert go_back_and_review(page, placeholder_account, job, quality="high") == before


def test_a_row_that_is_no_twin_any_more_is_on_again(page, placeholder_account):
    page.post(ADD, filled(placeholder_account, prompts="a fox\nA FOX"))
    job = BulkGenerationJob.objects.get()
    assert go_back_and_review(page, placeholder_account, job, prompts="A FOX\na cat") == [
        ("A FOX", True),
        ("a cat", True),
    ]


def test_twins_of_a_file_keep_each_their_own_settings(page, placeholder_account):
    upload = SimpleUploadedFile("list.csv", b"prompt,quality,count\na fox,high,3\na fox,low,1\n")
    page.post(ADD, filled(placeholder_account, prompts="", file=upload))
    job = BulkGenerationJob.objects.get()
    assert go_back_and_review(page, placeholder_account, job) == [("a fox", True), ("a fox", False)]
    assert list(job.images.order_by("position").values_list("quality", "count")) == [
        ("high", 3),
        ("low", 1),
    ]


def test_a_lone_prompt_of_several_lines_stays_one(page, staff, placeholder_account):
    upload = SimpleUploadedFile("one.csv", b'prompt,count\n"a fox\nin the snow",2\n')
    page.post(ADD, filled(placeholder_account, prompts="", file=upload))
    job = BulkGenerationJob.objects.get()
    assert go_back_and_review(page, placeholder_account, job) == [("a fox\nin the snow", True)]
    old = make_job(
        ["a cat\non a wall"], JobStatus.COMPLETED, account=placeholder_account, created_by=staff
    )
    again = page.get(f"{ADD}?from={old.pk}&prompts=all").context["form"]
    assert [row.text for row in again.rows] == ["a cat\non a wall"]


def test_an_untouched_paste_comes_back_as_it_was_pasted(page, placeholder_account):
    paste = "a fox\n\n-----\n\na cat\n"
    page.post(ADD, filled(placeholder_account, prompts=paste.replace("\n", "\r\n")))
    assert (
        page.get(f"{ADD}?draft={BulkGenerationJob.objects.get().pk}")
        .context["form"]["prompts"]
        .value()
        .split()
        == paste.split()
    )


def test_a_new_job_takes_over_the_settings_of_an_old_one(page, staff, placeholder_account):
    old = make_job(
        ["a fox", "a cat"],
        JobStatus.COMPLETED,
        account=placeholder_account,
        created_by=staff,
        character_description="Mira",
    )
    empty = page.get(f"{ADD}?from={old.pk}").context["form"]
    assert (empty["character_description"].value(), empty["prompts"].value()) == ("Mira", "")
    again = page.get(f"{ADD}?from={old.pk}&prompts=all").context["form"]
    assert again["prompts"].value() == "a fox\na cat"
    assert page.get(f"{ADD}?from=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("permissions", "status"),
    [((), 403), (("bulk_admin.view_bulkgenerationjob",), 403), (("bulk_admin.generate",), 200)],
)
@pytest.mark.parametrize("address", [ADD, PRICE, OPTIONS])
def test_only_who_may_generate_meets_the_form(
    client, placeholder_account, permissions, status, address
):
    client.force_login(make_user("ann", *permissions))
    answer = (
        client.get(address) if address == ADD else client.post(address, filled(placeholder_account))
    )
    assert answer.status_code == status


def test_a_stranger_is_sent_to_the_login_page(client, placeholder_account):
    for address in (ADD, PRICE, OPTIONS):
        assert client.post(address).url.startswith("/admin/login/")
