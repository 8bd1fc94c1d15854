from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bulk_admin.adapter import private
from bulk_admin.admin.bulk_actions.kit import MOST_ROWS
from bulk_admin.testing.corpus import CORPUS
from bulk_admin.testing.factories import make_image, make_job
from prompts.models import Category, Prompt, StyleNote
from prompts.services import page_files

from .making import make_page, private_keys, public_keys, work
from .test_site import text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/prompts/prompt/"


@pytest.fixture(autouse=True)
def own_files(local_files):
    """No file of another test."""


@pytest.fixture
def editor(client, django_user_model):
    user = django_user_model.objects.create_user("editor", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(
            content_type__app_label="prompts",
            codename__in=["view_prompt", "change_prompt", "publish"],
        )
    )
    client.force_login(user)
    return user


def run(client, name: str, pages, **data):
    return client.post(
        reverse("admin:prompts_prompt_bulk", args=[name]),
        {"ids": ",".join(str(page.pk) for page in pages), **data},
    )


def warnings(client, pages) -> str:
    """What the box sends that accepts the warnings that are shown of these pages."""
    asked = client.get(
        reverse("admin:prompts_prompt_bulk", args=["publish"]),
        {"ids": ",".join(str(page.pk) for page in pages)},
    )
    return re.search(r'name="despite_warnings" value="([^"]*)"', text_of(asked))[1]


def drafts(*changes: dict) -> list[Prompt]:
    return [
        make_page(n, is_stored=True, **{"status": "draft", "published": None, **change})
        for n, change in enumerate(changes)
    ]


def statuses() -> list[str]:
    return list(Prompt.objects.order_by("pk").values_list("status", flat=True))


# --- list and form ------------------------------------------------------------------------------


def test_the_list_costs_the_same_queries_for_one_page_and_for_many(client, editor):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    make_page(0, "snow", category=Category.objects.create(name="Animals", slug="animals"))
    one = queries()
    for n in range(1, 30):
        make_page(
            n, "snow", category=Category.objects.create(name=f"Animals {n}", slug=f"animals-{n}")
        )
    assert queries() == one


def test_the_list_can_be_searched_by_title_prompt_and_tag(client, editor):
    make_page(1, "wildlife", "winter")
    make_page(2, title="Cat", prompt_text="a cat", slug="cat")
    for words, titles in (("fox", ["Red Fox 1"]), ("a cat", ["Cat"]), ("wildlife", ["Red Fox 1"])):
        assert [
            page.title for page in client.get(LIST, {"q": words}).context["cl"].result_list
        ] == titles


@pytest.mark.parametrize("text", CORPUS)
def test_no_text_becomes_markup_in_admin(client, editor, text):
    text = text.replace("\x00", "")
    page = make_page(
        1,
        title=text[:200] or "x",
        alt_text=text[:125],
        description=text,
        moderation_detail={"categories": [text]},
    )
    for address in (
        LIST,
        f"{LIST}{page.pk}/change/",
        f"/admin/prompts/prompt/bulk/publish/?ids={page.pk}",
    ):
        answer = text_of(client.get(address))
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer


def test_a_placeholder_is_named_in_the_list(client, editor):
    make_page(1, is_placeholder=True)
    listed = text_of(client.get(LIST))
    assert 'passed; <span class="page-warned">a placeholder</span>' in listed
    form = text_of(client.get(f"{LIST}{Prompt.objects.get().pk}/change/"))
    assert '<span class="page-warned">a placeholder</span>' in form
    assert "icon-yes" not in listed + form  # admin's tick would be green


LEFT_OVER = {"prompt_text": "a {red|green} fox"}


def test_a_left_over_is_named_in_the_list_and_on_the_form(client, editor):
    [page] = drafts(LEFT_OVER)
    sentence = "Its prompt still has “{red|green}”."
    assert f'<span class="page-publishing page-warned">{sentence}</span>' in text_of(
        client.get(LIST)
    )
    form = text_of(client.get(f"{LIST}{page.pk}/change/"))
    assert f"<dd>{sentence}</dd>" in form
    assert sentence in text_of(client.get(page.get_absolute_url()))


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_left_over_is_published_only_when_confirmed(client, editor, confirmed):
    pages = drafts(
        {}, LEFT_OVER, {"title": "A {season} Fox"}, {**LEFT_OVER, "moderation": "flagged"}
    )
    told = {"despite_warnings": warnings(client, pages)} if confirmed else {}
    run(client, "publish", pages, **told)
    work()
    left = "published" if confirmed else "draft"
    assert statuses() == ["published", left, left, "draft"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("is_placeholder__exact=1", {"Red Fox 1"}),
        ("is_placeholder__exact=0", {"Red Fox 2"}),
        ("status__exact=draft", {"Red Fox 2"}),
    ],
)
def test_the_list_can_be_narrowed(client, editor, query, titles):
    make_page(1, is_placeholder=True)
    make_page(2, status="draft")
    assert {
        page.title for page in client.get(f"{LIST}?{query}").context["cl"].result_list
    } == titles


def test_a_private_page_is_distinguished_from_one_on_the_site(client, editor):
    make_page(1, visibility="private")
    assert "Published</span>, private" in text_of(client.get(LIST))


def form_of(page: Prompt, **changes) -> dict:
    facts = {
        name: getattr(page, name)
        for name in (
            "title",
            "slug",
            "prompt_text",
            "description",
            "alt_text",
            "visibility",
            "ai_generator",
        )
    }
    return {**facts, "tags": "fox, snow", "category": "", **changes}


def test_staff_correct_texts_and_tags_but_not_what_is_known(client, editor):
    (page,) = drafts({"moderation": "flagged"})
    client.post(
        f"{LIST}{page.pk}/change/",
        form_of(page, title="Better", status="published", moderation="passed", content_source="ai"),
    )
    page.refresh_from_db()
    assert (page.title, page.status, page.moderation, page.content_source) == (
        "Better",
        "draft",
        "flagged",
        "staff",
    )
    assert sorted(page.tags.names()) == ["fox", "snow"]


def test_tags_are_kept_as_the_generator_writes_them(client, editor):
    page = make_page(1)
    client.post(f"{LIST}{page.pk}/change/", form_of(page, tags="Soft Light, #Fox, soft-light"))
    assert set(page.tags.names()) == {"soft-light", "fox"}


@pytest.mark.parametrize("tags", ["...", "fox, <>", "x" * 51])
def test_a_tag_that_would_not_do_is_refused(client, editor, tags):
    page = make_page(1, "fox")
    assert "Not a tag" in text_of(client.post(f"{LIST}{page.pk}/change/", form_of(page, tags=tags)))
    assert list(page.tags.names()) == ["fox"]


@pytest.mark.parametrize("slug", ["Red-Fox", "red_fox", "-fox", "fox-", "red--fox", "admin"])
def test_a_slug_that_would_not_do_is_refused(client, editor, slug):
    (page,) = drafts({})
    response = client.post(f"{LIST}{page.pk}/change/", form_of(page, slug=slug))
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["slug"]


def test_a_published_slug_stays_as_it_is(client, editor):
    page = make_page(1)
    client.post(f"{LIST}{page.pk}/change/", form_of(page, slug="another", title="Better"))
    page.refresh_from_db()
    assert (page.slug, page.title) == ("red-fox-1", "Better")


def test_pages_are_not_added_by_hand(client, admin_client):
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_the_form_leads_back_to_the_job(admin_client):
    page, other = make_page(1), make_page(2)
    job = make_job()
    make_image(job, page_status="created", page_id=page.pk)
    address = f"/admin/bulk_admin/bulkgenerationjob/{job.pk}/change/"
    assert address in text_of(admin_client.get(f"{LIST}{page.pk}/change/"))
    assert address not in text_of(admin_client.get(f"{LIST}{other.pk}/change/"))


# --- publish ------------------------------------------------------------------------------------


def test_asking_tells_each_pages_fate_and_changes_nothing(client, editor):
    pages = drafts(
        {},
        {"is_placeholder": True},
        {"moderation": "not_checked"},
        {"moderation": "flagged"},
        {"image": ""},
        {"status": "published"},
    )
    response = client.post(
        LIST, {"action": "publish", "_selected_action": [page.pk for page in pages]}
    )
    text = text_of(response)
    assert "6 pages selected" in text
    assert "1 ready. 2 need a second look first. 3 will stay as they are." in text
    assert "Publish those with a warning too (2)" in text
    [box] = re.findall(r'<input type="checkbox" name="despite_warnings"[^>]*>', text)
    assert "checked" not in box, "the box is not ticked by itself"
    for reason in (
        "a placeholder",
        "not checked by moderation",
        "Moderation stopped it",
        "no picture",
        "Already published",
    ):
        assert reason in text
    assert statuses() == ["draft"] * 5 + ["published"]


def test_pages_without_a_doubt_are_counted_on_the_button(client, editor):
    pages = drafts({}, {})
    text = text_of(
        client.post(LIST, {"action": "publish", "_selected_action": [page.pk for page in pages]})
    )
    assert ">Publish 2 pages</button>" in text
    assert "despite_warnings" not in text


def test_each_page_has_its_result_in_its_row(client, editor):
    answer = run(client, "publish", drafts({}, {"is_placeholder": True}, {"moderation": "flagged"}))
    rows = re.findall(
        r"<tr>(.*?)</tr>", text_of(answer).partition('<table class="lines">')[2], re.S
    )[1:]
    expected = [
        ("Red Fox 2", "Moderation stopped it"),
        ("Red Fox 1", "a placeholder"),
        ("Red Fox 0", "<td>Will be published by the worker.</td>"),
    ]
    for row, (title, result) in zip(rows, expected, strict=True):
        assert title in row
        assert result in row


def test_a_page_that_went_since_says_so(client, editor):
    first, second = drafts({}, {})
    second_id = second.pk
    second.delete()
    answer = client.post("/admin/prompts/prompt/bulk/publish/", {"ids": f"{first.pk},{second_id}"})
    assert [line.text for line in answer.context["lines"] if not line.ok] == [
        "Deleted in the meantime."
    ]
    work()
    assert statuses() == ["published"]


def test_publishing_without_confirmation_leaves_what_needs_a_look(client, editor):
    pages = drafts(
        {}, {"is_placeholder": True}, {"moderation": "not_checked"}, {"moderation": "flagged"}
    )
    response = run(client, "publish", pages)
    assert (response.context["done"], len(response.context["lines"])) == (1, 1 + 3)
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(pages[0].pk)]
    work()
    assert statuses() == ["published", "draft", "draft", "draft"]


def test_confirmed_warnings_are_published_and_a_flag_never_is(client, editor):
    pages = drafts(
        {},
        {"is_placeholder": True},
        {"moderation": "not_checked"},
        {"moderation": "flagged"},
        {"image": ""},
    )
    run(client, "publish", pages, despite_warnings=warnings(client, pages))
    work()
    assert statuses() == ["published", "published", "published", "draft", "draft"]


def test_a_warning_that_came_after_the_page_was_shown_is_not_accepted(client, editor):
    pages = drafts({"title": "A Fox in {season}"}, {"is_placeholder": True})
    seen = warnings(client, pages)
    Prompt.objects.filter(pk=pages[0].pk).update(description="It is {mood}.")
    answer = run(client, "publish", pages, despite_warnings=seen)
    assert "Its description still has “{mood}”." in text_of(answer)
    for forged in ("1", "on", "*"):
        run(client, "publish", [pages[0]], despite_warnings=forged)
    work()
    assert statuses() == ["draft", "published"]


def test_publishing_touches_only_the_pages_that_were_shown(client, editor):
    first, _second = drafts({}, {})
    run(client, "publish", [first])
    work()
    assert statuses() == ["published", "draft"]


def test_publishing_twice_changes_nothing_and_shows_how_far_it_is(client, editor):
    (page,) = drafts({})
    pressed = [run(client, "publish", [page]) for _ in range(2)]
    assert [text_of(answer).count("Will be published by the worker.") for answer in pressed] == [
        1,
        1,
    ]
    assert LogEntry.objects.count() == 1
    work()
    page.refresh_from_db()
    when = page.published
    assert "It is published." in text_of(run(client, "publish", [page]))
    work()
    page.refresh_from_db()
    assert (page.status, page.published) == ("published", when)
    assert list(LogEntry.objects.order_by("pk").values_list("change_message", "user_id")) == [
        ("Publishing requested.", editor.pk),
        ("Published.", editor.pk),
    ]


def test_the_list_shows_what_became_of_publish(client, editor):
    waits, fails = drafts({}, {})
    private.delete(fails.draft_folder + page_files.name_of(fails.image))
    run(client, "publish", [waits, fails])
    assert text_of(client.get(LIST)).count("Will be published by the worker.") == 2
    assert len(client.get(LIST, {"publishing": "waiting"}).context["cl"].result_list) == 2
    assert "Do not publish" in text_of(client.get(f"{LIST}{fails.pk}/change/"))
    work()
    retry = f'<a href="/admin/prompts/prompt/bulk/publish/?ids={fails.pk}">Try again</a>'
    for address in (f"{LIST}?publishing=failed", f"{LIST}{fails.pk}/change/"):
        text = text_of(client.get(address))
        assert "Not published: Its picture is missing from the storage." in text
        assert retry in text
    assert "Will be published" not in text_of(client.get(LIST))
    assert statuses() == ["published", "draft"]


def test_a_page_that_waits_for_the_worker_can_be_taken_back(client, editor):
    (page,) = drafts({})
    run(client, "publish", [page])
    assert run(client, "unpublish", [page]).context["done"] == 1
    work()
    assert statuses() == ["draft"]
    assert not public_keys(page)


def test_a_page_is_taken_back_to_draft(client, editor):
    published, draft = make_page(1), make_page(2, status="draft")
    response = run(client, "unpublish", [published, draft])
    assert statuses() == ["draft", "draft"]
    assert (response.context["done"], len(response.context["lines"])) == (1, 1 + 1)
    assert client.get("/").context["found"].paginator.count == 0


@pytest.mark.parametrize("ids", ["", "x", "1;2", "999999", "²", "9" * 30])
def test_odd_ids_publish_nothing(client, editor, ids):
    drafts({})
    assert client.post("/admin/prompts/prompt/bulk/publish/", {"ids": ids}).status_code == 200
    work()
    assert statuses() == ["draft"]


def test_looking_is_no_right_to_publish(client, django_user_model):
    user = django_user_model.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_prompt"))
    client.force_login(user)
    (page,) = drafts({})
    assert run(client, "publish", [page]).status_code == 403
    assert client.get(f"/admin/prompts/prompt/bulk/publish/?ids={page.pk}").status_code == 403
    client.logout()
    assert run(client, "publish", [page]).status_code == 302
    work()
    assert statuses() == ["draft"]


def test_more_pages_than_one_answer_holds_are_not_begun(client, editor):
    Prompt.objects.bulk_create(
        [
            Prompt(title=f"Fox {n}", slug=f"fox-{n}", prompt_text="a fox")
            for n in range(MOST_ROWS + 1)
        ]
    )
    chosen = {
        "action": "publish",
        "select_across": "1",
        "_selected_action": [Prompt.objects.earliest("pk").pk],
    }
    assert "More than 2,000 rows" in text_of(client.post(LIST, chosen, follow=True))


def test_an_unknown_action_is_not_found(client, editor):
    assert client.get("/admin/prompts/prompt/bulk/burn/").status_code == 404


# --- deletion -----------------------------------------------------------------------------------


@pytest.fixture
def remover(client, editor):
    editor.user_permissions.add(Permission.objects.get(codename="delete_prompt"))
    return editor


def test_deleting_shows_its_count_before_and_changes_nothing(client, remover):
    pages = drafts({}, {"status": "published"})
    text = text_of(
        client.post(LIST, {"action": "delete", "_selected_action": [page.pk for page in pages]})
    )
    assert ">Delete 2 pages</button>" in text
    assert statuses() == ["draft", "published"]


def test_deleting_meets_the_shown_pages_alone_and_tells_each_result(client, remover):
    first, second, _third = drafts({}, {}, {})
    answer = run(client, "delete", [first, second])
    assert text_of(answer).count("<td>Deleted.</td>") == 2
    assert Prompt.objects.count() == 1
    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == [
        "Red Fox 0",
        "Red Fox 1",
    ]


def test_deleting_twice_changes_nothing(client, remover):
    (page,) = drafts({})
    ids = str(page.pk)
    for _ in range(2):
        answer = client.post("/admin/prompts/prompt/bulk/delete/", {"ids": ids})
    assert [line.text for line in answer.context["lines"] if not line.ok] == [
        "Deleted in the meantime."
    ]
    assert LogEntry.objects.count() == 1


def test_correcting_is_no_permission_to_delete(client, editor):
    (page,) = drafts({})
    assert 'value="delete"' not in text_of(client.get(LIST))
    assert run(client, "delete", [page]).status_code == 403
    assert client.get(f"/admin/prompts/prompt/bulk/delete/?ids={page.pk}").status_code == 403
    assert statuses() == ["draft"]


def test_files_go_with_their_page(admin_client):
    page, other = make_page(1, is_stored=True), make_page(2, is_stored=True)
    run(admin_client, "delete", [page])
    assert not Prompt.objects.filter(pk=page.pk).exists()
    assert len(public_keys(page)) == len(private_keys(page)) == 4
    work()
    assert not public_keys(page)
    assert not private_keys(page)
    assert len(public_keys(other)) == len(private_keys(other)) == 4


# --- the form and the worker --------------------------------------------------------------------


def test_saving_the_form_undoes_nothing_that_the_worker_did_in_the_meantime(client, editor):
    """The worker publishes between the form's read and its write."""
    (page,) = drafts({})
    run(client, "publish", [page])
    begun = []

    def publish_before_the_write(execute, sql, parameters, many, context):
        if sql.startswith("UPDATE") and "Better" in (parameters or ()) and not begun:
            begun.append(sql)
            work()
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(publish_before_the_write):
        client.post(f"{LIST}{page.pk}/change/", form_of(page, title="Better"))
    page.refresh_from_db()
    assert begun
    assert (page.title, page.status, page.has_public_copy) == ("Better", "published", True)


def test_a_page_that_is_made_private_leaves_the_public_web(client, editor):
    page = make_page(1, is_stored=True)
    client.post(f"{LIST}{page.pk}/change/", form_of(page, visibility="private"))
    assert client.get("/").context["found"].paginator.count == 0
    work()
    assert not public_keys(page)
    assert len(private_keys(page)) == 4


def test_a_page_that_is_made_public_again_waits_for_its_files(client, editor):
    page = make_page(1, is_stored=True, visibility="private")
    client.post(f"{LIST}{page.pk}/change/", form_of(page, visibility="public"))
    assert client.get("/").context["found"].paginator.count == 0
    assert "Will be published by the worker." in text_of(client.get(LIST))
    work()
    assert [shown.pk for shown in client.get("/").context["found"]] == [page.pk]
    assert len(public_keys(page)) == 4


# --- pictures that are not public ---------------------------------------------------------------


def picture_url(page: Prompt) -> str:
    return f"/admin/prompts/prompt/{page.pk}/picture/{page_files.name_of(page.image)}"


@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"visibility": "private"}])
def test_a_private_picture_is_for_staff_who_may_see_pages(client, django_user_model, hidden):
    page = make_page(1, is_stored=True, **hidden)
    url = picture_url(page)
    assert client.get(url).status_code == 302
    for user, status in (
        (django_user_model.objects.create_user("reader"), 302),
        (django_user_model.objects.create_user("clerk", is_staff=True), 403),
        (django_user_model.objects.create_superuser("boss"), 200),
    ):
        client.force_login(user)
        assert client.get(url).status_code == status
        assert client.head(url).status_code == status
    answer = client.get(url)
    assert b"".join(answer.streaming_content) == page.image.encode()
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"].startswith("private")
    assert client.post(url).status_code == 405


@pytest.mark.parametrize("name", ["other.png", "..%2Fred-fox-1.png", "%00", "red-fox-2.png"])
def test_only_the_pages_own_pictures_are_served(client, editor, name):
    page = make_page(1, status="draft", is_stored=True)
    make_page(2, status="draft", is_stored=True)
    answer = client.get(f"/admin/prompts/prompt/{page.pk}/picture/{name}", follow=True)
    assert answer.status_code == 404 or "/picture/" not in answer.redirect_chain[-1][0]
    assert client.get("/admin/prompts/prompt/999/picture/red-fox-1.png").status_code == 404


def test_a_picture_in_a_bucket_is_reached_by_a_link_that_ends(client, editor, buckets):
    page = make_page(1, status="draft", is_stored=True)
    answer = client.get(picture_url(page))
    assert answer.status_code == 302
    assert "X-Amz-Expires=900" in answer["Location"]
    assert f"/originals/{page.draft_folder}red-fox-1.png" in answer["Location"]


def test_a_public_page_has_public_addresses_and_another_has_none(client, editor):
    public, draft = make_page(1), make_page(2, status="draft", is_stored=True)
    text = text_of(client.get(LIST))
    assert "/media/pages/red-fox-1-300.webp" in text
    assert "/media/pages/red-fox-2" not in text
    assert f"/admin/prompts/prompt/{draft.pk}/picture/red-fox-2-300.webp" in text
    assert "/media/pages/red-fox-1.png" in text_of(client.get(f"{LIST}{public.pk}/change/"))
    for address in (f"{LIST}{draft.pk}/change/", draft.get_absolute_url()):
        text = text_of(client.get(address))
        assert "/media/" not in text
        assert picture_url(draft) in text


# --- categories and the style note --------------------------------------------------------------


def test_categories_tell_how_many_pages_they_have(admin_client):
    category = Category.objects.create(name="Animals", slug="animals")
    make_page(1, category=category)
    make_page(2, category=category)
    assert '<td class="field-page_count">2</td>' in text_of(
        admin_client.get("/admin/prompts/category/")
    )


def test_there_is_one_style_note_and_its_list_leads_to_it(admin_client):
    assert admin_client.get("/admin/prompts/stylenote/").url == "/admin/prompts/stylenote/add/"
    admin_client.post("/admin/prompts/stylenote/add/", {"text": "Plain words."})
    note = StyleNote.objects.get()
    assert (
        admin_client.get("/admin/prompts/stylenote/").url
        == f"/admin/prompts/stylenote/{note.pk}/change/"
    )
    assert admin_client.get("/admin/prompts/stylenote/add/").status_code == 403
    assert (
        admin_client.post(
            f"/admin/prompts/stylenote/{note.pk}/delete/", {"post": "yes"}
        ).status_code
        == 403
    )


# --- view on site ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 404), ("no right", 404), ("may see pages", 200)]
)
@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"visibility": "private"}])
def test_view_on_site_of_a_hidden_page_needs_the_right(
    client, admin_client, django_user_model, who, status, hidden
):
    page = make_page(1, **hidden)
    form = text_of(admin_client.get(f"{LIST}{page.pk}/change/"))
    [address] = re.findall(r'<a href="([^"]+)" class="viewsitelink">', form)
    if who != "anonymous":
        person = django_user_model.objects.create_user("pat", is_staff=True)
        if who == "may see pages":
            person.user_permissions.add(Permission.objects.get(codename="view_prompt"))
        client.force_login(person)
    assert (client.get(address).status_code, client.head(address).status_code) == (status, status)
