from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image
from taggit.models import Tag

from bulk_admin.adapter import Content, Unreadable, Verdict, private
from bulk_admin.testing.corpus import CORPUS
from bulk_admin.testing.factories import make_content
from bulk_admin.testing.pictures import make_picture
from prompts.models import Category, Prompt
from prompts.services import b2_upload, page_files, publishing
from prompts.services.publishing import PageNotCreated, create_page

from .making import make_files, make_new, make_page


def opened(files: publishing.PageFiles, key: str) -> Image.Image:
    return Image.open(BytesIO(private.get(files.folder + page_files.name_of(key))))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_format", "extension", "content_type"),
    [("PNG", "png", "image/png"), ("JPEG", "jpg", "image/jpeg"), ("WEBP", "webp", "image/webp")],
)
def test_the_original_keeps_its_bytes_and_gets_its_real_extension(
    file_format, extension, content_type
):
    original = make_picture(64, 48, file_format)
    files = publishing.prepare_files(original, "fox-7-ai-prompt")
    assert files.key == f"pages/fox-7-ai-prompt-{digest(original)}.{extension}"
    assert (files.content_type, files.content, files.width, files.height) == (
        content_type,
        original,
        64,
        48,
    )


def test_a_published_original_is_without_what_it_does_not_need():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    plain = make_picture(64, 48, "JPEG")
    original = make_picture(64, 48, "JPEG", exif=exif) + b"behind the picture"
    files = publishing.prepare_files(original, "fox")
    assert files.content == plain


def test_an_original_that_says_where_it_comes_from_is_published_as_it_came():
    png = make_picture(64, 48)
    manifest = b"\0\0\0\x09caBXjumb c2pa"
    original = png[:33] + manifest + zlib.crc32(manifest[4:]).to_bytes(4) + png[33:] + b"behind"
    files = publishing.prepare_files(original, "fox")
    assert files.content == original


def test_changed_bytes_have_a_changed_name():
    names = [
        {files.key, *(variant.key for variant in files.variants)}
        for files in (
            publishing.prepare_files(make_picture(64, height), "fox") for height in (48, 50, 48)
        )
    ]
    assert names[0] == names[2]
    assert not names[0] & names[1]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((2048, 1024), [(300, 150), (600, 300), (800, 400), (1200, 600)]),
        ((1024, 1536), [(200, 300), (400, 600), (533, 800), (800, 1200)]),
        ((1024, 1024), [(300, 300), (600, 600), (800, 800), (1024, 1024)]),
        ((100, 50), [(100, 50), (100, 50), (100, 50), (100, 50)]),
    ],
)
def test_variants_fit_their_side_and_are_never_scaled_up(size, sizes):
    files = make_files("Red Fox", "8", picture=make_picture(*size))
    assert [variant.key for variant in files.variants] == [
        f"pages/red-fox-8-ai-prompt-{side}-{digest(variant.content)}.webp"
        for side, variant in zip((300, 600, 800, 1200), files.variants, strict=True)
    ]
    assert [(variant.width, variant.height) for variant in files.variants] == sizes
    for variant in files.variants:
        picture = opened(files, variant.key)
        assert (picture.format, picture.size) == ("WEBP", (variant.width, variant.height))


def test_a_turned_picture_has_the_size_that_is_seen():
    exif = Image.Exif()
    exif[0x0112] = 6
    files = publishing.prepare_files(make_picture(800, 400, "JPEG", exif=exif), "fox")
    assert (files.width, files.height) == (400, 800)
    assert (files.variants[0].width, files.variants[0].height) == (150, 300)


def test_transparency_is_kept():
    files = make_files("Glass Fox", "9", picture=make_picture(64, 64, mode="RGBA"))
    assert opened(files, files.variants[0].key).mode in ("RGBA", "RGB")
    clear = BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(clear, "PNG")
    files = make_files("Clear Fox", "10", picture=clear.getvalue())
    assert opened(files, files.variants[0].key).getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    "original", [b"", b"no picture", make_picture()[:-400]], ids=["empty", "text", "cut"]
)
def test_a_picture_that_cannot_be_read_makes_no_files(original):
    with pytest.raises(Unreadable):
        publishing.prepare_files(original, "fox")


def test_stored_files_are_private():
    files = make_files("Secret Fox", "11")
    name = page_files.name_of(files.key)
    assert private.get(files.folder + name) == files.content
    assert files.stored == {files.key, *(variant.key for variant in files.variants)}
    assert not any(b2_upload.exists(key) for key in files.stored)
    publishing.store_files(files)
    assert private.get(files.folder + name) == files.content


def test_no_two_pages_share_a_private_file_even_of_one_picture():
    first, second = make_files("Twin Fox", "12"), make_files("Twin Fox", "12")
    assert first.key == second.key
    assert first.folder != second.folder


def test_files_are_made_in_threads_without_the_database():
    """pytest-django refuses the database to a test without the mark, in every thread."""
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda ref=ref: made.append(make_files("Many Foxes", ref).key))
        for ref in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key.partition("-ai-prompt-")[0] for key in sorted(made)] == [
        f"pages/many-foxes-{ref}" for ref in "abcdef"
    ]


# --- the page -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_field_of_a_created_page():
    category = Category.objects.create(name="Animals", slug="animals")
    user = get_user_model().objects.create_user("sam")
    files = make_files("Red Fox Curled Asleep", "7")
    before = timezone.now()
    page = create_page(
        make_new(
            files=files,
            category_id=category.pk,
            extra_tags=["Winter", "fox"],
            visibility="private",
            ai_generator="GPT Image 2.5 Flare",
            ai_model="gpt-image-2.5-flare",
            is_placeholder=True,
            created_by_id=user.pk,
            job_ref="some-job",
            job_label="Winter set",
        )
    )
    page.refresh_from_db()
    fields = {field.attname: getattr(page, field.attname) for field in Prompt._meta.concrete_fields}
    times = [fields.pop("created"), fields.pop("updated")]
    assert fields == {
        "id": page.pk,
        "job_ref": "some-job",
        "job_label": "Winter set",
        "edited_by_id": None,
        "edited_at": None,
        "reviewed_by_id": None,
        "reviewed_at": None,
        "deleted_at": None,
        "trashed_ref": "",
        "title": "Red Fox Curled Asleep in Deep Winter Snow",
        "slug": "red-fox-curled-asleep-deep-winter-snow",
        "prompt_text": "a red fox curled asleep in deep winter snow",
        "description": "A red fox sleeps in snow. Soft light falls on its fur.",
        "alt_text": "A red fox asleep in deep snow.",
        "category_id": category.pk,
        "image": files.key,
        "width": 1024,
        "height": 768,
        "variants": [
            {
                "key": files.variants[0].key,
                "width": 300,
                "height": 225,
            },
            {
                "key": files.variants[1].key,
                "width": 600,
                "height": 450,
            },
            {
                "key": files.variants[2].key,
                "width": 800,
                "height": 600,
            },
            {
                "key": files.variants[3].key,
                "width": 1024,
                "height": 768,
            },
        ],
        "draft_folder": files.folder,
        "has_public_copy": False,
        "files_claim": None,
        "files_not_before": None,
        "files_tries": 0,
        "publish_at": None,
        "publish_by_id": None,
        "publish_confirmed": [],
        "publish_error": "",
        "status": "draft",
        "visibility": "private",
        "moderation": "passed",
        "moderation_detail": {
            "status": "passed",
            "categories": [],
            "scores": {"violence": 0.01},
            "model": "omni-moderation-latest",
        },
        "content_source": "ai",
        "ai_generator": "GPT Image 2.5 Flare",
        "ai_model": "gpt-image-2.5-flare",
        "is_placeholder": True,
        "source_ref": "image-7",
        "created_by_id": user.pk,
        "published": None,
    }
    assert all(before <= time <= timezone.now() for time in times)
    assert sorted(page.tags.names()) == ["fox", "wildlife", "winter", "winter-snow"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.skipped(), "skipped"),
        (Verdict.not_checked(), "not_checked"),
        (Verdict("passed"), "passed"),
    ],
)
def test_the_verdict_on_the_picture_is_the_pages(verdict, status):
    page = create_page(make_new(verdict=verdict))
    assert (page.moderation, page.moderation_detail["status"]) == (status, status)


@pytest.mark.django_db
def test_a_second_call_for_the_same_source_returns_the_first_page():
    new = make_new()
    first = create_page(new)
    again = create_page(
        replace(
            new, content=make_content(title="Another Title of the Same Fox Picture", tags=["other"])
        )
    )
    assert again == first
    assert Prompt.objects.count() == 1
    assert sorted(first.tags.names()) == ["fox", "wildlife", "winter-snow"]


@pytest.mark.django_db
def test_equal_titles_get_a_number_in_the_address_and_not_in_the_title():
    new = make_new()
    pages = [create_page(replace(new, source_ref=f"image-{n}")) for n in range(4)]
    base = "red-fox-curled-asleep-deep-winter-snow"
    assert [page.slug for page in pages] == [base, f"{base}-2", f"{base}-3", f"{base}-4"]
    assert len({page.title for page in pages}) == 1


@pytest.mark.django_db
def test_a_deleted_pages_source_can_have_a_new_page():
    new = make_new()
    create_page(new).delete()
    assert create_page(new).slug == "red-fox-curled-asleep-deep-winter-snow"


@pytest.mark.django_db
def test_pages_that_staff_wrote_have_no_source_and_there_may_be_many():
    for n in range(3):
        Prompt.objects.create(title="By hand", slug=f"by-hand-{n}", prompt_text="x")
    assert Prompt.objects.filter(source_ref=None).count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("known_tags", [0, 5, 10])
def test_a_page_with_ten_tags_takes_at_most_eight_queries(known_tags):
    tags = [f"tag-{n}" for n in range(10)]
    Tag.objects.bulk_create([Tag(name=name, slug=name) for name in tags[:known_tags]])
    new = make_new(content=make_content(tags=tags), extra_tags=["winter", "snow"])
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        transaction.atomic(savepoint=False),
    ):
        page = create_page(new)
    assert len(queries) <= 8, "\n".join(query["sql"][:120] for query in queries)
    assert page.tags.count() == 12


@pytest.mark.django_db
def test_a_thousand_pages_of_one_title_cost_no_more_queries():
    base = "red-fox-curled-asleep-deep-winter-snow"
    slugs = [base, *(f"{base}-{n}" for n in range(2, 1_001))]
    Prompt.objects.bulk_create([Prompt(title="x", slug=slug, prompt_text="x") for slug in slugs])
    new = make_new()
    with CaptureQueriesContext(connection) as queries:
        assert create_page(new).slug == f"{base}-1001"
    assert len(queries) <= 8


@pytest.mark.django_db(transaction=True)
def test_pages_of_one_title_that_are_made_at_once_get_their_own_addresses():
    new = make_new()
    start = threading.Barrier(12)
    slugs: list[str] = []

    def make(n: int) -> None:
        start.wait()
        try:
            with transaction.atomic():
                slugs.append(create_page(replace(new, source_ref=f"image-{n}")).slug)
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(slugs)) == Prompt.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_one_source_that_is_made_twice_at_once_has_one_page():
    new = make_new()
    start = threading.Barrier(4)
    made: list[int] = []

    def make() -> None:
        start.wait()
        try:
            with transaction.atomic():
                made.append(create_page(new).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Prompt.objects.get().pk] * 4


@pytest.mark.django_db
def test_a_slug_that_someone_takes_in_the_meantime_is_not_lost_work():
    """Their page comes between our look at the slugs and our insert, as another process's would."""
    new = make_new()
    base = "red-fox-curled-asleep-deep-winter-snow"

    def take_it(execute, sql, parameters, many, context):
        if (
            sql.startswith("INSERT")
            and new.source_ref in parameters
            and not Prompt.objects.exists()
        ):
            Prompt.objects.create(title="Theirs", slug=base, prompt_text="x")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(take_it):
        page = create_page(new)
    assert (page.slug, page.title) == (f"{base}-2", new.content.title)
    assert page.tags.count() == 3


@pytest.mark.django_db
def test_a_failure_that_is_not_the_slugs_is_reported():
    new = make_new()

    def fail(execute, sql, parameters, many, context):
        if sql.startswith("INSERT") and "prompts_prompt" in sql:
            raise IntegrityError("something else")
        return execute(sql, parameters, many, context)

    with (
        connection.execute_wrapper(fail),
        pytest.raises(IntegrityError, match="something else"),
        transaction.atomic(),
    ):
        create_page(new)


@pytest.mark.django_db
def test_all_or_nothing_when_the_tags_cannot_be_saved():
    new = make_new()

    def fail(execute, sql, parameters, many, context):
        if sql.startswith("INSERT") and "taggit_taggeditem" in sql:
            raise RuntimeError("the power went")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(fail), pytest.raises(RuntimeError), transaction.atomic():
        create_page(new)
    assert not Prompt.objects.exists()
    assert not Tag.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": Verdict("flagged", ["violence"])}, "Moderation stopped"),
        ({"verdict": Verdict("surely_fine")}, "surely_fine"),
        ({"visibility": "everybody"}, "everybody"),
        ({"content": make_content(source="guess")}, "guess"),
        ({"content": make_content(title=" ")}, "no title"),
        ({"content": make_content(description="")}, "no description"),
        ({"content": make_content(alt_text="")}, "no alt text"),
        ({"prompt_text": "\n"}, "no prompt"),
        ({"source_ref": ""}, "no source"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_page_that_would_not_be_whole_is_refused(changes, reason):
    new = make_new(**changes)
    with pytest.raises(PageNotCreated, match=reason):
        create_page(new)
    assert not Prompt.objects.exists()


@pytest.mark.django_db
def test_files_that_are_not_stored_are_named():
    new = make_new(files=make_files("Lost Fox", "5", is_stored=False))
    with pytest.raises(PageNotCreated, match=r"lost-fox-5-ai-prompt-300-[0-9a-f]{8}\.webp"):
        create_page(new)
    new.files.stored.update(variant.key for variant in new.files.variants)
    with pytest.raises(PageNotCreated, match=f"Not in the storage: {new.files.key}."):
        create_page(new)


@pytest.mark.django_db
def test_a_page_without_all_its_variants_or_sizes_is_refused():
    files = make_new().files
    with pytest.raises(PageNotCreated, match="4 smaller pictures, and has 2"):
        create_page(make_new(files=replace(files, variants=files.variants[:2])))
    with pytest.raises(PageNotCreated, match="no size"):
        create_page(make_new(files=replace(files, width=0)))


@pytest.mark.django_db
def test_any_prompt_becomes_a_page_that_holds_it_as_it_was():
    files = make_new().files
    kept = [
        prompt for prompt in CORPUS if "\x00" not in prompt
    ]  # PostgreSQL holds no NUL, and intake lets none through
    for n, prompt in enumerate(kept):
        page = create_page(
            make_new(
                source_ref=f"image-{n}",
                prompt_text=prompt,
                content=Content.from_prompt(prompt),
                files=files,
            )
        )
        page.refresh_from_db()
        assert page.prompt_text == prompt
        assert page.slug.replace("-", "").isalnum()
        assert page.slug.isascii()
        assert page.tags.exists()
        page.full_clean()
    assert Prompt.objects.count() == len(kept)


@pytest.mark.django_db
def test_markup_in_a_prompt_is_in_no_name_or_tag():
    prompt = '<script>alert("fox")</script> "><img src=x onerror=alert(1)>'
    content = Content.from_prompt(prompt)
    page = create_page(
        make_new(prompt_text=prompt, content=content, files=make_files(content.title, "6"))
    )
    names = [
        page.slug,
        page.image,
        *(variant["key"] for variant in page.variants),
        *page.tags.slugs(),
    ]
    assert not any(set(name) & set("<>\"'&() ") for name in names)
    assert "<" not in page.title + page.description + page.alt_text


# --- what speaks against publishing -------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "reason", "may_be_confirmed"),
    [
        ({"is_placeholder": True}, "Its picture is a placeholder.", True),
        ({"moderation": "not_checked"}, "It was not checked by moderation.", True),
        ({"prompt_text": "a {red|green} fox"}, "Its prompt still has “{red|green}”.", True),
        ({"title": "A Fox in {season}"}, "Its title still has “{season}”.", True),
        (
            {"description": "It is [colour]. It sleeps."},
            "Its description still has “[colour]”.",
            True,
        ),
        ({"alt_text": "A {{ animal }}."}, "Its alt text still has “{{ animal }}”.", True),
        ({"prompt_text": '{"subject": "a fox"}'}, "", True),
        ({"moderation": "flagged"}, "Moderation stopped it.", False),
        ({"image": ""}, "It has no picture.", False),
        ({}, "", True),
    ],
)
def test_a_doubt_can_be_confirmed_and_a_flag_never(changes, reason, may_be_confirmed):
    page = make_page(1, status="draft", **changes)
    assert publishing.why_not_publish(page) == reason
    confirmed = publishing.why_not_publish(page, publishing.doubts_of(page))
    assert confirmed == ("" if may_be_confirmed else reason)


@pytest.mark.django_db
def test_each_doubt_is_confirmed_by_itself():
    page = make_page(1, status="draft", is_placeholder=True, moderation="not_checked")
    assert publishing.why_not_publish(page, ["placeholder"]) == "It was not checked by moderation."
    assert publishing.why_not_publish(page, ["not_checked"]) == "Its picture is a placeholder."


def test_all_doubts_are_named_and_a_row_holds_them():
    left = f"{{{'x' * 81}}}"
    page = Prompt(image="pages/fox.png", is_placeholder=True, description=f"A {left} fox.")
    reasons = publishing.why_not_publish(page)
    assert reasons == (
        "Its picture is a placeholder. It was not checked by moderation."
        f" Its description still has “{left}”."
    )
    assert len(reasons) <= Prompt._meta.get_field("publish_error").max_length


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "A {mood} Fox"}, "Its title still has “{mood}”."),
        ({"title": "A {season} {mood} Fox"}, "Its title still has “{mood}”."),
        ({"title": "A Fox", "alt_text": "A {season}"}, "Its alt text still has “{season}”."),
        ({"title": "{season}: a Fox"}, ""),
        ({"title": "A Fox"}, ""),
    ],
)
def test_an_accepted_left_over_covers_no_other_one(change, reason):
    page = make_page(1, status="draft", title="A Fox in {season}")
    accepted = list(publishing.doubts_of(page))
    for name, text in change.items():
        setattr(page, name, text)
    assert publishing.why_not_publish(page, accepted) == reason


@pytest.mark.django_db
def test_what_was_accepted_before_left_overs_had_names_stays_accepted():
    page = make_page(1, status="draft", title="A Fox in {season}", is_placeholder=True)
    assert publishing.why_not_publish(page, ["leftover"]) == "Its picture is a placeholder."
    assert publishing.why_not_publish(page, ["leftover", "placeholder"]) == ""
