from __future__ import annotations

import contextlib
import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulk_admin.services.writing import cleaning
from bulk_admin.services.writing.cleaning import Texts, TooPoor, cleaned

TITLE = "Red Fox Curled Asleep in Deep Winter Snow"
DESCRIPTION = "A red fox sleeps in snow. Soft light falls on its fur."
ALT = "A red fox asleep in deep snow."


def made(title=TITLE, description=DESCRIPTION, tags=("fox",), alt_text=ALT) -> Texts:
    return cleaned(title, description, tags, alt_text)


@pytest.mark.parametrize(
    "written",
    [
        f"**{TITLE}**",
        f"# {TITLE}",
        f"__{TITLE}__",
        f"`{TITLE}`",
        f"Title: {TITLE}",
        f"**Title:** {TITLE}",
        f"**Title**: {TITLE}",
        f'SEO Title: "{TITLE}"',
        f"Here is a title for your picture: {TITLE}",
        f"Sure! Here's the title: **{TITLE}**",
        f"Titel: {TITLE}",
        f"Voici un titre : « {TITLE} »",
        f"标题：{TITLE}",
        f'"{TITLE}"',
        f"“{TITLE}”",
        f"„{TITLE}“",
        f"«{TITLE}»",
        f"'{TITLE}'",
        f'"{TITLE}',
        f'{TITLE}"',
        f"“{TITLE}",
        f"{TITLE}.",
        f"{TITLE}:",
        f"  {TITLE}…",
        f"<h1>{TITLE}</h1>",
        f"&lt;b&gt;{TITLE}&lt;/b&gt;",
        f"&quot;{TITLE}&quot;",
        TITLE.replace(" ", "&nbsp;"),
        f"[{TITLE}](https://example.com/fox)",
        f"\u202e{TITLE}\u202c",
        f"```\n{TITLE}\n```",
    ],
)
def test_what_a_model_writes_around_a_title_goes(written):
    assert made(title=written).title == TITLE


@pytest.mark.parametrize(
    "title",
    [
        "Salt & Pepper Shakers on a Checked Tablecloth",
        "The Fox's Den: A Snowy Morning in the Forest",
        'A 12" Vinyl Record on a Turntable at Dusk',
        "'Tis the Season: Cabin in the Snow at Night",
        "Rock 'n' Roll Guitarist under Neon Lights",
        'Neon Sign That Says "Open" in a Rainy Street',
        "Portrait of a C++ Programmer at 3:15 in the Morning",
        "Where the Wild Things Are: What Dreams Are Made Of",
        "Why Not? A Cat in a Space Suit on the Moon",
        "snake_case Poster for Programmers, 5 * 3 Grid",
    ],
)
def test_marks_that_belong_to_a_title_stay(title):
    assert made(title=title).title == title


def test_entities_are_characters():
    assert made(title="Salt &amp;amp; Pepper Shakers on a Table").title == (
        "Salt & Pepper Shakers on a Table"
    )
    assert made(tags=["black &amp; white"]).tags == ["black-&-white"]


def test_a_description_of_markdown_is_plain_sentences():
    written = (
        "**Description:**\n\n- A *red* fox sleeps in [snow](https://example.com).\n"
        "- Soft light&nbsp;falls on its fur.\n\n> It is `early` morning."
    )
    assert made(description=written).description == (
        "A red fox sleeps in snow. Soft light falls on its fur. It is early morning."
    )


@pytest.mark.parametrize(
    "tags",
    [
        ["fox, snow; night"],
        ["fox", "snow, night"],
        ["#fox #snow #night"],
        ["fox|snow|night"],
        ["Tags: fox, snow, night"],
        ["- fox\n- snow\n- night"],
        ["1. fox\n2. snow\n3. night"],
        ['["fox", "snow", "night"]'],
        ["fox、snow，night"],
        ['"fox"', "**snow**", "`night`"],
        ["fox", "FOX", "snow", "night", " "],
    ],
)
def test_tags_in_one_string_are_split(tags):
    assert made(tags=tags).tags == ["fox", "snow", "night"]


@pytest.mark.parametrize(
    "title",
    ["雪の中で眠る赤い狐", "雪中的红狐", "눈 속의 붉은 여우", "狐狸在雪中睡觉", "สุนัขจิ้งจอกแดงในหิมะ"],
)
def test_a_short_title_is_long_enough_in_its_own_script(title):
    assert made(title=title).title == title


@pytest.mark.parametrize("title", ["Red Fox", "狐", "红狐", "여우", "หมา", "A red fox, snow"])
def test_a_title_of_a_word_or_two_is_too_short_in_any(title):
    with pytest.raises(TooPoor, match="title"):
        made(title=title)


@pytest.mark.parametrize(
    "description",
    [
        "雪の中で赤い狐が眠る。柔らかな朝の光が毛並みを照らす。",
        "一只红狐在雪中沉睡。柔和的晨光照在它的皮毛上！",
        "「おやすみ。」狐は雪の中で眠る。朝の光が差す。",
        "붉은 여우가 눈 속에서 잠든다. 부드러운 아침 빛이 털을 비춘다.",
        "สุนัขจิ้งจอกแดงนอนหลับอยู่ในหิมะ แสงยามเช้าอ่อนๆ ส่องลงบนขนของมัน",
        "गहरी बर्फ में लाल लोमड़ी सो रही है। उस पर नरम रोशनी पड़ती है।",
        "برف میں لال لومڑی سو رہی ہے۔ اس پر نرم روشنی پڑتی ہے۔",
    ],
)
def test_sentences_end_as_their_script_ends_them(description):
    assert made(description=description).description == description


@pytest.mark.parametrize(
    "description", ["雪の中の赤い狐", "雪の中で狐が眠る。", "หมา แมว", "สุนัขจิ้งจอกแดงนอนหลับอยู่ในหิมะ"]
)
def test_one_sentence_is_too_little_in_any_script(description):
    with pytest.raises(TooPoor, match="description"):
        made(description=description)


def test_a_long_description_ends_with_a_whole_sentence():
    long = made(description="狐が眠る。" * 9).description
    assert long == "狐が眠る。" * 6
    sentence = f"A fox sleeps in {'very ' * 90}deep snow."
    assert made(description=f"{sentence} " * 5).description == " ".join([sentence] * 3)


def test_json_in_a_field_is_unpacked():
    texts = made(title=json.dumps({"title": TITLE}), description=json.dumps([DESCRIPTION]))
    assert (texts.title, texts.description) == (TITLE, DESCRIPTION)


@pytest.mark.parametrize("field", ["title", "description", "alt_text", "tags"])
@pytest.mark.parametrize("refusal", ["I'm sorry, but I can't help with that request today."])
def test_a_refusal_in_any_field_is_never_a_page(field, refusal):
    with pytest.raises(TooPoor, match="refused"):
        made(**{field: [refusal] if field == "tags" else refusal})


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "A still life of a ceramic bowl with a spoon, three lemons and a blue cloth",
            "A still life of a ceramic bowl with a spoon",
        ),
        (
            "A still life of a ceramic bowl holding three lemons and a blue linen cloth",
            "A still life of a ceramic bowl holding three lemons",
        ),
        (
            "A wide view of an old wooden table with a bowl of ripe yellow lemons",
            "A wide view of an old wooden table with a bowl",
        ),
        (
            "A fox in the old library of an abandoned school at the end of time",
            "A fox in the old library of an abandoned school at the end",
        ),
        (
            "Portrait of Mr. Fox sitting in his armchair by the open fire with tea",
            "Portrait of Mr. Fox sitting in his armchair by the open fire",
        ),
        (
            "A lighthouse in a storm (waves, foam and spray over the rocks of the bay) at night",
            "A lighthouse in a storm",
        ),
        (
            "Stillleben mit einer Schale aus Keramik und drei Zitronen und einem Tuch",
            "Stillleben mit einer Schale aus Keramik und drei Zitronen",
        ),
        (
            "深い雪の中で眠る赤い狐、柔らかな朝の光、" + "写実的な冬の森の静けさ" * 5,
            "深い雪の中で眠る赤い狐、柔らかな朝の光",
        ),
        ("x" * 80, "x" * 60),
    ],
)
def test_a_long_title_ends_where_a_clause_or_phrase_does(text, title):
    assert cleaning.title_within(text) == title


MARKUP = re.compile(r"</?[a-z!][^<>]*>|\*\*|&(?:amp|lt|gt|quot|nbsp);", re.IGNORECASE)
MARKS = ["<b>", "</b>", "**", "```\n", "# ", "- ", "](", "&amp;", "&lt;", "&gt;", "&amp;lt;"]
PIECES = st.sampled_from([*"*_`[()<>\"'b「」。狐\n", *MARKS, "fox ", "snow. ", "Title: "])


@example("「\n*")
@example('<"A>')  # what goes uncovers more
@example('*"*')
@example('&"lt;b&gt;')
@example('<「">A>「">')
@example(f"<(A>{'fox ' * 60}")
@example('<"' * 30 + "A>" * 30)
@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))
def test_whatever_is_written_no_markup_is_left(text):
    try:
        texts = made(f"Red Fox in Deep Snow {text}", f"{DESCRIPTION} {text}", ["fox", text], text)
    except TooPoor:
        return
    for line in (texts.title, texts.description, texts.alt_text, *texts.tags):
        assert not MARKUP.search(line)
        assert line == " ".join(line.split()) != ""
    assert cleaning.least_title(texts.title) <= len(texts.title) <= cleaning.TITLE_LIMIT
    assert len(texts.alt_text) <= cleaning.ALT_LIMIT
    assert not any(set(tag) & set(',;|{}[]<>"*`') for tag in texts.tags)


@pytest.mark.parametrize(
    "part",
    [*"*_`[<&\"'“(。,| ", "[a](", "&amp;", "# \n", "- ", "a. ", "Title: ", "and ", "fox, ", "1. "],
)
def test_nasty_answers_take_no_long_time(part):
    text = part * (100_000 // len(part))
    begun = time.process_time()
    with contextlib.suppress(TooPoor):
        made(text, text, [text], text)
    assert time.process_time() - begun < 2
