"""What belongs to no single page: the error page, where a login leads, and who sees which row."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.views.defaults import server_error

from bulk_admin.testing.factories import make_job, make_user
from prompts.tests.making import make_page


def test_the_error_page_needs_no_database_and_no_context(rf):
    """Without the ``db`` fixture any query fails."""
    response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


@pytest.mark.django_db
def test_a_login_without_a_way_back_leads_to_the_admin(client):
    make_user("sam")
    response = client.post("/admin/login/", {"username": "sam", "password": "password"})
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def row_address(row):
    return f"/admin/r/{ContentType.objects.get_for_model(row).pk}/{row.pk}/"


@pytest.mark.django_db
def test_the_address_of_a_draft_is_shown_to_who_may_view_pages(client):
    draft = make_page(slug="not-yet-out", status="draft")
    client.force_login(make_user("plain", "bulk_admin.view_bulkgenerationjob"))
    response = client.get(row_address(draft))
    assert response.status_code == 403
    assert "not-yet-out" not in response.content.decode()
    client.force_login(make_user("editor", "prompts.view_prompt"))
    assert client.get(row_address(draft))["Location"].endswith("/prompt/not-yet-out/")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["{0}", "+{0}", "0{0}", "abc", "9" * 30])
def test_no_spelling_of_a_kind_goes_round_that(client, kind):
    client.force_login(make_user("plain"))
    for row in (make_page(), make_job(1)):
        number = ContentType.objects.get_for_model(row).pk
        response = client.get(f"/admin/r/{kind.format(number)}/{row.pk}/")
        assert response.status_code in (403, 404)


@pytest.mark.django_db
def test_what_is_not_in_admin_has_no_address_there(client, superuser):
    client.force_login(superuser)
    number = ContentType.objects.get_for_model(ContentType).pk
    assert client.get(f"/admin/r/{number}/1/").status_code == 404
