"""Odd requests, and what must stay unseen in every corner of the site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.views.defaults import permission_denied

from prompts.models import Category

from .making import make_page
from .test_site import elements, text_of

pytestmark = pytest.mark.django_db
HIDDEN = [{"status": "draft", "published": None}, {"visibility": "private"}]


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("address", ["/", "/?q=badger", "/sitemap.xml", "/prompt/red-fox-1/"])
def test_nothing_public_tells_of_a_hidden_page(client, hidden, address):
    make_page(1, "fox")
    make_page(
        2,
        "badger",
        "fox",
        title="Secret Sett",
        slug="secret-sett",
        category=Category.objects.create(name="Setts", slug="setts"),
        **hidden,
    )
    text = text_of(client.get(address))
    for secret in ("Secret", "secret-sett", "tag/badger", "setts", "Setts"):
        assert secret not in text


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    "address", ["/tag/badger/", "/category/setts/", "/?tag=badger", "/?category=setts"]
)
def test_a_tag_or_category_of_hidden_pages_alone_is_not_found(client, hidden, address):
    make_page(1, "badger", category=Category.objects.create(name="Setts", slug="setts"), **hidden)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", "1e9"])
def test_an_odd_page_number_still_shows_a_list(client, number):
    make_page(1)
    assert "Red Fox 1" in text_of(client.get(f"/?page={number}"))


@pytest.mark.parametrize("sign", ["%", "_"])
def test_a_sign_that_stands_for_any_text_finds_only_itself(client, sign):
    make_page(1)
    assert "Nothing found" in text_of(client.get("/", {"q": sign}))


@pytest.mark.parametrize("name", ["!!!", "<<<>>>", "++"])
def test_a_tag_of_signs_alone_breaks_no_page(client, name):
    page = make_page(1)
    page.tags.add(name)
    for address in ("/", page.get_absolute_url(), "/sitemap.xml"):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ["/", "/?q=fox", "/prompt/red-fox-1/", "/no-such-page/"])
def test_no_page_has_a_script_or_a_style_of_its_own(client, address, settings):
    settings.DEBUG = False
    make_page(1)
    response = client.get(address)
    assert "script-src 'self'" in response["Content-Security-Policy"]
    found = elements(response)
    assert all(
        attributes.get("src") or attributes.get("type") == "application/ld+json"
        for name, attributes in found
        if name == "script"
    )
    assert not [name for name, attributes in found if name == "style" or "style" in attributes]


def test_pictures_below_the_fold_wait(client):
    for n in range(12):
        make_page(n)
    pictures = [
        attributes
        for name, attributes in elements(client.get("/"))
        if name == "img" and "srcset" in attributes
    ]
    assert {picture.get("loading") for picture in pictures[-8:]} == {"lazy"}
    assert pictures[0].get("loading") is None


def test_the_sitemap_costs_the_same_for_one_page_and_for_many(
    client, django_assert_max_num_queries
):
    make_page(0, "fox", category=Category.objects.create(name="Animals", slug="animals"))
    with django_assert_max_num_queries(10) as one:
        client.get("/sitemap.xml")
    for n in range(1, 30):
        make_page(n, f"fox-{n}", category=Category.objects.create(name=str(n), slug=f"c-{n}"))
    with django_assert_max_num_queries(len(one)):
        client.get("/sitemap.xml")


def test_who_may_not_is_answered_in_the_site_s_look_and_led_back(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    response = client.get("/admin/prompts/prompt/")
    assert response.status_code == 403
    assert "You do not have permission" in text_of(response)
    assert '<a href="/admin/">Back to the admin</a>' in text_of(response)


def test_a_refusal_tells_visitors_neither_the_reason_nor_the_admin(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    response = permission_denied(request, PermissionDenied("the vault's number is 7"))
    assert response.status_code == 403
    assert "See all prompts" in text_of(response)
    assert "vault" not in text_of(response)
    assert "/admin/" not in text_of(response)


def test_a_form_that_outlived_its_session_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "sam"})
    assert response.status_code == 403
    assert "Go back, reload it and try again" in text_of(response)


@pytest.mark.parametrize("address", ["/", "/admin/prompts/prompt/"])
def test_a_page_that_breaks_says_so_and_tells_nothing_of_it(
    admin_client, settings, monkeypatch, address
):
    def broken(*args, **kwargs):
        raise RuntimeError("the vault's number is 7")

    settings.DEBUG = False
    admin_client.raise_request_exception = False
    monkeypatch.setattr("prompts.selectors.published_pages", broken)
    monkeypatch.setattr("prompts.admin.pages.PromptAdmin.get_queryset", broken)
    response = admin_client.get(address)
    assert response.status_code == 500
    assert "Something went wrong" in text_of(response)
    assert not any(word in text_of(response) for word in ("vault", "RuntimeError", "Traceback"))
