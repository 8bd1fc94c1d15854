from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.utils import seo


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("A Red Fox in the Deep Snow", "red-fox-deep-snow"),
        ("The Cat", "the-cat"),
        ("Of the Cat and Dog", "of-the-cat-and-dog"),
        ("Über den Wölken", "uber-den-wolken"),
        ("Зимний лес ночью", "zimnii-les-nochiu"),
        ("🦊🦊🦊", "picture"),
        ("", "picture"),
        ("I'm a Fox Who Can't Sleep", "im-fox-cant-sleep"),
        ("I’m a Fox Who Can’t Sleep", "im-fox-cant-sleep"),
        ("Rock 'n' Roll Fox’s Den", "rock-n-roll-foxs-den"),
        ("../../etc/passwd <script>", "etc-passwd-script"),
    ],
)
def test_a_file_is_named_after_the_telling_words_of_its_title(title, words):
    assert seo.file_words(title, "7") == f"{words}-7-ai-prompt"


def test_the_reference_in_a_file_name_is_never_cut():
    names = {seo.file_words("wonderful " * 40, ref) for ref in ("1234567", "1234568")}
    assert len(names) == 2
    assert all(re.fullmatch(r"(wonderful-)+123456[78]-ai-prompt", name) for name in names)
    assert max(map(len, names)) <= 60 + len("-1234567-ai-prompt")


@given(st.text(), st.integers(min_value=1))
def test_a_file_name_is_safe_whatever_the_title(title, ref):
    assert re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*-{ref}-ai-prompt", seo.file_words(title, str(ref)))


def test_slugs_are_numbered_when_they_are_taken():
    taken = {"red-fox-snow", "red-fox-snow-2"}
    assert seo.unique_slug("Red Fox Snow", taken.__contains__) == "red-fox-snow-3"
    assert seo.unique_slug("Grey Fox Snow", taken.__contains__) == "grey-fox-snow"


@pytest.mark.parametrize("word", sorted(seo.RESERVED))
def test_a_reserved_word_is_never_a_slug(word):
    assert seo.unique_slug(word.upper(), lambda slug: False) == f"{word}-prompt"


@given(st.text())
def test_every_title_has_a_slug(title):
    assert re.fullmatch(
        r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", seo.unique_slug(title, lambda slug: False)
    )


@pytest.mark.parametrize(
    "title",
    ["Short", "A title as long as a title may be in a list of pages, that is sixty", "x" * 300],
)
@pytest.mark.parametrize("generator", ["", "GPT Image 2.5 Flare", "g" * 80])
def test_meta_titles_are_short_enough_for_search_results(title, generator):
    assert 5 <= len(seo.meta_title(title, generator)) <= 70


def test_a_meta_title_names_the_generator():
    assert seo.meta_title("Red Fox", "GPT Image 2") == "Red Fox - GPT Image 2 AI Prompt"


def test_a_long_description_ends_in_an_ellipsis_at_a_word():
    text = seo.meta_description("word " * 100)
    assert len(text) <= 160
    assert text.endswith("word…")
    assert seo.meta_description("As\nit  is.") == "As it is."


def test_json_ld_holds_the_facts_of_the_picture():
    facts = {
        "name": "Red Fox",
        "description": "A fox.",
        "caption": "A fox in snow.",
        "page_url": "https://x.test/prompt/fox/",
        "image_url": "https://x.test/f.png",
    }
    published = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    made = seo.image_json_ld(
        **facts, width=1024, height=768, keywords=["fox", "snow"], published=published
    )
    assert made == {
        "@context": "https://schema.org",
        "@type": "ImageObject",
        "name": "Red Fox",
        "description": "A fox.",
        "caption": "A fox in snow.",
        "url": "https://x.test/prompt/fox/",
        "contentUrl": "https://x.test/f.png",
        "width": 1024,
        "height": 768,
        "keywords": "fox, snow",
        "datePublished": "2026-11-01T12:00:00+00:00",
    }


@pytest.mark.parametrize(
    "name", ["cut_at_word", "words_of", "slug_base", "file_words", "meta_title", "meta_description"]
)
def test_a_long_text_takes_linear_time(name):
    more = {"cut_at_word": (300,), "words_of": (60,), "file_words": ("1",)}.get(name, ())
    for piece in ("a", "a ", " ", "-", "- ", "'", "é", "狐", ". ", "\n", "the "):
        begun = time.process_time()
        getattr(seo, name)(piece * (100_000 // len(piece)), *more)
        assert time.process_time() - begun < 3, piece
