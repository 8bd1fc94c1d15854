from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.writing import content as ai_content
from bulk_admin.services.writing.content import Content, Written
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.testing.corpus import CORPUS
from bulk_admin.testing.factories import make_content
from bulk_admin.testing.loopback.faults import Fault
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.openai_text import message
from bulk_admin.testing.pictures import make_picture

MODEL = "gpt-6-luna"
GOOD = {
    "title": "Red Fox Curled Asleep in Deep Winter Snow",
    "description": "A red fox sleeps in snow. Soft light falls on its fur.",
    "tags": ["fox", "snow"],
    "alt_text": "A red fox asleep in deep snow.",
}


@pytest.fixture
def server():
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def access(server):
    return OpenAIAccess("sk-test", server.base_url, timeout=5, private_network=True)


def write(access, prompt="a red fox in deep snow", style_note="", picture=None) -> Written:
    return ai_content.write(
        access, MODEL, prompt, picture or make_picture(), style_note, client_request_id="call-1"
    )


def answers(server, name="answer", written="{}", **changes) -> None:
    """The server's next text is this one, in JSON that stands where ``written`` has its braces."""
    text = written.replace("{}", json.dumps({**GOOD, **changes}))

    def spoil(good):
        return {
            **good,
            "output": [message({"type": "output_text", "text": text, "annotations": []})],
        }

    server.text_plan.table = {**server.text_plan.table, name: Fault(name, billed=True, spoil=spoil)}
    server.text_plan.next(name)


def refused(access, **options) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        write(access, **options)
    return caught.value


def test_a_text_is_written_from_prompt_and_picture(server, access):
    written = write(access)
    content = written.content
    assert content.source == "ai"
    assert 20 <= len(content.title) <= 60
    assert content.tags == ["red", "fox", "deep", "snow"]
    assert len(content.alt_text) <= 125
    entry = server.till.entries[-1]
    assert written.usage == {
        "text_input": entry.usage["input_tokens"],
        "text_output": entry.usage["output_tokens"],
    }
    assert written.request_id.startswith("req_")


def test_the_request_is_small_not_kept_and_carries_our_id(server, access):
    write(access, style_note="Use British spelling.")
    [request] = server.requests
    body = request.json
    assert request.headers["x-client-request-id"] == "call-1"
    assert (body["model"], body["store"], body["reasoning"], body["max_output_tokens"]) == (
        MODEL,
        False,
        {"effort": "none"},
        ai_content.MAX_OUTPUT_TOKENS,
    )
    text, picture = body["input"][0]["content"]
    assert text["text"].endswith("a red fox in deep snow")
    assert picture["detail"] == "low"
    assert picture["image_url"].startswith("data:image/jpeg;base64,")
    assert body["instructions"].endswith("Use British spelling.")
    assert body["text"]["format"]["strict"] is True


def test_nobody_is_asked_to_guess_a_persons_ethnicity(server, access):
    write(access, "a portrait of a woman")
    instructions = server.requests[0].json["instructions"]
    assert instructions.count("ethnicity") == 1
    assert "Never state or guess ethnicity" in instructions


@pytest.mark.parametrize(
    "written",
    ["```json\n{}\n```", "Here you are:\n{}", "{}\nEnjoy!", "[{}]", "{}{}", "{}\x00\ud83e"],
    ids=ascii,
)
def test_what_stands_around_the_json_costs_no_second_call(server, access, written):
    answers(server, written=written)
    assert write(access).content.title == GOOD["title"]


def test_parts_in_lists_and_objects_are_read(server, access):
    sentences = ["A red fox sleeps in snow.", "Soft light falls on its fur."]
    answers(server, tags=[{"name": "fox"}, {"name": "snow"}], description=sentences, alt_text=None)
    content = write(access).content
    assert content.tags == ["fox", "snow"]
    assert (content.description, content.alt_text) == (" ".join(sentences), content.title)


def test_prose_that_declines_is_a_refusal(server, access):
    answers(server, written="I'm sorry, but I can't help with that.")
    assert "refused" in str(refused(access))


def test_what_is_too_long_is_cut_and_what_is_twice_is_once(server, access):
    answers(
        server,
        title=(
            '"A Wonderful Red Fox That Is Curled Up and Asleep in the Deepest Winter Snow of the'
            ' Year"'
        ),
        description=" ".join(f"Sentence number {n} is here." for n in range(9)),
        tags=["Red Fox", "red-fox", "#Snow", "", *(f"tag {n}" for n in range(20))],
        alt_text="A red fox " * 30,
    )
    content = write(access).content
    assert content.title == "A Wonderful Red Fox That Is Curled Up and Asleep"
    assert content.description.endswith("Sentence number 5 is here.")
    assert content.tags == ["red-fox", "snow", *(f"tag-{n}" for n in range(8))]
    assert len(content.alt_text) <= 125
    assert content.alt_text.endswith(("A", "red", "fox"))


def test_a_missing_alt_text_is_the_title(server, access):
    answers(server, alt_text=" \n")
    assert write(access).content.alt_text == GOOD["title"]


def test_control_characters_in_an_answer_are_not_kept(server, access):
    answers(server, title="Red Fox\x00 Curled Asleep\n in Deep Winter Snow", tags=["fo\x00x"])
    content = write(access).content
    assert content.title == "Red Fox Curled Asleep in Deep Winter Snow"
    assert content.tags == ["fo-x"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "Red fox"}, "title"),
        ({"title": ""}, "title"),
        ({"description": "Only one sentence."}, "description"),
        ({"description": ""}, "description"),
        ({"tags": []}, "tags"),
        ({"tags": ["", "#", "<b>"]}, "tags"),
    ],
)
def test_a_poor_answer_is_paid_for_and_never_a_page(server, access, changes, reason):
    answers(server, **changes)
    error = refused(access)
    assert reason in str(error)
    assert (error.code, error.retryable, error.billed) == ("bad_content", True, "yes")
    assert error.usage.keys() == {"text_input", "text_output"}


@pytest.mark.parametrize("fault", ["refusal", "incomplete"])
def test_a_refused_or_truncated_answer_is_booked_at_its_usage(server, access, fault):
    server.text_plan.next(fault)
    error = refused(access)
    usage = server.till.entries[-1].usage
    assert (error.code, error.retryable, error.billed) == ("bad_content", True, "yes")
    assert error.usage == {
        "text_input": usage["input_tokens"],
        "text_output": usage["output_tokens"],
    }
    assert error.request_id.startswith("req_")


def test_an_answer_that_was_cut_after_its_last_bracket_is_truncated_all_the_same(server, access):
    whole = Fault(
        "whole",
        billed=True,
        spoil=lambda good: {
            **good,
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
        },
    )
    server.text_plan.table = {"whole": whole}
    server.text_plan.next("whole")
    assert refused(access).code == "bad_content"


def test_a_truncated_answer_without_usage_may_have_been_billed(server, access):
    def spoil(good):
        cut = message({"type": "output_text", "text": '{"title": "Red', "annotations": []})
        return {
            name: value
            for name, value in {**good, "status": "incomplete", "output": [cut]}.items()
            if name != "usage"
        }

    server.text_plan.table = {"no_usage": Fault("no_usage", billed=True, spoil=spoil)}
    server.text_plan.next("no_usage")
    error = refused(access)
    assert (error.code, error.billed, error.usage) == ("bad_content", "unknown", {})


@pytest.mark.parametrize(
    ("fault", "code", "billed"),
    [
        ("broken_json", "bad_content", "unknown"),
        ("page_instead", "bad_content", "unknown"),
        ("cut", "unknown", "unknown"),
        ("reset_after_billing", "unknown", "unknown"),
        ("server_error_billed", "unknown", "unknown"),
        ("overloaded", "overloaded", "no"),
        ("rate_limit", "rate_limited", "no"),
        ("insufficient_quota", "no_credit", "no"),
        ("billing_hard_limit", "no_credit", "no"),
        ("not_verified", "not_verified", "no"),
        ("model_not_found", "model_retired", "no"),
        ("moderation_input", "blocked", "no"),
        ("moderation_output", "blocked", "unknown"),
        ("user_error", "rejected", "no"),
        ("bad_key", "bad_key", "no"),
        ("bad_parameter", "rejected", "no"),
    ],
)
def test_what_went_wrong_says_whether_it_may_have_been_billed(server, access, fault, code, billed):
    server.text_plan.next(fault)
    error = refused(access)
    assert (error.code, error.billed) == (code, billed)
    assert len(server.requests) == 1, "the package must not retry by itself"
    assert "sk-test" not in str(error)


def test_nothing_is_sent_with_a_picture_that_cannot_be_read(server, access):
    with pytest.raises(Unreadable):
        write(access, picture=b"nothing")
    assert server.requests == []


@pytest.mark.parametrize(
    "prompt",
    ["a fox", "狐" * 3_000, "🦊" * 40_000, "é" * 40_000, ""],
    ids=["short", "wide", "widest", "long", "empty"],
)
@pytest.mark.parametrize("style_note", ["", "Be brief. " * 50], ids=["plain", "with a note"])
def test_the_token_ceiling_counts_every_byte_that_is_sent(server, access, prompt, style_note):
    answers(server)
    write(access, prompt, style_note)
    body = server.requests[0].json
    [text] = [part["text"] for part in body["input"][0]["content"] if part["type"] == "input_text"]
    sent = len(body["instructions"].encode()) + len(text.encode()) + len(json.dumps(body["text"]))
    tokens_in, tokens_out = ai_content.token_ceiling(prompt, style_note)
    assert tokens_in >= sent + 1_229
    assert tokens_out == body["max_output_tokens"]


def is_long_enough(title: str) -> bool:
    """Twenty characters; five where most letters are Chinese, Japanese or Korean, twelve in Thai
    and its kin.
    """
    letters = [char for char in title if char.isalpha()]
    dense = sum(unicodedata.east_asian_width(char) in ("W", "F") for char in letters)
    kin = ("THAI", "LAO", "KHMER", "MYANMAR")
    unspaced = sum(unicodedata.name(char, "-").split()[0] in kin for char in letters)
    least = 5 if 2 * dense > len(letters) else 12 if 2 * unspaced > len(letters) else 20
    return least <= len(title) <= 60


def is_valid(content: Content) -> bool:
    texts = [content.title, content.description, content.alt_text, *content.tags]
    is_clean = not any(
        unicodedata.category(char) in ("Cc", "Cs") for text in texts for char in text
    )
    fits = (
        is_long_enough(content.title)
        and 0 < len(content.alt_text) <= 125
        and len(content.description) <= 1500
    )
    has_tags = (
        1 <= len(content.tags) <= 10
        and len(set(content.tags)) == len(content.tags)
        and all(0 < len(tag) <= 50 for tag in content.tags)
    )
    has_no_syntax = not any(
        mark in text for mark in "{}|[]" for text in (content.title, *content.tags)
    )
    ends_well = not content.title.endswith((".", ",", ":", ";", "-", " "))
    return (
        is_clean
        and fits
        and has_tags
        and has_no_syntax
        and ends_well
        and content.source == "rule"
        and bool(content.alt_text.strip())
    )


@pytest.mark.parametrize("prompt", CORPUS, ids=lambda prompt: ascii(prompt[:20]))
def test_a_rule_makes_a_text_of_any_prompt(prompt):
    content = Content.from_prompt(prompt)
    assert is_valid(content), content
    assert Content.from_json(json.loads(json.dumps(content.to_json()))) == content


SYNTAX = st.sampled_from(
    [
        *"{}[]()|:<>_\\,.;-",
        "red",
        "fox ",
        "{red|green}",
        "(fox:1.2)",
        "<lora:x:1>",
        " --ar 3:2",
        "::2",
        "狐",
    ]
)


@given(st.one_of(st.text(), st.lists(SYNTAX, max_size=30).map("".join)))
def test_a_rule_makes_a_text_of_any_text(prompt):
    assert is_valid(Content.from_prompt(prompt))


def test_a_rule_takes_title_and_tags_from_the_prompts_words():
    content = Content.from_prompt(
        "a red fox (curled asleep), in the deep winter snow, soft morning light, 8k, highly"
        " detailed"
    )
    assert content.title == "A red fox (curled asleep), in the deep winter snow"
    assert content.tags == [
        "red",
        "fox",
        "curled",
        "asleep",
        "deep",
        "winter",
        "snow",
        "soft",
        "morning",
        "light",
    ]
    assert content.description.startswith(
        "A picture made from this prompt: a red fox (curled asleep), in the deep winter snow"
    )
    assert "highly detailed. Copy the prompt" in content.description


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a red fox in the deep winter snow --ar 3:2 --v 7", "A red fox in the deep winter snow"),
        ("a red fox in the deep snow —ar 3:2 —style raw", "A red fox in the deep snow"),
        ("a red fox in the deep snow,--no people, cars --tile", "A red fox in the deep snow"),
        ("a (red:1.3) fox in [deep:0.8] ((winter)) snow", "A red fox in deep winter snow"),
        ("a ((red fox:1.2)) in {{deep winter}} snow", "A red fox in deep winter snow"),
        ("a red fox in the snow <lora:film_grain:0.8>", "A red fox in the snow"),
        ("a {red|green} fox in the deep winter snow", "A red fox in the deep winter snow"),
        ("a {name} of a red fox in {deep_winter} snow", "A name of a red fox in deep winter snow"),
        ("a __colour__ fox in the deep winter snow", "A colour fox in the deep winter snow"),
        ("a red fox::2 in the deep winter snow::-0.5", "A red fox, in the deep winter snow"),
        (
            "a fox in the snow and the trees [day:night:0.5]",
            "A fox in the snow and the trees night",
        ),
        ("/imagine prompt: a red fox in the deep snow", "A red fox in the deep snow"),
        ("Prompt: **a red fox** in the &quot;deep&quot; snow", 'A red fox in the "deep" snow'),
        ("a red fox in the snow\nNegative prompt: blurry\nSteps: 20", "A red fox in the snow"),
        ("A cup of coffee.", "A cup of coffee: picture and prompt"),
        ("A cup of coffee?!", "A cup of coffee: picture and prompt"),
        ("still life with three lemons and a", "Still life with three lemons"),
        ("a red fox cub asleep in a dark den", "A red fox cub asleep in a dark den"),
        ("a poster of the big red letter A", "A poster of the big red letter A"),
        ("雪の中の赤い狐。", "雪の中の赤い狐"),
        ("I'm a fox who can't sleep at night", "I'm a fox who can't sleep at night"),
        (
            "still life on a kitchen table with a jug, two pears, three lemons and a knife",
            "Still life on a kitchen table with a jug, two pears",
        ),
    ],
)
def test_a_rule_takes_a_title_from_what_the_prompt_says(prompt, title):
    assert Content.from_prompt(prompt).title == title


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("{red|green} fox", ["red", "fox"]),
        ("red|green fox", ["red", "green", "fox"]),
        ("(fox:1.2), <lora:film:0.8> snow --ar 3:2 --style raw", ["fox", "snow"]),
        ('fox/owl, "snow" (night); coffee.:', ["fox", "owl", "snow", "night", "coffee"]),
        ("雪の狐、冬の森", ["雪の狐", "冬の森"]),
        ("the fox's state-of-the-art den", ["fox's", "state-of-the-art", "den"]),
        ("ein Fuchs und eine Eule mit dem Mond", ["fuchs", "eule", "mond"]),
        ("-- 3:2 1.5", ["picture"]),
    ],
)
def test_a_rule_takes_only_words_for_tags(prompt, tags):
    assert Content.from_prompt(prompt).tags == tags


@pytest.mark.parametrize(
    "part", [*"({[<|:-_*`,", "--no ", "(a:", "{a|", "[a:b:", "((", "a ", "::1"]
)
def test_a_nasty_prompt_takes_no_long_time(part):
    begun = time.process_time()
    Content.from_prompt(part * (40_000 // len(part)))
    assert time.process_time() - begun < 1


def test_tags_that_are_no_list_are_split(server, access):
    answers(server, tags="fox, snow; night")
    assert write(access).content.tags == ["fox", "snow", "night"]


@pytest.mark.parametrize("field", ["title", "description", "alt_text"])
@pytest.mark.parametrize(
    "words", ["I’m sorry, but I can’t help with that.", "申し訳ありませんが、お手伝いできません。"]
)
def test_a_refusal_in_a_valid_answer_is_paid_for_and_never_a_page(server, access, field, words):
    answers(server, **{field: words})
    error = refused(access)
    assert "refused" in str(error)
    assert (error.code, error.retryable, error.billed) == ("bad_content", True, "yes")


def test_an_answer_in_japanese_makes_a_page(server, access):
    answers(
        server,
        title="雪の中で眠る赤い狐",
        description="赤い狐が雪の中で眠っている。柔らかな光が差す。",
        tags=["狐", "雪"],
        alt_text="雪の中の狐",
    )
    content = write(access).content
    assert (content.title, content.tags) == ("雪の中で眠る赤い狐", ["狐", "雪"])
    assert content.description == "赤い狐が雪の中で眠っている。柔らかな光が差す。"


def test_a_content_comes_back_as_it_was_saved():
    content = make_content()
    assert Content.from_json(content.to_json()) == content
