from __future__ import annotations

import pytest
from taggit.models import Tag

from prompts.models import Prompt
from prompts.services.tagging import tag_page, tag_slug

pytestmark = pytest.mark.django_db


def make_page(slug="page") -> Prompt:
    return Prompt.objects.create(title="Page", slug=slug, prompt_text="a fox")


def tags_of(page) -> list[str]:
    return [
        item.tag.name
        for item in Prompt.tags.through.objects.filter(object_id=page.pk)
        .order_by("pk")
        .select_related("tag")
    ]


def test_tags_keep_their_order_and_taggit_knows_them():
    page = make_page()
    tag_page(page, ["winter", "fox", "snow", "fox"])
    assert tags_of(page) == ["winter", "fox", "snow"]
    assert list(Prompt.objects.filter(tags__name="fox")) == [page]
    assert set(page.tags.names()) == {"winter", "fox", "snow"}


def test_tags_that_are_there_are_used_again():
    tag_page(make_page("one"), ["fox", "snow"])
    tag_page(make_page("two"), ["snow", "lake"])
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["fox", "lake", "snow"]


def test_a_tag_that_staff_wrote_in_their_way_is_used():
    written = Tag.objects.create(name="Soft Light", slug="soft-light")
    page = make_page()
    tag_page(page, ["soft-light"])
    assert [tag.pk for tag in page.tags.all()] == [written.pk]


def test_names_that_taggit_would_slug_alike_stay_apart():
    page = make_page()
    names = ["c", "c++", "c#", "🦊", "🐺", "c--", "été", "狐"]
    tag_page(page, names)
    assert tags_of(page) == names
    assert len({tag_slug(name) for name in names}) == len(names)


def test_no_tags_cost_no_query(django_assert_num_queries):
    page = make_page()
    with django_assert_num_queries(0):
        tag_page(page, [])
