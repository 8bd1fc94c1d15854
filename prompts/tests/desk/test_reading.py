"""The desk's page and its answers: one draft at a time."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bulk_admin.testing.factories import make_user
from prompts.bulk_pages import PromptPages
from prompts.models import Category, Prompt
from prompts.services.desk.texts import seen
from prompts.tests.making import make_page

pytestmark = pytest.mark.django_db
DESK = "/admin/prompts/prompt/desk/"
JOB = "0c9d6f1e"
EDITOR = ("prompts.view_prompt", "prompts.change_prompt")


@pytest.fixture
def editor(client):
    user = make_user("ada", *EDITOR)
    client.force_login(user)
    return user


@pytest.fixture
def drafts():
    """Three drafts of a job, and a page of no job."""
    made = [draft(n) for n in (1, 2, 3)]
    draft(9, job_ref="", title="Elsewhere")
    return made


def draft(n: int, **changes) -> Prompt:
    own = {"status": "draft", "published": None, "job_ref": JOB, "job_label": "Coastal set"}
    return make_page(n, **{**own, **changes})


def now(page: Prompt) -> Prompt:
    return Prompt.everything.get(pk=page.pk)


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def said(answer) -> str:
    return json.loads(answer["HX-Trigger"])["desk:say"]["text"]


def press(client, what: str, page: Prompt, **data):
    sent = {"ids": page.pk, "marks": f"{page.pk}:{seen(now(page))}", **data}
    return client.post(f"{DESK}{what}/?job={JOB}", sent)


def save(client, field: str, *rows, query: str = f"job={JOB}"):
    sent = {"field": field, "rows": [{"page": p.pk, "text": t, "was": w} for p, t, w in rows]}
    return client.post(f"{DESK}save/?{query}", json.dumps(sent), content_type="application/json")


def test_a_job_s_drafts_are_read_one_after_the_other(client, editor, drafts):
    text = text_of(client.get(f"{DESK}?job={JOB}"))
    assert "Coastal set" in text
    assert "Elsewhere" not in text
    assert "3 to read" in text
    assert f'data-page="{drafts[0].pk}"' in text
    answer = press(client, "approve", drafts[0])
    assert said(answer) == "“Red Fox 1” approved."
    assert f'data-page="{drafts[1].pk}"' in text_of(answer)
    assert f"page={drafts[1].pk}" in answer["HX-Replace-Url"]
    assert now(drafts[0]).reviewed_by == editor
    answer = press(client, "drop", drafts[1])
    assert "1 approved" in text_of(answer)
    assert "1 dropped" in text_of(answer)
    assert f'data-page="{drafts[1].pk}"' in text_of(client.get(f"{DESK}?job={JOB}&show=dropped"))


def test_after_the_last_draft_all_is_read(client, editor, drafts):
    for page in drafts[:2]:
        press(client, "approve", page)
    assert "All read." in text_of(press(client, "approve", drafts[2]))


def test_undo_shows_the_draft_that_it_brought_back(client, editor, drafts):
    press(client, "drop", drafts[1])
    answer = press(client, "undo", drafts[2])
    assert said(answer) == "Undone: drop."
    assert f'data-page="{drafts[1].pk}"' in text_of(answer)
    assert now(drafts[1]).deleted_at is None
    assert said(press(client, "undo", drafts[2])) == "There is nothing to undo here."


def test_a_draft_that_was_changed_meanwhile_is_shown_again(client, editor, drafts):
    old = seen(drafts[0])
    Prompt.objects.filter(pk=drafts[0].pk).update(title="Another fox")
    answer = press(client, "approve", drafts[0], marks=f"{drafts[0].pk}:{old}")
    assert said(answer) == "It was changed meanwhile: read it again."
    assert "Another fox" in text_of(answer)
    assert not now(drafts[0]).is_approved


def test_a_field_is_saved_and_its_flags_come_back(client, editor, drafts):
    page = drafts[0]
    row = save(client, "alt_text", (page, "", page.alt_text)).json()["rows"][0]
    assert (row["state"], row["seen"]) == ("saved", seen(now(page)))
    assert "The alt text is missing." in row["html"]
    row = save(client, "title", (page, "Mine", "Not what is there")).json()["rows"][0]
    assert (row["state"], row["text"]) == ("differs", page.title)
    assert LogEntry.objects.filter(user=editor).count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"field": "title", "rows": [{}]}',
        b'{"field": "title", "rows": [{"page": [], "text": "", "was": ""}]}',
        b"\xff",
    ],
)
def test_what_the_desk_does_not_send_is_refused(client, editor, body):
    answer = client.post(f"{DESK}save/", body, content_type="application/json")
    assert answer.status_code == 400


def test_a_field_that_is_not_the_desk_s_is_refused(client, editor, drafts):
    assert save(client, "status", (drafts[0], "published", "draft")).status_code == 400
    assert now(drafts[0]).status == "draft"


def test_nothing_is_done_to_a_page_that_is_not_on_this_desk(client, editor, drafts):
    other = Prompt.objects.get(title="Elsewhere")
    press(client, "approve", other)
    press(client, "drop", other)
    assert save(client, "title", (other, "Mine", other.title)).json()["rows"] == []
    assert not now(other).is_approved
    assert (now(other).deleted_at, now(other).title) == (None, "Elsewhere")
    assert client.get(f"{DESK}draft/{other.pk}/?job={JOB}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["", "job=none", "ids=x,1e5,99999999999999999999", "show=everything", "page=x", "view=map"],
)
def test_any_address_is_answered(client, editor, drafts, query):
    assert client.get(f"{DESK}?{query}").status_code == 200


def test_others_edits_are_told(client, editor, drafts):
    page = client.get(f"{DESK}?job={JOB}")
    since = page.context["now"]
    address = f"{DESK}news/?job={JOB}"
    assert client.get(address, {"since": since}).status_code == 204
    save(client, "title", (drafts[0], "Mine", drafts[0].title))
    assert client.get(address, {"since": since}).status_code == 204
    client.force_login(make_user("ben", *EDITOR))
    told = text_of(client.get(f"{address}&since={since.replace('+', '%2B')}"))
    assert "ada" in told
    assert "“Mine”" in told
    assert client.get(address, {"since": "yesterday"}).status_code == 204


def test_a_published_page_keeps_its_address_and_says_that_it_is_live(client, editor):
    page = make_page(1, job_ref=JOB)
    text = text_of(client.get(f"{DESK}?job={JOB}"))
    assert "is live at once" in text
    assert "readonly" in text
    assert now(page).status == "published"


def test_markup_in_a_page_is_only_text(client, editor):
    odd = '"><script>alert(1)</script>'
    draft(1, title=odd, description=odd, alt_text=odd, prompt_text=odd, job_label=odd)
    text = text_of(client.get(f"{DESK}?job={JOB}"))
    assert "<script>alert" not in text


def test_a_page_costs_the_same_queries_however_many_drafts_there_are(client, editor):
    Category.objects.create(name="Animals", slug="animals")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(f"{DESK}?job={JOB}")
        return len(found)

    draft(1)
    few = queries()
    for n in range(2, 12):
        draft(n)
    assert queries() <= few


def test_who_may_only_look_changes_nothing(client, drafts):
    client.force_login(make_user("guest", "prompts.view_prompt"))
    text = text_of(client.get(f"{DESK}?job={JOB}"))
    assert "disabled" in text
    assert "Approve and next" not in text
    for what in ("approve", "drop", "undo", "rewrite", "restore"):
        assert press(client, what, drafts[0]).status_code == 403
    assert save(client, "title", (drafts[0], "Mine", drafts[0].title)).status_code == 403


def test_selected_pages_are_read_on_the_desk(client, editor, drafts):
    chosen = [drafts[0].pk, Prompt.objects.get(title="Elsewhere").pk]
    answer = client.post(
        "/admin/prompts/prompt/", {"action": "to_the_desk", "_selected_action": chosen}
    )
    text = text_of(client.get(answer["Location"]))
    assert "2 chosen pages" in text
    assert "Elsewhere" in text
    assert drafts[1].title not in text


def test_a_job_leads_to_the_drafts_that_nobody_has_read(drafts):
    by = make_user("ada", *EDITOR)
    found = PromptPages().review(JOB, by)
    assert (found.url, found.drafts) == (f"{DESK}?job={JOB}", 3)
    Prompt.objects.filter(pk=drafts[0].pk).update(status="published")
    assert PromptPages().review(JOB, by).drafts == 2
    assert PromptPages().review(JOB, make_user("nobody")) is None
