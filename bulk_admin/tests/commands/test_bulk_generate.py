"""The command that orders a job: what it creates, refuses and prints."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ModelPrice
from bulk_admin.testing.factories import make_account, make_model, make_user

pytestmark = pytest.mark.django_db
KEYS = [
    *(
        "job",
        "status",
        "status_reason",
        "total",
        "queued",
        "running",
        "completed",
        "failed",
        "unknown",
        "cancelled",
        "skipped",
    ),
    *("estimated_usd", "spent_usd", "pages_created", "pages_blocked", "pages_failed"),
    *("pages_published", "url"),
]


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "Foxes.txt"
    file.write_text("a fox\nan owl\n")
    return file


def generate(file, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("bulk_generate", str(file), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def refusal(file, **options):
    with pytest.raises(CommandError) as caught:
        generate(file, **options)
    assert caught.value.returncode == 2
    assert not BulkGenerationJob.objects.exists()
    return str(caught.value)


def paid_model(**fields):
    """A model that costs a cent a picture, with an account that can buy it."""
    account = make_account(label="Paid", limit_per_minute=10)
    return account, make_model(name="paid-1", label="Paid 1", prompt_limit=200, **fields)


def test_a_file_becomes_a_started_job_of_the_only_superuser(
    superuser, placeholder_account, prompts
):
    out, _ = generate(prompts, per_prompt=2, cap=2_000_000, create_pages=True)
    job = BulkGenerationJob.objects.get()
    assert (job.name, job.created_by, job.status, job.total, job.account) == (
        "Foxes",
        superuser,
        "pending",
        4,
        placeholder_account,
    )
    assert (job.budget_cap, job.create_pages_when_done) == (2_000_000, True)
    assert job.get_absolute_url() in out
    assert "4 pictures" in out


def test_json_is_one_line_with_exactly_the_promised_keys(superuser, prompts):
    account, _ = paid_model()
    out, _ = generate(prompts, account="Paid", model="paid-1", json=True)
    assert out.count("\n") == 1
    report = json.loads(out)
    assert list(report) == KEYS
    job = BulkGenerationJob.objects.get(account=account)
    assert report["job"] == str(job.pk)
    assert report["url"] == f"/admin/bulk_admin/bulkgenerationjob/{job.pk}/change/"
    assert (report["status"], report["total"], report["queued"], report["skipped"]) == (
        "pending",
        2,
        2,
        0,
    )
    assert (report["estimated_usd"], report["spent_usd"]) == ("0.020000", "0.000000")


def test_what_the_review_sheet_would_flag_is_said(superuser, tmp_path):
    file = tmp_path / "p.txt"
    file.write_text("- a fox\nan owl --v 7\n# Crows\na hare\n")
    _, err = generate(file)
    assert err.splitlines() == [
        "line 3 skipped: Looks like a heading.",
        "prompt 1 stays as it is: list mark -",
        "prompt 2 stays as it is: options --v 7",
    ]


def test_a_table_on_standard_input_is_seen_or_named(superuser, monkeypatch):
    def pipe(data):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    pipe(b'size,Prompts\n1024x1536,"a fox, red"\n')
    generate("-")
    assert list(GeneratedImage.objects.values_list("prompt_text", "size")) == [
        ("a fox, red", "1024x1536")
    ]
    GeneratedImage.objects.all().delete()
    pipe(b'["a fox"]')
    generate("-", format="txt")
    assert GeneratedImage.objects.get().prompt_text == '["a fox"]'
    pipe(b"a fox")
    with pytest.raises(CommandError, match="not JSON"):
        generate("-", format="json")


def test_prompts_may_come_from_standard_input(superuser, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a fox\n\nin snow\n---\nan owl")))
    generate("-", name="From a pipe")
    assert list(
        BulkGenerationJob.objects.get(name="From a pipe").images.values_list(
            "prompt_text", flat=True
        )
    ) == ["a fox\n\nin snow", "an owl"]


def test_a_dry_run_shows_rows_and_price_and_creates_nothing(superuser, prompts):
    paid_model()
    out, _ = generate(prompts, account="Paid", model="paid-1", per_prompt=3, dry_run=True)
    assert "a fox" in out
    assert "an owl" in out
    assert "6 pictures, about $0.06" in out
    report = json.loads(
        generate(prompts, account="Paid", model="paid-1", dry_run=True, json=True)[0]
    )
    assert list(report) == KEYS
    assert (
        report["job"],
        report["url"],
        report["status"],
        report["total"],
        report["estimated_usd"],
    ) == (
        "",
        "",
        "draft",
        2,
        "0.020000",
    )
    assert not BulkGenerationJob.objects.exists()
    assert not GeneratedImage.objects.exists()


def test_bad_rows_are_left_out_with_their_line_and_the_good_ones_are_made(superuser, tmp_path):
    paid_model()
    file = tmp_path / "p.csv"
    file.write_text(
        "prompt,size,quality,count\na fox,,,2\nan owl,huge,,\nA  FOX,,,\na hare,999x999,,\na"
        f" hen,,best,\n{'x' * 300},,,\nan elk,1536x1024,low,\n"
    )
    out, err = generate(file, account="Paid", model="paid-1", json=True)
    job = BulkGenerationJob.objects.get()
    assert list(
        job.images.order_by("position", "variant").values_list("prompt_text", "size", "quality")
    ) == [("a fox", "", "")] * 2 + [("an elk", "1536x1024", "low")]
    assert json.loads(out)["skipped"] == job.skipped == 5
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"line {n} skipped" for n in (3, 4, 5, 6, 7)]
    assert "“huge” is not a size" in lines[0]
    assert "Same as row 1" in lines[1]
    assert "Paid 1 makes 1024x1024" in lines[2]
    assert "has no quality best" in lines[3]
    assert "Too long by 100" in lines[4]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00", "a program"),
        (b"\xff\xfea\x00", "save it as UTF-8"),
        (b"prompt,size\na fox,huge\n", "No row can be used"),
    ],
)
def test_a_file_that_cannot_be_used_creates_nothing(superuser, tmp_path, data, complaint):
    file = tmp_path / "p.csv"
    file.write_bytes(data)
    assert complaint in refusal(file)


def test_a_file_that_is_not_there_is_reported(superuser, tmp_path):
    assert "cannot be read: No such file" in refusal(tmp_path / "nope.txt")
    assert "cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"user": "nobody"}, "There is no active user nobody. There are: root, somebody."),
        ({"account": "nope"}, "There is no account nope. There are: "),
        ({"account": "Off"}, "Off cannot be used: disabled"),
        ({"account": "Bare"}, "Bare cannot be used: it has no key"),
        ({"account": "Somebody's"}, "There is no account Somebody's"),
        ({"account": "Paid", "model": "nope"}, "Paid has no model nope. There are: "),
        ({"account": "Paid", "model": "old"}, "was retired on 01 Jan 2024. Use new instead."),
        ({"account": "Paid", "model": "paid-1", "size": "7x7"}, "does not make 7x7"),
        ({"account": "Paid", "model": "paid-1", "quality": "auto"}, "in auto quality"),
        ({"account": "Paid", "model": "free"}, "has no price"),
    ],
)
def test_what_cannot_be_bought_is_refused_with_what_to_do(superuser, prompts, options, complaint):
    paid_model()
    make_account(label="Off", is_enabled=False)
    make_account("openai", label="Bare")
    make_account(label="Somebody's", owner=make_user("somebody", is_staff=False))
    make_model(name="old", label="Old", retired_on="2024-01-01", successor="new")
    ModelPrice.objects.filter(model=make_model(name="free", label="Free")).delete()
    assert complaint in refusal(prompts, **options)


def test_a_key_that_cannot_be_read_is_refused_before_anything_is_created(
    superuser, prompts, settings
):
    account = make_account("openai", label="Locked")
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["the old one"]}
    account.set_key("sk-something")
    account.save(update_fields=["encrypted_key"])
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["the new one"]}
    assert "Enter the key of Locked again" in refusal(prompts, account="Locked")


def test_an_account_is_named_by_label_by_id_or_by_provider(superuser, placeholder_account, prompts):
    for number, name in enumerate(
        (placeholder_account.label, str(placeholder_account.pk), "placeholder")
    ):
        generate(prompts, account=name, name=f"job {number}")
    assert set(BulkGenerationJob.objects.values_list("account", flat=True)) == {
        placeholder_account.pk
    }


def test_a_name_of_several_accounts_is_not_guessed_at(superuser, placeholder_account, prompts):
    second = make_account(label="Second")
    ids = f"{placeholder_account.pk} ({placeholder_account.label}), {second.pk} (Second)"
    assert f"Name one of them by its id: {ids}." in refusal(prompts, account="placeholder")


@pytest.mark.parametrize("name", ["Studio", "placeholder"])
def test_a_name_means_the_person_s_own_account_before_the_platform_s(superuser, prompts, name):
    make_account(label="Studio")
    make_account(label="Studio", owner=make_user("somebody"))
    own = make_account(label="Studio", owner=superuser)
    generate(prompts, account=name)
    assert BulkGenerationJob.objects.get().account == own


def test_without_a_single_superuser_the_users_are_listed(prompts):
    assert "createsuperuser" in refusal(prompts)
    for name in ("anna", "berta"):
        make_user(name, is_superuser=True)
    assert "Name the user with --user. There are: anna, berta." in refusal(prompts)
    generate(prompts, user="berta")
    assert BulkGenerationJob.objects.get().created_by.get_username() == "berta"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--cap", "lots"], "not an amount"),
        (["--cap", "0,50"], "after a point"),
        (["--per-prompt", "9"], "write a whole number from 1 to 4"),
        (["--per-prompt", "9" * 5000], "write a whole number from 1 to 4"),
        (["--seed", "9" * 5000], "write a whole number from 0 to 2147483647"),
        (["--cap", "1e700000"], "not an amount in dollars"),
        (["--cap", "9" * 12], "at most 1,000,000 dollars"),
        (["--speed", "2"], "unrecognized"),
    ],
)
def test_a_bad_option_is_refused(superuser, prompts, words, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("bulk_generate", str(prompts), *words)
    assert not BulkGenerationJob.objects.exists()


def test_more_than_a_thousand_pictures_are_refused(superuser, tmp_path):
    file = tmp_path / "many.txt"
    file.write_text("\n".join(f"fox {n}" for n in range(400)))
    assert "1,200 pictures; a job takes at most 1,000" in refusal(file, per_prompt=3)


def test_the_key_in_the_environment_pays_by_default(superuser, prompts, settings):
    settings.OPENAI_API_KEY = "sk-from-the-environment"
    generate(prompts)
    job = BulkGenerationJob.objects.get()
    assert job.account.key_from_environment
    assert (
        ImageModel.objects.get(provider="openai", kind="image", is_default=True).name
        == job.model_name
    )
