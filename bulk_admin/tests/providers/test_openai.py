from __future__ import annotations

import datetime as dt

import pytest

from bulk_admin.services.image_providers import Credentials
from bulk_admin.services.image_providers.errors import BadKey
from bulk_admin.services.image_providers.openai.protocol import read_usage
from bulk_admin.testing.loopback.faults import FAULTS
from bulk_admin.testing.loopback.openai_server import MODELS, OpenAIServer

from .contract import KEY, HttpContract
from .openai_cases import ERROR_TABLE, PAID_FOR_AND_KEPT, SLOW


class TestOpenAI(HttpContract):
    provider = "openai"
    expected = ERROR_TABLE
    unsupported = [
        {"model": ""},
        {"quality": ""},
        {"quality": "auto"},
        {"output_format": "gif"},
        {"seed": 7},
        {"output_format": "jpeg", "background": "transparent"},
    ]
    limits = [
        ({"tier": tier}, limit) for tier, limit in {1: 5, 2: 20, 3: 50, 4: 150, 5: 250}.items()
    ]

    @pytest.fixture
    def server(self):
        with OpenAIServer() as server:
            yield server

    def credentials(self, server, **more):
        return Credentials(
            **{"api_key": KEY, "base_url": server.base_url, "private_network": True, **more}
        )

    def paid_requests(self, server):
        return len(server.till.calls())

    def test_the_cases_cover_every_fault_that_the_server_knows(self):
        known = {case.prompt.removeprefix("[fault:").removesuffix("]") for case in self.expected}
        assert known | set(PAID_FOR_AND_KEPT) | SLOW == set(FAULTS)

    def test_the_body_holds_what_was_asked_for_and_nothing_else(self, server):
        self.ask(
            self.make(server),
            "A fox",
            size="1536x864",
            quality="medium",
            output_format="webp",
            background="opaque",
            client_request_id="call-7",
        )
        request = server.requests[-1]
        assert request.json == {
            "model": "gpt-image-2.5-flare",
            "prompt": "A fox",
            "n": 1,
            "size": "1536x864",
            "quality": "medium",
            "output_format": "webp",
            "background": "opaque",
        }
        assert request.headers["x-client-request-id"] == "call-7"
        assert request.headers["authorization"] == f"Bearer {KEY}"

    def test_what_is_not_given_is_not_sent(self, server):
        self.ask(self.make(server), "A fox", output_format="", background="", client_request_id="")
        assert set(server.requests[-1].json) == {"model", "prompt", "n", "size", "quality"}
        assert "x-client-request-id" not in server.requests[-1].headers

    def test_organisation_and_project_of_the_environment_stay_out_of_it(self, server, monkeypatch):
        monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody-else")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-somebody-else")
        self.ask(self.make(server))
        assert not {"openai-organization", "openai-project"} & server.requests[-1].headers.keys()

    def test_usage_size_and_the_request_id_come_back(self, server):
        result = self.ask(self.make(server), "Twelve letter", quality="medium", size="1536x1024")[0]
        assert result.usage == {
            "text_input": 9,
            "image_input": 0,
            "image_output": 343,
            "text_output": 0,
        }
        assert (result.size, result.quality, result.http_status) == ("1536x1024", "medium", 200)
        assert result.request_id.startswith("req_")

    def test_several_pictures_of_one_call_carry_its_usage_once(self, server):
        results = self.ask(self.make(server), n=3)
        assert len({result.content for result in results}) == 3
        assert [bool(result.usage) for result in results] == [True, False, False]

    @pytest.mark.parametrize("fault", PAID_FOR_AND_KEPT)
    def test_odd_pictures_are_paid_for_and_handed_on(self, server, fault):
        result = self.ask(self.make(server), f"[fault:{fault}]")[0]
        assert result.content
        assert bool(result.usage) is (fault != "no_usage")
        assert len(server.till.billed()) == 1

    def test_base64_that_does_not_decode_is_kept_as_it_came(self, server):
        content = self.ask(self.make(server), "[fault:truncated_base64]")[0].content
        assert content.startswith(b"iVBORw0KGgo")

    def test_an_answer_that_drips_ends_near_the_deadline(self, server):
        server.plan.next("drip")
        began = dt.datetime.now(dt.UTC)
        with pytest.raises(Exception, match="within 0"):
            self.ask(self.make(server), timeout=0.3)
        assert (dt.datetime.now(dt.UTC) - began).total_seconds() < server.hang_seconds / 2

    def test_a_usage_is_kept_when_the_answer_holds_no_picture(self, server):
        server.plan.next("empty_data")
        with pytest.raises(Exception, match="no picture") as caught:
            self.ask(self.make(server))
        assert caught.value.usage["image_output"] == 196

    def test_the_real_pace_is_said_in_words_and_understood(self, server):
        server.window.limit = 1
        provider = self.make(server)
        self.ask(provider)
        with pytest.raises(Exception, match="images per min") as caught:
            self.ask(provider)
        assert 50 < caught.value.retry_after <= 60

    def test_checks_tell_key_access_and_shutdown_apart(self, server):
        provider = self.make(server)
        assert "no proof" in provider.check().message
        assert provider.check("gpt-image-2").code == ""
        assert "2026-10-23" in provider.check("gpt-image-1").message
        assert provider.check("gpt-image-1").code == "model_retired"
        assert provider.check("gpt-image-9").code == "model_retired"
        assert self.make(server, api_key="sk-typed–dash").check().code == BadKey.code
        server.__exit__(None, None, None)
        assert self.make(server).check().code == "not_sent"

    def test_models_are_listed_with_their_last_day(self, server):
        days = {row.name: row.shutdown_date for row in self.make(server).list_models()}
        assert days.keys() >= MODELS.keys()
        assert days["gpt-image-1-mini"] == "2026-12-01"
        assert days["gpt-image-2"] == ""


@pytest.mark.parametrize(
    ("given", "usage"),
    [
        (None, {}),
        ({}, {}),
        ({"output_tokens": "many"}, {}),
        (
            {"input_tokens": 20, "output_tokens": 196},
            {"text_input": 20, "image_input": 0, "image_output": 196, "text_output": 0},
        ),
        (
            {
                "input_tokens": 1044,
                "input_tokens_details": {"text_tokens": 20, "image_tokens": 1024},
                "output_tokens": 200,
                "output_tokens_details": {"image_tokens": 196, "text_tokens": 4},
            },
            {"text_input": 20, "image_input": 1024, "image_output": 196, "text_output": 4},
        ),
    ],
)
def test_usage_is_read_with_or_without_its_details(given, usage):
    assert read_usage(given) == usage
