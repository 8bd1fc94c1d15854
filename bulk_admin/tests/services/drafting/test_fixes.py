"""Marks of a paste that stay in a row: flagged, and cut by one press."""

from __future__ import annotations

import pytest

from bulk_admin.models import ImageModel
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.flags import STARTS_OFF
from bulk_admin.services.drafting.intake import Row
from bulk_admin.services.drafting.marks import MARKS
from bulk_admin.services.drafting.settings import JobSettings
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.pricing.catalogue import ModelNotAvailable, size_of_ratio

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(placeholder_account):
    return ImageModel.objects.get(name="placeholder")


@pytest.fixture
def draft(placeholder_account, staff):
    def make(*texts):
        settings = JobSettings(
            name="Foxes",
            account_id=placeholder_account.pk,
            model_name="placeholder",
            size="1024x1024",
            quality="low",
        )
        given = [
            row if isinstance(row, Row) else Row(row, line) for line, row in enumerate(texts, 1)
        ]
        return drafts.create_draft(settings, given, by=staff)

    return make


def rows(job):
    return list(job.images.order_by("position"))


def flag_of(row, code):
    return next((flag["text"] for flag in row.flags if flag["code"] == code), "")


CASES = [
    ("list_mark", "- a fox", "list mark -", "a fox"),
    ("list_mark", "1. FC Köln", "list mark 1.", "FC Köln"),
    ("list_mark", "> - 2) a fox", "list mark >", "a fox"),
    ("list_mark", "• a fox", "list mark •", "a fox"),
    ("list_mark", "Prompt 7: a fox", "list mark Prompt 7:", "a fox"),
    ("list_mark", "/imagine prompt: a fox", "list mark /imagine prompt:", "a fox"),
    ("wrap", '"a fox",', 'wrapped in "…"', "a fox"),
    ("wrap", '"""a fox"""', 'wrapped in """…"""', "a fox"),
    ("wrap", "“a fox”", "wrapped in “…”", "a fox"),
    ("wrap", "**a fox**", "wrapped in **…**", "a fox"),
    ("wrap", "`a fox`", "wrapped in `…`", "a fox"),
    ("wrap", "a poster\n```\nprint(1)\n```", "code fence", "a poster\nprint(1)"),
    ("heading", "# A fox", "looks like a heading", "A fox"),
    ("heading", "Animals in snow:", "looks like a heading", "Animals in snow"),
    ("heading", "Here are ten foxes", "looks like a heading", "ten foxes"),
    ("heading", "// foxes", "looks like a heading", "foxes"),
    ("heading", "Negative prompt: blurry", "looks like a heading", "blurry"),
    ("heading", "--- Foxes ---", "looks like a heading", "Foxes"),
    ("html", "<p>a <b>red</b> fox</p>", "HTML <p>", "a red fox"),
    ("html", "a fox &amp; an owl<br/>in snow", "HTML <br/>", "a fox & an owl in snow"),
    ("options", "a fox --v 7", "options --v 7", "a fox"),
    ("options", "a fox, —v 6.1 –s 250", "options —v 6.1 –s 250", "a fox"),
    ("options", "a fox --no text, hands --tile", "options --no text, hands --tile", "a fox"),
    ("options", "a fox --sref https://a.b/c.png --style raw", "options --sref https", "a fox"),
    ("options", "hot:: dog::2", "options :: ::2", "hot dog"),
    ("options", "https://s.mj.run/a1 a fox", "options https://s.mj.run/a1", "a fox"),
    ("options", "a fox --tile in snow", "options --tile", "a fox in snow"),
    ("options", "a fox --ar 9:1 --q 2", "(Placeholder does not make that shape)", "a fox"),
]


@pytest.mark.parametrize(("code", "text", "shown", "cut"), CASES)
def test_a_mark_is_named_and_cut_by_one_press(draft, code, text, shown, cut):
    job = draft(text, "an owl")
    assert shown in flag_of(rows(job)[0], code)
    before = job.revision
    assert drafts.fix_rows(job.pk, code, [rows(job)[0].pk]) == 1
    job.refresh_from_db()
    assert (rows(job)[0].prompt_text, rows(job)[0].flags) == (cut, [])
    assert rows(job)[0].included
    assert job.revision > before
    assert drafts.fix_rows(job.pk, code) == 0


@pytest.mark.parametrize(
    "text",
    [
        "3 foxes in snow",
        "a 16:9 photo of a fox, f/2.8, 1/250 s",
        "a well-known fox — no hat, no tie",
        "a fox - an owl",
        "*wow* a fox",
        '"Hello" and "bye" on a sign',
        "the fox's den & the owl's, 50% > 40%",
        "a fox #1 <lora:fox:0.8> (red:1.2)",
        "# Scene\na fox\n# Style\noil",
        "subject:\na fox",
        "🦊",
        "狐",
    ],
)
def test_what_belongs_to_a_prompt_is_not_flagged(draft, text):
    assert rows(draft(text))[0].flags == []


@pytest.mark.parametrize("text", ["--", "?!", "...", "*", "|---|", "—"])
def test_a_row_without_a_word_starts_unticked(draft, text):
    row = rows(draft(text, "a fox"))[0]
    assert (row.included, row.flags[0]["code"], row.flags[0]["fix"]) == (False, "no_words", "")


@pytest.mark.parametrize(
    ("option", "size"),
    [("--ar 3:2", "1536x1024"), ("—ar 2:3", "1024x1536"), ("--aspect 3x2", "1536x1024"),
     ("--ar=3:2", "1536x1024"), ("--ar 1:1", ""), ("--ar 9:1", ""), ("--ar 0:0", "")],
)  # fmt: skip
def test_the_shape_among_the_options_becomes_the_rows_size_where_it_is_made(draft, option, size):
    job = draft(f"a fox {option} --v 7", Row(f"an owl {option}", 2, "1024x1536"))
    drafts.fix_rows(job.pk, "options")
    assert [(row.prompt_text, row.size) for row in rows(job)] == [
        ("a fox", size),
        ("an owl", "1024x1536"),  # named by its file
    ]


def test_a_shape_is_met_by_the_nearest_area_or_by_the_models_rule(model):
    model.sizes = ["1024x1024", "1792x1024", "896x512", "rubbish"]
    assert size_of_ratio(model, 16 / 9, near="1024x1024") == "1792x1024"
    assert size_of_ratio(model, 16 / 9, near="512x512") == "896x512"
    model.size_rule = {}
    assert size_of_ratio(model, 5, near="1024x1024") == ""
    model.size_rule = {"multiple": 16, "longest": 3840, "min_pixels": 655_360,
                       "max_pixels": 8_294_400, "max_ratio": 3}  # fmt: skip
    assert size_of_ratio(model, 4 / 3, near="1024x1024") == "1184x880"
    assert size_of_ratio(model, 5, near="1024x1024") == ""
    assert size_of_ratio(model, 1e9, near="1024x1024") == ""


def test_all_rows_with_a_mark_are_put_right_at_once_and_the_others_stay(draft):
    job = draft("- a fox", "an owl", "* a hare", '"a crow"')
    assert drafts.fix_rows(job.pk, "list_mark") == 2
    assert [row.prompt_text for row in rows(job)] == ["a fox", "an owl", "a hare", '"a crow"']


def test_a_tick_follows_the_new_flags_unless_a_person_had_set_it(draft):
    job = draft("# A fox", "# An owl", "a hare", "- a hare", "- a crow")
    _, owl, _, _, crow = rows(job)
    drafts.set_included(job.pk, [owl.pk], True)
    drafts.set_included(job.pk, [crow.pk], False)
    for code in ("heading", "list_mark"):
        drafts.fix_rows(job.pk, code)
    assert [row.included for row in rows(job)] == [True, True, True, False, False]
    assert flag_of(rows(job)[3], "duplicate") == "same as row 3"


def test_nothing_is_cut_that_leaves_no_prompt_and_an_unknown_kind_cuts_nothing(draft):
    job = draft("<p>&nbsp;x</p>", "<br><br>", "- a fox")
    before = drafts.BulkGenerationJob.objects.get(pk=job.pk).revision
    assert drafts.fix_rows(job.pk, "nonsense") == 0
    job.refresh_from_db()
    assert job.revision == before
    drafts.fix_rows(job.pk, "html")
    assert [row.prompt_text for row in rows(job)] == ["x", "<br><br>", "- a fox"]


def test_rows_of_another_job_and_of_one_that_was_started_are_left_alone(draft, staff):
    mine, other = draft("- a fox"), draft("- an owl")
    assert drafts.fix_rows(mine.pk, "list_mark", [rows(other)[0].pk]) == 0
    ImageModel.objects.filter(name="placeholder").update(is_enabled=False)
    with pytest.raises(ModelNotAvailable):
        drafts.fix_rows(mine.pk, "list_mark")
    ImageModel.objects.filter(name="placeholder").update(is_enabled=True)
    lifecycle.generate(other.pk, by=staff)
    with pytest.raises(drafts.DraftRefused, match="started"):
        drafts.fix_rows(other.pk, "list_mark")
    assert rows(other)[0].prompt_text == "- an owl"


def test_every_kind_that_starts_off_or_can_be_fixed_is_known():
    assert {mark.code for mark in MARKS} == {code for code, *_ in CASES}
    assert {"duplicate", "too_long", "no_words", "heading"} == STARTS_OFF
