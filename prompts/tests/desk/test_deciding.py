"""A draft's fields are saved one at a time; it is approved as it was seen; all can be undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from bulk_admin.adapter import Content
from bulk_admin.testing.factories import make_user
from prompts.models import Category, Prompt
from prompts.services import publish_queue
from prompts.services.desk import editing, publishing, reviewing, rewriting, undoing
from prompts.services.desk.editing import Edit, save
from prompts.services.desk.texts import seen, text_of
from prompts.tests.making import make_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user("ada")


@pytest.fixture
def ben():
    return make_user("ben")


def draft(n: int = 1, *tags: str, **changes) -> Prompt:
    return make_page(n, *tags, **{"status": "draft", "published": None, **changes})


def now(page: Prompt) -> Prompt:
    return Prompt.everything.get(pk=page.pk)


def one(field: str, page: Prompt, text: str, was: str | None = None, *, by) -> editing.Saved:
    was = text_of(now(page), field) if was is None else was
    return save(field, [Edit(page.pk, text, was)], by=by)[0]


# --- saving -------------------------------------------------------------------------------------


def test_each_field_is_saved_by_the_rules_of_the_form(ada):
    page = draft(1, "fox")
    category = Category.objects.create(name="Animals", slug="animals")
    for field, text, kept in [
        ("title", " A fox ", "A fox"),
        ("slug", "a-fox", "a-fox"),
        ("tags", "Snow, red fox", "red-fox, snow"),
        ("category", str(category.pk), str(category.pk)),
        ("description", "One.\r\nTwo.", "One.\nTwo."),
    ]:
        done = one(field, page, text, by=ada)
        assert (done.state, done.text.replace("\r\n", "\n")) == ("saved", kept)
        assert text_of(now(page), field) == done.text
        assert done.seen == seen(now(page))
    assert now(page).edited_by == ada
    told = LogEntry.objects.filter(user=ada).values_list("change_message", flat=True)
    assert "Changed category." in told
    assert one("tags", page, "snow,red-fox", by=ada).state == "same"


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("title", "", "required"),
        ("title", "x" * 201, "200"),
        ("slug", "Two Words", "letters"),
        ("slug", "admin", "reserved"),
        ("slug", "red-fox-2", "address"),
        ("tags", "{}", "Not a tag"),
        ("category", "99", "choice"),
        ("alt_text", "x" * 126, "125"),
    ],
)
def test_what_the_form_refuses_is_not_saved(ada, field, text, why):
    page = draft()
    draft(2)
    done = one(field, page, text, by=ada)
    assert done.state == "refused"
    assert why in done.message
    assert text_of(now(page), field) == text_of(page, field)
    assert not LogEntry.objects.exists()


def test_no_other_field_can_be_named(ada):
    for field in ("status", "publish_at", "pk", "visibility", "__class__"):
        with pytest.raises(ValueError, match="cannot be edited here"):
            save(field, [], by=ada)


def test_a_second_person_overwrites_nothing(ada, ben):
    page = draft()
    assert one("title", page, "Ada's fox", by=ada).state == "saved"
    done = one("title", page, "Ben's fox", was=page.title, by=ben)
    assert (done.state, done.text) == ("differs", "Ada's fox")
    assert done.message == "ada has changed the title meanwhile."
    assert now(page).title == "Ada's fox"
    assert one("title", page, "Ben's fox", was="Ada's fox", by=ben).state == "saved"
    assert one("alt_text", page, "Another field.", by=ada).state == "saved"


def test_many_are_saved_as_one_action_and_each_is_told_alone(ada, ben):
    first, second, third = (draft(n, "fox") for n in (1, 2, 3))
    one("tags", second, "owl", by=ben)
    gone = third.pk
    reviewing.drop([gone], by=ben)
    edits = [Edit(page.pk, "fox, snow", "fox") for page in (first, second, third)]
    states = [done.state for done in save("tags", edits, by=ada)]
    assert states == ["saved", "differs", "gone"]
    undone = undoing.undo_last({first.pk}, by=ada)
    assert undone.put_back == [str(first.pk)]
    assert text_of(now(first), "tags") == "fox"


def test_the_address_of_a_published_page_is_fixed(ada):
    page = make_page()
    assert (
        one("slug", page, "another", by=ada).message == "The address of a published page is fixed."
    )
    assert one("title", page, "Another", by=ada).state == "saved"


# --- approving and dropping ---------------------------------------------------------------------


def test_a_page_is_approved_as_it_was_seen(ada, ben):
    page = draft()
    mark = seen(page)
    one("title", page, "Another fox", by=ben)
    assert reviewing.approve({page.pk: mark}, by=ada) == {page.pk: reviewing.CHANGED}
    assert not now(page).is_approved
    assert reviewing.approve({page.pk: seen(now(page))}, by=ada) == {page.pk: ""}
    assert (now(page).reviewed_by, now(page).is_approved) == (ada, True)


def test_an_approval_ends_when_somebody_else_edits(ada, ben):
    page = draft()
    reviewing.approve({page.pk: seen(page)}, by=ada)
    one("alt_text", page, "A red fox.", by=ada)
    assert now(page).is_approved
    one("alt_text", page, "A fox, red.", by=ben)
    assert not now(page).is_approved


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"moderation": "flagged"}, "Moderation stopped it."),
        ({"image": ""}, "It has no picture."),
        ({"title": "A fox in {season}"}, "Its title still has “{season}”."),
        ({"is_placeholder": True}, ""),
        ({"moderation": "not_checked"}, ""),
    ],
)
def test_what_stops_a_page_cannot_be_approved_away(ada, changes, why):
    page = draft(**changes)
    assert reviewing.approve({page.pk: seen(page)}, by=ada) == {page.pk: why}
    assert now(page).is_approved == (not why)


def test_undo_takes_back_one_action_after_the_other(ada, ben):
    page, other = draft(1), draft(2)
    mine = {page.pk, other.pk}
    one("title", page, "Another fox", by=ada)
    reviewing.approve({page.pk: seen(now(page))}, by=ada)
    reviewing.drop([other.pk], by=ada)
    one("title", page, "Ben's fox", by=ben)
    assert undoing.undo_last(mine, by=ada).put_back == [str(other.pk)]
    assert now(other).deleted_at is None
    assert undoing.undo_last(mine, by=ada).put_back == []  # Ben's edit has ended the approval
    assert undoing.undo_last(mine, by=ada).left == [str(page.pk)]
    assert now(page).title == "Ben's fox"
    assert undoing.undo_last(mine, by=ada) is None


def test_undo_reaches_no_other_batch(ada):
    page, elsewhere = draft(1), draft(2)
    one("title", elsewhere, "Another", by=ada)
    assert undoing.undo_last({page.pk}, by=ada) is None
    assert now(elsewhere).title == "Another"


def test_a_page_that_is_out_or_on_its_way_is_not_dropped(ada):
    published, waiting = make_page(1), draft(2)
    publish_queue.request_publishing([waiting], None)
    assert reviewing.drop([published.pk, waiting.pk], by=ada) == []


def test_an_approval_stays_once_the_page_is_on_its_way(ada):
    page = draft()
    reviewing.approve({page.pk: seen(page)}, by=ada)
    publish_queue.request_publishing([page], ada.pk)
    undoing.undo_last({page.pk}, by=ada)
    assert now(page).is_approved


# --- at once ------------------------------------------------------------------------------------


def at_once(*presses: Callable[[], object]) -> list[object]:
    """What each press came to; they begin together."""
    start, done = threading.Barrier(len(presses)), []

    def run(press):
        try:
            start.wait(30)
            done.append(press())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[press]) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(presses)
    return done


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_save_one_field_one_is_told(ada, ben):
    page = draft()
    done = at_once(
        *(
            partial(one, "title", page, f"{person}'s fox", page.title, by=person)
            for person in (ada, ben)
        )
    )
    assert sorted(each.state for each in done) == ["differs", "saved"]
    assert {each.text for each in done} == {now(page).title}


@pytest.mark.django_db(transaction=True)
def test_what_is_edited_while_it_is_approved_is_not_approved(ada, ben):
    page = draft()
    at_once(
        partial(reviewing.approve, {page.pk: seen(page)}, by=ada),
        partial(one, "title", page, "Another fox", page.title, by=ben),
    )
    assert (now(page).title, now(page).is_approved) == ("Another fox", False)


@pytest.mark.django_db(transaction=True)
def test_what_is_dropped_while_it_is_published_is_one_of_both(ada):
    page = draft()
    reviewing.approve({page.pk: seen(page)}, by=ada)
    at_once(
        partial(publishing.publish, [page.pk], by=ada), partial(reviewing.drop, [page.pk], by=ada)
    )
    assert (now(page).deleted_at is None) == (now(page).publish_at is not None)


# --- a new text ---------------------------------------------------------------------------------


def test_a_new_text_is_to_be_read_again_and_can_be_undone(ada):
    page = draft(1, "fox")
    reviewing.approve({page.pk: seen(page)}, by=ada)
    content = Content.from_prompt("an owl on a fence at night, moonlight, 85 mm, calm")
    rewriting.rewritten(page.pk, content, by=ada)
    assert (now(page).title, now(page).is_approved) == (content.title, False)
    assert undoing.undo_last({page.pk}, by=ada).put_back == [str(page.pk)]
    assert (now(page).title, text_of(now(page), "tags")) == (page.title, "fox")
