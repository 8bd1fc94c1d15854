"""The desk as a table: rows as JSON, one action on many of them, one undo."""

from __future__ import annotations

import pytest

from bulk_admin.testing.factories import make_user
from prompts.models import Category, Prompt
from prompts.services.desk.texts import seen
from prompts.tests.desk.test_reading import DESK, EDITOR, JOB, draft, now, save, text_of

pytestmark = pytest.mark.django_db
TABLE = f"job={JOB}&view=table"


@pytest.fixture
def editor(client):
    user = make_user("ada", *EDITOR)
    client.force_login(user)
    return user


def act(client, what: str, **data) -> dict:
    answer = client.post(f"{DESK}{what}/?{TABLE}", data)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_heaviest_flags_come_first(client, editor):
    sound, flagged = draft(1), draft(2, moderation="flagged")
    text = text_of(client.get(f"{DESK}?{TABLE}"))
    assert text.index(f'id="row-{flagged.pk}"') < text.index(f'id="row-{sound.pk}"')


def test_many_rows_are_saved_as_one_and_undone_as_one(client, editor):
    pages = [draft(n) for n in range(3)]
    category = Category.objects.create(name="Animals", slug="animals")
    answer = save(client, "category", *((p, str(category.pk), "") for p in pages), query=TABLE)
    found = answer.json()
    assert [row["state"] for row in found["rows"]] == ["saved"] * 3
    assert all("Animals" in row["html"] for row in found["rows"])
    undone = act(client, "undo")
    assert undone["text"] == "Undone: change of 3 pages."
    assert [row["page"] for row in undone["rows"]] == [page.pk for page in pages]
    assert not Prompt.objects.exclude(category=None).exists()


def test_marked_rows_are_approved_and_dropped(client, editor):
    first, second, third = (draft(n) for n in range(3))
    Prompt.objects.filter(pk=third.pk).update(alt_text="Changed since.")
    marks = ",".join(f"{page.pk}:{seen(page)}" for page in (first, second, third))
    found = act(client, "approve", marks=marks)
    assert found["text"] == "2 approved. It was changed meanwhile: read it again."
    assert "2 approved" in found["counts"]
    assert [now(page).is_approved for page in (first, second, third)] == [True, True, False]
    found = act(client, "drop", ids=f"{second.pk},{third.pk}")
    assert (found["text"], found["undo"]) == ("2 dropped.", True)
    assert all("is-out" in row["html"] for row in found["rows"])
    act(client, "undo")
    assert not Prompt.everything.exclude(deleted_at=None).exists()
    assert act(client, "undo")["text"] == "Undone: approval of 2 pages."


def test_a_price_is_told_before_new_texts_are_bought(client):
    client.force_login(make_user("ada", *EDITOR, "bulk_admin.create_pages"))
    page = draft(1)
    asked = text_of(client.get(f"{DESK}rewrite/?{TABLE}&ids={page.pk}"))
    assert "cannot be bought" in asked
    assert "disabled" in asked
    answer = client.post(f"{DESK}rewrite/?{TABLE}", {"ids": page.pk, "then": "reload"})
    assert answer["HX-Refresh"] == "true"
    assert "is gone" in text_of(client.get(f"{DESK}?{TABLE}"))
