"""The main links lead where a person may go, and say where they are."""

from __future__ import annotations

import pytest

from bulk_admin.testing.factories import make_user
from prompts_manager import navigation

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def links(rf, path, *permissions):
    request = rf.get(path)
    request.user = make_user("", *permissions)
    return navigation.main_links(request)


def test_the_main_links_are_those_that_a_person_may_follow(rf):
    def labels(*permissions):
        return [link.label for link in links(rf, "/admin/", *permissions)]

    assert labels() == ["Today"]
    assert labels("prompts.view_prompt") == ["Today", "Pages"]
    assert labels("bulk_admin.view_bulkgenerationjob") == ["Today", "Jobs", "Pictures", "Health"]


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/admin/", ["Today"]),
        ("/admin/bulk_admin/bulkgenerationjob/?status__exact=draft", ["Jobs"]),
        ("/admin/bulk_admin/bulkgenerationjob/health/", ["Health"]),
        ("/admin/bulk_admin/generatedimage/7/change/", ["Pictures"]),
        ("/admin/password_change/", []),
    ],
)
def test_one_main_link_says_that_it_is_here(rf, path, here):
    found = links(rf, path, "bulk_admin.view_bulkgenerationjob")
    assert [link.label for link in found if link.is_here] == here


def test_every_model_of_the_admin_stands_in_one_group(admin_client):
    groups = admin_client.get("/admin/").context["app_list"]
    assert [group["name"] for group in groups] == list(navigation.GROUPS)
    labels = [model["model"]._meta.label for group in groups for model in group["models"]]
    assert len(labels) == len(set(labels))
    named = {label for labels in navigation.GROUPS.values() for label in labels}
    assert named <= set(labels)
    assert "axes.AccessLog" in labels
