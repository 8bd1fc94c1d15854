from __future__ import annotations

import pytest

from prompts.models import Category
from prompts.services.desk import flags
from prompts.services.desk.flags import Neighbour, Titles
from prompts.tests.making import make_page

GOOD = "A fox curls up in untouched snow while a stand of pines fades into haze behind it. " * 2


def titles(*texts: str) -> Titles:
    return Titles(Neighbour(pk, text, "draft") for pk, text in enumerate(texts, 1))


@pytest.mark.parametrize(
    ("title", "other", "is_close"),
    [
        ("A red fox asleep in snow", "Red fox asleep in the snow", True),
        ("A red fox asleep in snow", "Snow: a red fox, asleep", True),
        ("A red fox asleep in snow", "Red foxes asleep in snow", True),
        ("A red fox asleep in snow", "A red car in snow", False),
        ("A red fox asleep in snow", "Lighthouse at dusk", False),
        ("狐狸在雪地里睡觉", "狐狸在雪地里睡觉", True),
        ("!!!", "???", False),
    ],
)
def test_titles_that_read_alike_are_found(title, other, is_close):
    found = titles(other).closest(99, title)
    assert (found is not None) == is_close


def test_the_closest_title_is_told_and_never_the_page_itself():
    known = titles("A red fox asleep in deep snow", "A red fox asleep in snow", "An owl")
    assert known.closest(99, "A red fox asleep in snow").pk == 2
    assert known.closest(2, "A red fox asleep in snow").pk == 1
    assert known.closest(3, "An owl") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "weight", "text"),
    [
        ({"moderation": "flagged"}, "Stop", "Moderation stopped it."),
        ({"prompt_text": "a {red|blue} fox"}, "Stop", "Its prompt still has “{red|blue}”."),
        ({"is_placeholder": True}, "Look", "Its picture is a placeholder."),
        ({"moderation": "not_checked"}, "Look", "It was not checked by moderation."),
        ({"alt_text": " "}, "Look", "The alt text is missing."),
        ({"description": ""}, "Look", "The description is missing."),
        ({"description": "A fox. It sleeps."}, "Look", "The description is thin: 17 characters."),
        ({"content_source": "rule"}, "Note", "Its texts were made from the prompt by rule."),
        ({"category": None}, "Note", "No category."),
    ],
)
def test_each_flag_has_its_words_and_weight(changes, weight, text):
    category = Category.objects.create(name="Animals", slug="animals")
    sound = {"description": GOOD, "category": category}
    page = make_page(1, "fox", "snow", "winter", **{**sound, **changes})
    assert [(flag.word, flag.text) for flag in flags.flags_of(page, titles())] == [(weight, text)]


@pytest.mark.django_db
def test_flags_come_heaviest_first_and_name_the_close_page():
    near = make_page(2, title="Red fox in the snow")
    page = make_page(1, "fox", title="A red fox in snow", alt_text="", moderation="flagged")
    found = flags.flags_of(page, Titles.of_all_pages())
    assert [flag.word for flag in found] == sorted((flag.word for flag in found), key="SLN".find)
    close = next(flag for flag in found if flag.name)
    assert (close.name, close.url) == (near.title, f"/admin/prompts/prompt/{near.pk}/change/")
    assert any(flag.text.startswith("One tag") for flag in found)


@pytest.mark.django_db
def test_pages_with_one_description_name_each_other():
    first, second, other = (
        make_page(n, description=text) for n, text in enumerate([GOOD, GOOD.upper(), "An owl."])
    )
    same = flags.same_texts([first, second, other])
    assert same == {first.pk: [second.title], second.pk: [first.title]}
    told = [flag.text for flag in flags.flags_of(first, titles(), same[first.pk])]
    assert f"“{second.title}” has the same description." in told
