"""Tags in admin change pages, published ones too: who may, and what is written down."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from taggit.models import Tag

from bulk_admin.testing.factories import make_user

from .making import make_page

pytestmark = pytest.mark.django_db
LIST = "/admin/taggit/tag/"
VIEW = ("taggit.view_tag", "prompts.view_prompt")
ALL = (*VIEW, "taggit.change_tag", "taggit.delete_tag", "prompts.change_prompt")


@pytest.fixture
def pages():
    return [make_page(1, "fox", "snow"), make_page(2, "foxes", "fox"), make_page(3, "fox", "vixen")]


def log_in(client, *permissions):
    user = make_user("tess", *permissions)
    client.force_login(user)
    return user


def ids(*names):
    return ",".join(str(Tag.objects.get(name=name).pk) for name in names)


def tags_of(page):
    return sorted(page.tags.names())


def merge(client, *names):
    return client.post(f"{LIST}bulk/merge/", {"ids": ids(*names)})


def test_merging_moves_the_pages_to_the_tag_that_most_of_them_have(client, pages):
    log_in(client, *ALL)
    ticked = [Tag.objects.get(name=name).pk for name in ("foxes", "vixen", "fox")]
    before = client.post(LIST, {"action": "merge", "_selected_action": ticked})
    assert "Becomes “fox” on 1 page." in before.content.decode()
    assert merge(client, "foxes", "vixen", "fox").status_code == 200
    assert [tags_of(page) for page in pages] == [["fox", "snow"], ["fox"], ["fox"]]
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["fox", "snow"]


def test_merging_and_deleting_are_written_down(client, pages):
    user = log_in(client, *ALL)
    merge(client, "foxes", "fox")
    client.post(f"{LIST}bulk/delete/", {"ids": ids("vixen")})
    found = LogEntry.objects.filter(user=user).order_by("pk")
    assert [(entry.object_repr, entry.get_change_message()) for entry in found] == [
        ("fox", "Merged into it: foxes."),
        ("foxes", "Merged into “fox”."),
        ("vixen", "Deleted."),
    ]


def test_one_tag_is_not_merged_and_a_second_press_finds_nothing(client, pages):
    log_in(client, *ALL)
    assert "Select at least two tags." in merge(client, "fox").content.decode()
    chosen = ids("foxes", "fox")
    for _ in range(2):
        client.post(f"{LIST}bulk/merge/", {"ids": chosen})
    assert [tags_of(page) for page in pages] == [["fox", "snow"], ["fox"], ["fox", "vixen"]]


@pytest.mark.parametrize(
    "missing", ["taggit.change_tag", "taggit.delete_tag", "prompts.change_prompt"]
)
def test_who_lacks_one_of_the_permissions_merges_nothing(client, pages, missing):
    log_in(client, *(name for name in ALL if name != missing))
    assert merge(client, "foxes", "fox").status_code == 403
    assert [tags_of(page) for page in pages] == [
        ["fox", "snow"],
        ["fox", "foxes"],
        ["fox", "vixen"],
    ]


def test_who_may_only_view_changes_nothing(client, pages):
    log_in(client, *VIEW, "taggit.change_tag", "taggit.delete_tag", "taggit.add_tag")
    fox = Tag.objects.get(name="fox")
    assert client.get(f"{LIST}{fox.pk}/change/").status_code == 200
    for address, data in [
        (f"{LIST}{fox.pk}/change/", {"name": "wolf"}),
        (f"{LIST}{fox.pk}/delete/", {"post": "yes"}),
        (f"{LIST}bulk/delete/", {"ids": str(fox.pk)}),
    ]:
        assert client.post(address, data).status_code == 403, address
    assert Tag.objects.get(pk=fox.pk).name == "fox"


def test_taggit_s_own_merging_is_gone(client, superuser, pages):
    client.force_login(superuser)
    session = client.session
    session["selected_tag_ids"] = ids("fox")
    session.save()
    client.post(f"{LIST}merge-tags/", {"new_tag_name": "wolf"})
    assert not Tag.objects.filter(name="wolf").exists()
    assert "taggit_tag_merge_tags" not in {each.name for each in admin_urls()}


def admin_urls():
    from django.contrib import admin

    return admin.site.get_model_admin(Tag).get_urls()


def test_a_tag_s_address_follows_its_name(client, pages):
    log_in(client, *ALL)
    vixen = Tag.objects.get(name="vixen")
    client.post(f"{LIST}{vixen.pk}/change/", {"name": "Red Vixen"})
    vixen.refresh_from_db()
    assert (vixen.name, vixen.slug) == ("red-vixen", "red-vixen")
    body = client.post(f"{LIST}{vixen.pk}/change/", {"name": "fox"}).content.decode()
    assert "merge the two" in body or "already exists" in body
    assert client.get(reverse("prompts:tag", args=["red-vixen"])).status_code == 200
