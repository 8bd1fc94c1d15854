from __future__ import annotations

import pytest

from bulk_admin.services.image_providers import Credentials
from bulk_admin.services.image_providers.errors import (
    BadKey,
    BadRequest,
    ModelRetired,
    NoCredit,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    RateLimited,
)
from bulk_admin.services.image_providers.replicate import aspect_ratio
from bulk_admin.testing import pictures
from bulk_admin.testing.loopback.replicate_server import CREATE_FAULTS, RUNS, ReplicateServer

from .contract import KEY, Expected, HttpContract

COVERED_ELSEWHERE = {"hang", "never", "inline"}


class TestReplicate(HttpContract):
    provider = "replicate"
    options = {"model": "black-forest-labs/flux-schnell"}
    quality = ""
    unsupported = [
        {"model": "no-slash"},
        {"model": ""},
        {"quality": "high"},
        {"n": 2},
        {"background": "transparent"},
    ]
    limits = [({}, 600)]
    expected = [
        Expected("[fault:bad_token]", BadKey, says="[key]"),
        Expected("[fault:no_credit]", NoCredit),
        Expected("[fault:no_model]", ModelRetired),
        Expected("[fault:bad_input]", BadRequest, says="aspect_ratio"),
        Expected("[fault:bad_prompt]", PromptRejected, says="too long"),
        Expected("[fault:throttled]", RateLimited, retryable=True, retry_after=30),
        Expected("[fault:overloaded]", Overloaded, retryable=True),
        Expected("[fault:server_error]", OutcomeUnknown, "unknown"),
        Expected("[fault:reset]", OutcomeUnknown, "unknown"),
        Expected("[fault:broken_json]", OutcomeUnknown, "unknown"),
        Expected("[fault:no_id]", OutcomeUnknown, "unknown"),
        Expected("[run:nsfw]", PromptBlocked, "unknown", says="NSFW"),
        Expected("[run:sensitive]", PromptBlocked),
        Expected("[run:failed]", PromptRejected, "unknown", says="out of memory"),
        Expected("[run:canceled]", PromptRejected, "unknown"),
        Expected("[run:aborted]", Overloaded, retryable=True),
        Expected("[run:no_output]", OutcomeUnknown, "unknown"),
        Expected("[run:elsewhere]", OutcomeUnknown, "unknown"),
        Expected("[run:gone]", OutcomeUnknown, "unknown"),
        Expected("[run:redirected]", OutcomeUnknown, "unknown"),
        Expected("[run:huge]", OutcomeUnknown, "unknown", says="40 MB"),
    ]

    @pytest.fixture
    def server(self):
        with ReplicateServer() as server:
            yield server

    def credentials(self, server, **more):
        return Credentials(
            **{
                "api_key": KEY,
                "base_url": server.base_url,
                "options": {"poll_seconds": 0.005},
                **more,
            }
        )

    def paid_requests(self, server):
        return len(server.till.calls())

    def test_the_cases_cover_every_fault_that_the_server_knows(self):
        known = {case.prompt.partition(":")[2].removesuffix("]") for case in self.expected}
        assert known | COVERED_ELSEWHERE == CREATE_FAULTS.keys() | RUNS.keys()

    def test_a_run_is_asked_for_by_its_aspect_ratio(self, server):
        self.ask(self.make(server), "A fox", size="1536x1024", output_format="jpeg", seed=0)
        assert server.requests[0].path == "/v1/models/black-forest-labs/flux-schnell/predictions"
        assert server.requests[0].json == {
            "input": {"prompt": "A fox", "aspect_ratio": "3:2", "seed": 0, "output_format": "jpg"}
        }

    def test_a_pinned_version_and_fixed_inputs_are_sent(self, server):
        options = {"size_mode": "width_height", "input": {"go_fast": True}, "poll_seconds": 0.005}
        self.ask(self.make(server, options=options), "A fox", model="owner/name:abc123")
        assert server.requests[0].path == "/v1/predictions"
        assert server.requests[0].json == {
            "version": "abc123",
            "input": {"prompt": "A fox", "width": 1024, "height": 1024, "go_fast": True},
        }

    def test_the_remote_id_is_told_before_the_run_has_ended(self, server):
        told = []
        results = self.ask(
            self.make(server),
            on_remote_id=lambda remote_id: told.append((remote_id, len(server.requests))),
        )
        assert told == [(results[0].request_id, 1)]
        assert results[0].content == pictures.picture("64x64", "png", f"{told[0][0]}.png")

    def test_a_run_that_outlasts_its_deadline_is_collected_later_without_buying(self, server):
        server.polls = 10_000
        told = []
        with pytest.raises(OutcomeUnknown, match="collected"):
            self.ask(self.make(server), timeout=0.5, on_remote_id=told.append)
        server.polls = 1
        assert self.make(server).resume(told[0])[0].content
        assert self.paid_requests(server) == 1

    def test_a_run_that_never_ends_is_unknown(self, server):
        with pytest.raises(OutcomeUnknown):
            self.ask(self.make(server), "[run:never]", timeout=0.5)

    def test_a_run_that_the_provider_forgot_is_unknown(self, server):
        with pytest.raises(OutcomeUnknown, match="HTTP 404"):
            self.make(server).resume("gone-for-ever")

    def test_hiccups_while_polling_are_waited_out(self, server):
        server.hiccups = 3
        assert self.ask(self.make(server))

    def test_a_picture_inside_the_answer_is_read(self, server):
        assert self.ask(self.make(server), "[run:inline]")[0].content == b"inline"

    def test_the_key_is_not_sent_along_with_downloads(self, server):
        self.ask(self.make(server))
        assert server.requests[-1].path.startswith("/files/")
        assert "authorization" not in server.requests[-1].headers

    def test_checks_tell_token_and_model_apart(self, server):
        assert self.make(server, api_key="bad-token").check().code == "bad_key"
        assert self.make(server).check("owner/retired").code == "model_retired"
        assert self.make(server).check("owner/there").code == ""
        assert self.make(server).check("nonsense").code == "bad_request"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((1024, 1024), "1:1"),
        ((1536, 1024), "3:2"),
        ((1024, 1536), "2:3"),
        ((1536, 864), "16:9"),
        ((1920, 1088), "16:9"),
        ((2400, 1000), "21:9"),
        ((3000, 1000), "21:9"),
    ],
)
def test_the_nearest_aspect_ratio_is_chosen(size, ratio):
    assert aspect_ratio(*size) == ratio
