"""Drafts: rows with their flags, the combined prompt, and what is refused before anything is
saved.
"""

from __future__ import annotations

import uuid

import pytest

from bulk_admin.admin.new_job.form import FIELDS, NewJobForm
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel
from bulk_admin.services.database import database_now
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting import settings as job_settings
from bulk_admin.services.drafting.drafts import DraftRefused
from bulk_admin.services.drafting.intake import Row
from bulk_admin.services.drafting.settings import JobSettings, compose_prompt
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.pricing.catalogue import ModelNotAvailable
from bulk_admin.testing.factories import make_account, make_job, make_page, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def settings_of(placeholder_account):
    def build(**fields):
        plain = {
            "name": "Foxes",
            "account_id": placeholder_account.pk,
            "model_name": "placeholder",
            "size": "1024x1024",
            "quality": "low",
        }
        return JobSettings(**{**plain, **fields})

    return build


@pytest.fixture
def draft(settings_of, staff):
    def make(*texts, **fields):
        return drafts.create_draft(
            settings_of(**fields), [Row(text, line) for line, text in enumerate(texts, 1)], by=staff
        )

    return make


def rows(job):
    return list(job.images.order_by("position"))


def codes(job):
    return [[flag["code"] for flag in row.flags] for row in rows(job)]


def test_a_draft_holds_one_row_a_prompt_with_its_own_settings(settings_of, staff):
    given = [Row("a fox", 1), Row("an owl", 4, "1536x1024", "high", 3)]
    job = drafts.create_draft(
        settings_of(images_per_prompt=2, budget_cap=70_000),
        given,
        by=staff,
        source_text="a fox\n…",
        skipped=5,
    )
    job.refresh_from_db()
    assert (job.status, job.created_by, job.provider, job.total_prompts, job.skipped) == (
        "draft",
        staff,
        "placeholder",
        2,
        5,
    )
    assert (job.source_text, job.images_per_prompt, job.budget_cap, job.total) == (
        "a fox\n…",
        2,
        70_000,
        0,
    )
    saved = [
        (row.position, row.prompt_text, row.size, row.quality, row.count, row.included, row.status)
        for row in rows(job)
    ]
    assert saved == [
        (1, "a fox", "", "", None, True, "draft"),
        (2, "an owl", "1536x1024", "high", 3, True, "draft"),
    ]


@pytest.mark.parametrize(
    ("fields", "composed"),
    [
        ({}, "a fox."),
        ({"prompt_prefix": " Photo of "}, "Photo of a fox."),
        ({"prompt_suffix": "in oil"}, "a fox, in oil"),
        ({"character_description": "A girl in red"}, "A girl in red. a fox."),
        ({"character_description": "A girl in red."}, "A girl in red. a fox."),
        (
            {
                "character_description": "Who is she?",
                "prompt_prefix": "Photo of",
                "prompt_suffix": "in oil",
            },
            "Who is she? Photo of a fox, in oil",
        ),
    ],
)
def test_the_jobs_texts_are_put_around_a_prompt_in_one_place(settings_of, fields, composed):
    assert compose_prompt(settings_of(**fields), "  a fox.  ") == composed


def test_a_twin_in_the_paste_starts_unticked_and_names_the_first_one(draft):
    job = draft("a red fox", "an owl", "  A red\nFOX ", "a red fox")
    assert codes(job) == [[], [], ["duplicate"], ["duplicate"]]
    assert [row.included for row in rows(job)] == [True, True, False, False]
    assert rows(job)[3].flags[0]["text"] == "same as row 1"


def test_a_prompt_with_the_jobs_texts_around_it_that_is_too_long_starts_unticked(draft):
    ImageModel.objects.filter(name="placeholder").update(prompt_limit=20)
    job = draft("x" * 11, "y" * 13, prompt_prefix="Photo of")
    assert codes(job) == [[], ["too_long"]]
    assert [row.included for row in rows(job)] == [True, False]
    assert rows(job)[1].flags[0]["text"] == "too long by 2"


def test_a_prompt_of_forty_thousand_letters_is_kept_as_a_row(draft):
    [row] = rows(draft("x" * 40_000))
    assert (len(row.prompt_text), row.included, row.flags[0]["text"]) == (
        40_000,
        False,
        "too long by 8,000",
    )


def test_pages_and_earlier_pictures_of_a_prompt_are_named_with_a_link_and_only_warn(draft):
    page = make_page(prompt="a fox")
    earlier = make_job(["an owl"], "completed")
    make_job(["a hare"], "failed")
    job = draft("a fox", "an owl", "a hare")
    assert codes(job) == [["page"], ["earlier"], []]
    assert str(page.pk) in rows(job)[0].flags[0]["url"]
    assert str(earlier.pk) in rows(job)[1].flags[0]["url"]
    assert all(row.included for row in rows(job))


@pytest.mark.parametrize(
    "spelling", ["A Red  fox", " a red fox ", "a\nred\n\n fox", "a\tred\xa0fox", "A RED FOX"]
)
def test_made_before_compares_as_same_as_row_does(draft, spelling):
    make_page(prompt="an owl")
    make_job([spelling], "completed")
    job = draft("a red fox", spelling, "An  Owl")
    assert codes(job) == [["earlier"], ["duplicate", "earlier"], ["page"]]


@pytest.mark.parametrize(
    ("text", "left_over"),
    [
        ("a fox in {season}", "{season}"),
        ("a fox in {{ season }}", "{{ season }}"),
        ("a fox in ${season}", "{season}"),
        ("a {red|blue} fox", "{red|blue}"),
        ("a {deep red, like wine | pale blue} fox", "{deep red, like wine | pale blue}"),
        ("a {red|{dark|light} blue} fox", "{dark|light}"),
        ("a {2$$red|blue} fox", "{2$$red|blue}"),
        ("a {1|2} year old fox", "{1|2}"),
        ("a {x} fox", "{x}"),
        ("ein {größe} Fuchs, {été|hiver}", "{größe}"),
        ("a ｛色｝ fox", "｛色｝"),
        ("a {\n  red |\n  blue\n} fox", "{ red | blue }"),
        ("a __art/style__ fox", "__art/style__"),
        ("a [subject] in snow", "[subject]"),
        ("a fox, <name>", "<name>"),
        ("a fox, <your animal here>", "<your animal here>"),
        ("a __colour__ fox", "__colour__"),
        ("a fox", ""),
        ("a fox <b>in</b> snow <script>alert(1)</script>", ""),
        ('{"subject": "a fox", "seed": 12}', ""),
        ("a fox, f/2.8 [1], (red:1.2) <lora:fox:0.8>", ""),
        ("def __init__", "__init__"),  # warned of, no more
        ("1 < 2 and 3 > 2", ""),
        ("snake_case_words and a_b", ""),
    ],
)
def test_left_over_placeholders_are_pointed_out_and_only_warn(draft, text, left_over):
    [row] = rows(draft(text))
    found = [flag["text"] for flag in row.flags if flag["code"] == "leftover"]
    assert found == ([f"left-over {left_over}"] if left_over else [])
    assert row.included


@pytest.mark.parametrize(
    ("fields", "given", "complaint"),
    [
        ({}, [], "no prompt"),
        ({"size": "999x999"}, [Row("a fox", 1)], "does not make 999x999"),
        ({"quality": "max"}, [Row("a fox", 1)], "in max quality"),
        ({"quality": ""}, [Row("a fox", 1)], "in no quality"),
        (
            {},
            [Row("a fox", 1), Row("an owl", 7, quality="max")],
            "Line 7: Placeholder does not make 1024x1024 pictures in max",
        ),
        ({"account_id": 999_999}, [Row("a fox", 1)], "account does not exist"),
        (
            {"images_per_prompt": 4},
            [Row(f"fox {n}", n) for n in range(1, 252)],
            "1,004 pictures; a job takes at most 1,000",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_saved(
    settings_of, staff, fields, given, complaint
):
    with pytest.raises(DraftRefused, match=complaint):
        drafts.create_draft(settings_of(**fields), given, by=staff)
    assert not BulkGenerationJob.objects.exists()


def test_a_retired_model_is_refused_and_nothing_is_saved(settings_of, staff):
    with pytest.raises(ModelNotAvailable, match="retired"):
        drafts.create_draft(
            settings_of(account_id=make_account("openai").pk, model_name="dall-e-3"),
            [Row("a fox", 1)],
            by=staff,
        )
    assert not BulkGenerationJob.objects.exists()


def test_a_thousand_rows_cost_few_queries(settings_of, staff, django_assert_max_num_queries):
    given = [Row(f"a fox, number {n}", n) for n in range(1, 1001)]
    with django_assert_max_num_queries(
        62
    ) as queries:  # SQLite takes 24 of these rows in one INSERT
        job = drafts.create_draft(settings_of(), given, by=staff)
    assert (
        len(
            [
                query
                for query in queries
                if "generatedimage" not in query["sql"] or not query["sql"].startswith("INSERT")
            ]
        )
        <= 11  # two of them a savepoint around the site's own query
    )
    assert job.images.count() == 1000
    with django_assert_max_num_queries(15):
        drafts.edit_row(job.pk, rows(job)[0].pk, "an owl")


def test_going_back_to_the_form_replaces_settings_and_rows(draft, settings_of):
    job = draft("a fox", "an owl", "a hare")
    again = drafts.replace_draft(
        job.pk,
        settings_of(name="Owls", quality="high"),
        [Row("an owl", 1), Row("a crow", 2)],
        source_text="new",
        skipped=1,
    )
    again.refresh_from_db()
    assert (
        again.pk,
        again.name,
        again.quality,
        again.total_prompts,
        again.source_text,
        again.skipped,
    ) == (job.pk, "Owls", "high", 2, "new", 1)
    assert [row.prompt_text for row in rows(again)] == ["an owl", "a crow"]
    assert BulkGenerationJob.objects.count() == 1


def test_a_draft_that_is_refused_on_its_way_back_keeps_its_rows(draft, settings_of):
    job = draft("a fox", "an owl")
    with pytest.raises(DraftRefused):
        drafts.replace_draft(job.pk, settings_of(name="Owls", size="1x1"), [Row("a crow", 1)])
    job.refresh_from_db()
    assert job.name == "Foxes"
    assert [row.prompt_text for row in rows(job)] == ["a fox", "an owl"]


def test_rows_are_ticked_to_the_wanted_state_and_never_toggled(draft):
    job = draft("a fox", "an owl", "a hare")
    fox, owl, _ = (row.pk for row in rows(job))
    assert drafts.set_included(job.pk, [fox, owl], False) == 2
    assert drafts.set_included(job.pk, [fox, owl], False) == 0
    assert [row.included for row in rows(job)] == [False, False, True]
    assert drafts.set_included(job.pk, [owl], True) == 1
    assert [row.included for row in rows(job)] == [False, True, True]


def test_rows_of_another_job_are_left_alone(draft):
    mine, other = draft("a fox"), draft("an owl")
    assert drafts.set_included(mine.pk, [rows(other)[0].pk], False) == 0
    with pytest.raises(DraftRefused, match="reload"):
        drafts.edit_row(mine.pk, rows(other)[0].pk, "a crow")
    assert (rows(other)[0].prompt_text, rows(other)[0].included) == ("an owl", True)


def test_a_reworded_row_changes_the_flags_of_its_twins(draft):
    job = draft("a fox", "a fox")
    edited = drafts.edit_row(job.pk, rows(job)[0].pk, " an\x00 owl\r\nat dusk\x07 ")
    assert edited.prompt_text == "an owl\nat dusk"
    assert codes(job) == [[], []]
    drafts.edit_row(job.pk, rows(job)[0].pk, "a  FOX")
    assert codes(job) == [[], ["duplicate"]]


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x07"])
def test_a_row_cannot_be_reworded_to_nothing(draft, text):
    job = draft("a fox")
    with pytest.raises(DraftRefused, match="empty"):
        drafts.edit_row(job.pk, rows(job)[0].pk, text)
    assert rows(job)[0].prompt_text == "a fox"


def test_a_job_that_was_started_is_no_draft_any_more(draft, settings_of, staff):
    job = draft("a fox", "an owl")
    fox = rows(job)[0].pk
    assert lifecycle.generate(job.pk, by=staff)
    assert drafts.set_included(job.pk, [fox], False) == 0
    assert not drafts.discard(job.pk, by=None)
    with pytest.raises(DraftRefused, match="started"):
        drafts.edit_row(job.pk, fox, "a crow")
    with pytest.raises(DraftRefused, match="started"):
        drafts.replace_draft(job.pk, settings_of(), [Row("a crow", 1)])
    assert [row.prompt_text for row in rows(job)] == ["a fox", "an owl"]


def test_a_discarded_draft_is_gone_with_its_rows_and_a_second_press_does_nothing(draft):
    job, other = draft("a fox"), draft("an owl")
    assert drafts.discard(job.pk, by=None)
    assert not drafts.discard(job.pk, by=None)
    assert not drafts.discard(uuid.uuid4(), by=None)
    assert list(GeneratedImage.objects.values_list("job_id", flat=True)) == [other.pk]


def test_a_person_who_is_gone_leaves_the_draft(settings_of):
    person = make_user()
    job = drafts.create_draft(settings_of(), [Row("a fox", 1)], by=person)
    person.delete()
    job.refresh_from_db()
    assert job.created_by is None


def test_a_job_gives_back_the_settings_that_it_was_made_of(draft, settings_of):
    best = {"shelf": "best"}
    job = draft("a fox", output_format="png", page_options=best, budget_cap=5_000_000)
    assert job_settings.settings_of(job) == settings_of(
        output_format="png", page_options=best, budget_cap=5_000_000
    )


def test_every_setting_has_its_field_on_the_job_and_on_the_form(superuser):
    columns = {field.attname for field in BulkGenerationJob._meta.concrete_fields}
    assert set(job_settings.NAMES) <= columns
    form = NewJobForm(person=superuser, on=database_now().date())
    own = set(job_settings.NAMES) - {"page_options"}
    assert {FIELDS.get(name, name) for name in own} <= set(form.fields)
    assert "page_shelf" in form.fields
