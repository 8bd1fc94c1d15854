from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bulk_admin.testing.corpus import CORPUS
from bulk_admin.testing.pictures import make_picture
from prompts.models import Category, Prompt
from prompts.services.publishing import create_page
from prompts.services.tagging import tag_page
from prompts.views import PER_PAGE

from .making import make_files, make_new, make_page, publish_now

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


def json_ld(response) -> dict:
    return json.loads(
        re.search(
            r'<script type="application/ld\+json">(.*?)</script>', text_of(response), re.DOTALL
        ).group(1)
    )


# --- lists --------------------------------------------------------------------------------------


def test_a_site_without_pages_says_so(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "Nothing is published yet" in text_of(response)


def test_only_published_public_pages_are_listed(client):
    make_page(1)
    make_page(2, status="draft")
    make_page(3, visibility="private")
    text = text_of(client.get("/"))
    assert "Red Fox 1" in text
    assert "Red Fox 2" not in text
    assert "Red Fox 3" not in text


def test_lists_are_cut_into_pages_that_keep_the_search(client):
    for n in range(PER_PAGE + 1):
        make_page(n)
    first, second = client.get("/?q=fox"), client.get("/?q=fox&page=2")
    assert len(first.context["found"]) == PER_PAGE
    assert len(second.context["found"]) == 1
    assert "?q=fox&amp;page=2" in text_of(first)
    for odd in ("0", "-1", "999", "x"):
        assert client.get(f"/?page={odd}").status_code == 200


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("fox snow", {"Red Fox 1"}),
        ("take 2", {"Red Fox 2"}),
        ("wildlife", {"Red Fox 1"}),
        ("FOX", {"Red Fox 1", "Red Fox 2"}),
        ("nothing", set()),
        ("%", set()),
    ],
)
def test_search_finds_pages_with_every_word(client, words, found):
    make_page(1, "wildlife", "forest")
    make_page(2, description="A fox in rain.")
    assert {page.title for page in client.get("/", {"q": words}).context["found"]} == found


@pytest.mark.parametrize("text", CORPUS)
def test_any_search_text_is_answered_and_shown_as_text(client, text):
    response = client.get("/", {"q": text})
    assert response.status_code == 200
    assert "<script>" not in text_of(response)
    assert "<img src=x" not in text_of(response)


def test_searches_are_not_for_search_engines_and_lists_are(client):
    make_page(1)
    assert '<meta name="robots" content="noindex, follow">' in text_of(client.get("/?q=fox"))
    home = text_of(client.get("/"))
    assert "noindex" not in home
    assert '<link rel="canonical" href="http://testserver/">' in home


def test_a_tag_and_a_category_have_lists_of_their_own(client):
    category = Category.objects.create(name="Animals", slug="animals")
    make_page(1, "snow", category=category)
    make_page(2)
    for address in ("/tag/snow/", "/?tag=snow", "/category/animals/", "/?category=animals"):
        assert [page.title for page in client.get(address).context["found"]] == ["Red Fox 1"], (
            address
        )


def test_a_tag_in_another_script_has_its_list(client):
    page = make_page(1, "狐")
    assert client.get(f"/tag/{page.tags.get().slug}/").status_code == 200


def test_tags_and_categories_of_drafts_alone_are_not_shown(client):
    make_page(
        1, "secret", category=Category.objects.create(name="Hidden", slug="hidden"), status="draft"
    )
    assert client.get("/tag/secret/").status_code == 404
    assert client.get("/category/hidden/").status_code == 404
    assert "Hidden" not in text_of(client.get("/"))
    assert "secret" not in text_of(client.get("/sitemap.xml"))


def test_a_list_costs_the_same_queries_for_one_page_and_for_many(client):
    category = Category.objects.create(name="Animals", slug="animals")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        return len(captured)

    make_page(0, "snow", category=category)
    one = queries()
    for n in range(1, 20):
        make_page(n, "snow", f"tag-{n}", category=category)
    assert queries() == one <= 4


# --- one page -----------------------------------------------------------------------------------


def test_a_page_shows_its_prompt_picture_and_facts(client):
    page = make_page(
        1,
        "snow",
        category=Category.objects.create(name="Animals", slug="animals"),
        ai_generator="GPT Image",
    )
    text = text_of(client.get(page.get_absolute_url()))
    for shown in (
        "a red fox, take 1",
        "A fox in snow.",
        "GPT Image",
        "Animals",
        "snow",
        "1024 × 768",
        "pages/red-fox-1.png",
        'alt="A fox."',
    ):
        assert shown in text
    assert "noindex" not in text


def test_the_picture_is_offered_in_its_true_widths(client):
    text = text_of(client.get(make_page(1).get_absolute_url()))
    srcset = re.search(r'srcset="([^"]*)"', text).group(1)
    assert srcset == ", ".join(
        f"/media/pages/red-fox-1-{width}.webp {width}w" for width in (300, 600, 1024)
    )


def test_a_phone_that_needs_678_pixels_is_offered_800(client):
    page = create_page(make_new(files=make_files(picture=make_picture(1600, 1200))))
    publish_now(page)
    page.refresh_from_db()
    text = text_of(client.get(page.get_absolute_url()))
    widths = [int(width) for width in re.findall(r"-\d+-[0-9a-f]{8}\.webp (\d+)w", text)]
    assert widths == [300, 600, 800, 1200]
    assert min(width for width in widths if width >= 678) == 800


def test_a_small_picture_is_not_offered_twice_in_one_width(client):
    variants = [{"key": f"pages/a-{n}.webp", "width": 100, "height": 50} for n in (300, 600, 1200)]
    text = text_of(client.get(make_page(1, variants=variants).get_absolute_url()))
    assert text.count("100w") == 1


def test_search_engines_and_link_previews_get_absolute_addresses(client):
    page = make_page(1, "snow", ai_generator="GPT Image")
    response = client.get(page.get_absolute_url())
    facts, text = json_ld(response), text_of(response)
    assert facts["@type"] == "ImageObject"
    assert facts["url"] == "http://testserver/prompt/red-fox-1/"
    assert facts["contentUrl"] == "http://testserver/media/pages/red-fox-1.png"
    assert facts["thumbnailUrl"] == "http://testserver/media/pages/red-fox-1-300.webp"
    assert (facts["width"], facts["height"]) == (1024, 768)
    assert (
        '<meta property="og:image" content="http://testserver/media/pages/red-fox-1.png">' in text
    )
    assert '<link rel="canonical" href="http://testserver/prompt/red-fox-1/">' in text


class Elements(HTMLParser):
    """What a browser would make of a page: elements, handlers, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def elements(response) -> list[tuple[str, dict]]:
    parser = Elements()
    parser.feed(text_of(response))
    return parser.seen


@pytest.mark.parametrize("text", CORPUS)
def test_no_text_becomes_markup(client, text):
    plain = make_page(1, "snow", category=Category.objects.create(name="Plain", slug="plain"))
    odd = make_page(
        2, category=Category.objects.create(name=text.replace("\x00", "")[:80], slug="odd")
    )
    without_nul = text.replace("\x00", "")
    Prompt.objects.filter(pk=odd.pk).update(
        title=without_nul[:200],
        prompt_text=without_nul,
        description=without_nul,
        alt_text=without_nul[:125],
    )
    tag_page(odd, ["snow"])
    expected, found = (elements(client.get(page.get_absolute_url())) for page in (plain, odd))
    # A description of several paragraphs has more of <p> and <br>, and nothing else.
    names = [[name for name, _ in part if name not in ("p", "br")] for part in (expected, found)]
    assert names[0] == names[1]
    assert not [
        attributes
        for _, attributes in found
        if any(name.startswith("on") or name == "style" for name in attributes)
    ]
    facts = json_ld(client.get(odd.get_absolute_url()))
    assert facts["@type"] == "ImageObject"


def test_a_prompt_cannot_end_the_data_block(client):
    page = make_page(
        1,
        title="</script><script>alert(1)</script>",
        description="</script><!--<script> & more. Text.",
    )
    response = client.get(page.get_absolute_url())
    assert json_ld(response)["name"] == "</script><script>alert(1)</script>"
    assert "alert(1)</script>" not in text_of(response)


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"visibility": "private"}])
def test_what_is_not_public_is_for_staff_who_may_see_pages(client, django_user_model, changes):
    page = make_page(1, **changes)
    assert client.get(page.get_absolute_url()).status_code == 404
    client.force_login(django_user_model.objects.create_user("reader"))
    assert client.get(page.get_absolute_url()).status_code == 404
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))
    assert client.get(page.get_absolute_url()).status_code == 404
    client.force_login(django_user_model.objects.create_superuser("boss"))
    response = client.get(page.get_absolute_url())
    assert response.status_code == 200
    assert "Only staff see this page" in text_of(response)
    assert '<meta name="robots" content="noindex">' in text_of(response)
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"visibility": "private"}])
def test_nothing_for_machines_names_a_private_picture(admin_client, changes):
    page = make_page(1, is_stored=True, **changes)
    response = admin_client.get(page.get_absolute_url())
    assert not {"contentUrl", "thumbnailUrl"} & set(json_ld(response))
    assert "og:image" not in text_of(response)
    assert "red-fox-1" not in text_of(admin_client.get("/sitemap.xml"))


def test_a_page_without_files_or_facts_still_renders(client):
    page = make_page(1, image="", variants=[], width=0, height=0, description="", published=None)
    assert "No picture" in text_of(client.get(page.get_absolute_url()))
    assert client.get("/").status_code == 200


def test_related_pages_are_published_and_share_the_most(client):
    page = make_page(1, "fox", "snow")
    make_page(2, "fox")
    make_page(3, "fox", "snow")
    make_page(4, "fox", "snow", status="draft")
    make_page(5, "cat")
    assert [other.title for other in client.get(page.get_absolute_url()).context["related"]] == [
        "Red Fox 3",
        "Red Fox 2",
    ]


def test_one_page_costs_few_queries_however_many_are_related(client):
    category = Category.objects.create(name="Animals", slug="animals")
    page = make_page(0, "snow", "fox", category=category)
    for n in range(1, 20):
        make_page(n, "snow", "fox", category=category)
    with CaptureQueriesContext(connection) as captured:
        client.get(page.get_absolute_url())
    assert len(captured) <= 4


def test_pages_are_read_only(client):
    page = make_page(1)
    for address in ("/", page.get_absolute_url(), "/robots.txt"):
        assert client.post(address).status_code == 405


# --- for robots ---------------------------------------------------------------------------------


def test_robots_are_kept_out_of_admin_and_shown_the_sitemap(client):
    response = client.get("/robots.txt")
    assert response["Content-Type"].startswith("text/plain")
    assert "Disallow: /admin/" in text_of(response)
    assert "Sitemap: http://testserver/sitemap.xml" in text_of(response)


def test_the_sitemap_has_what_is_public_and_nothing_else(client):
    make_page(1, "snow", category=Category.objects.create(name="Animals", slug="animals"))
    make_page(2, status="draft")
    make_page(3, visibility="private")
    found = set(re.findall(r"<loc>(.*?)</loc>", text_of(client.get("/sitemap.xml"))))
    assert found == {
        f"http://testserver/{path}"
        for path in ("", "prompt/red-fox-1/", "tag/snow/", "category/animals/")
    }


def test_an_unknown_address_is_a_page_of_ours(client, settings):
    settings.DEBUG = False
    response = client.get("/prompt/no-such-page/")
    assert response.status_code == 404
    assert "This page is not here" in text_of(response)
