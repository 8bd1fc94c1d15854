from __future__ import annotations

import pytest
from openai.types import ModerationCreateResponse

from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.writing import moderation as nsfw_moderation
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.services.writing.moderation import THRESHOLDS, Verdict
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.openai_text import moderation
from bulk_admin.testing.pictures import make_picture

MODEL = "omni-moderation-latest"


@pytest.fixture
def server():
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def access(server):
    return OpenAIAccess("sk-test", server.base_url, timeout=5, private_network=True)


def check(access, prompt="a red fox", picture=None) -> Verdict:
    return nsfw_moderation.check(access, MODEL, prompt, picture or make_picture(), "image/png")


def judged(**scores: float) -> Verdict:
    """The verdict on an answer with these scores; all else is low."""
    body = moderation({"model": MODEL, "input": ""})
    body["results"][0]["category_scores"] |= {
        name.replace("_", "/"): score for name, score in scores.items()
    }
    return nsfw_moderation._judge(ModerationCreateResponse.construct(**body))


def test_prompt_and_picture_go_in_one_call(server, access):
    verdict = check(access)
    [request] = server.requests
    text, picture = request.json["input"]
    assert (request.path, request.json["model"]) == ("/v1/moderations", MODEL)
    assert text == {"type": "text", "text": "a red fox"}
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert (verdict.status, verdict.categories, verdict.model) == ("passed", [], MODEL)
    assert verdict.scores.keys() == THRESHOLDS.keys()


def test_an_empty_prompt_sends_the_picture_alone(server, access):
    assert check(access, "  \n").status == "passed"
    assert [part["type"] for part in server.requests[0].json["input"]] == ["image_url"]


def test_a_score_over_its_threshold_flags(access):
    verdict = check(access, "a battle [flagged]")
    assert (verdict.status, verdict.categories, verdict.scores["violence"]) == (
        "flagged",
        ["violence"],
        0.91,
    )


@pytest.mark.parametrize("category", sorted(THRESHOLDS))
def test_each_category_has_its_own_threshold(category):
    at, below = THRESHOLDS[category], THRESHOLDS[category] - 0.01
    assert judged(**{category: at}).categories == [category]
    assert judged(**{category: below}).status == "passed"


def test_where_children_are_concerned_the_provider_is_believed():
    body = moderation({"model": MODEL, "input": ""})
    body["results"][0]["categories"]["sexual/minors"] = True
    assert nsfw_moderation._judge(ModerationCreateResponse.construct(**body)).categories == [
        "sexual/minors"
    ]


@pytest.mark.parametrize("status", ["passed", "flagged", "skipped", "not_checked"])
def test_a_verdict_comes_back_as_it_was_saved(status):
    verdict = Verdict(status, ["violence"], {"violence": 0.9}, MODEL)
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_nothing_saved_is_not_checked():
    assert Verdict.from_json({}) == Verdict.not_checked()
    assert Verdict.skipped().status == "skipped"


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("rate_limit", "rate_limited", True),
        ("overloaded", "overloaded", True),
        ("server_error", "unknown", True),
        ("reset", "unknown", True),
        ("cut", "unknown", True),
        ("broken_json", "bad_moderation", True),
        ("page_instead", "bad_moderation", True),
        ("bad_key", "bad_key", False),
        ("insufficient_quota", "no_credit", False),
        ("bad_parameter", "rejected", False),
    ],
)
def test_a_failed_check_is_an_error_and_never_a_verdict(server, access, fault, code, retryable):
    server.moderation_plan.next(fault)
    with pytest.raises(ServiceError) as caught:
        check(access)
    assert (caught.value.code, caught.value.retryable) == (code, retryable)
    assert len(server.requests) == 1, "the package must not retry by itself"


@pytest.mark.parametrize(
    "results",
    [
        [],
        None,
        [{}],
        [{"category_scores": {}, "categories": {}}],
        [{"category_scores": None, "categories": None}],
    ],
)
def test_an_answer_without_scores_is_no_verdict(results):
    with pytest.raises(ServiceError, match="no verdict"):
        nsfw_moderation._judge(
            ModerationCreateResponse.construct(id="m", model=MODEL, results=results)
        )


def test_a_picture_that_cannot_be_read_is_not_sent(server, access):
    with pytest.raises(Unreadable):
        check(access, picture=b"nothing")
    assert server.requests == []
