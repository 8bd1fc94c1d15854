from __future__ import annotations

import pytest

from bulk_admin.services.image_providers import Credentials, ImageOptions, NotYet, Submitted
from bulk_admin.services.image_providers.errors import (
    BadAddress,
    BadKey,
    BadRequest,
    ModelRetired,
    NoCredit,
    NotDownloaded,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    RateLimited,
)
from bulk_admin.services.image_providers.replicate import RUN_SECONDS, aspect_ratio
from bulk_admin.testing import pictures
from bulk_admin.testing.loopback.replicate_server import CREATE_FAULTS, RUNS, ReplicateServer

from .contract import KEY, Expected, HttpContract

COVERED_ELSEWHERE = {"hang", "never", "inline", "named"}


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
        Expected("[fault:firewall]", PromptRejected, says="Attention Required! | Cloudflare"),
        Expected("[fault:policy]", PromptBlocked, "unknown", says="content policy"),
        Expected("[fault:too_large]", PromptRejected, says="413"),
        Expected("[fault:no_such_page]", BadAddress, says="404 Not Found"),
        Expected("[fault:no_such_route]", BadAddress, says="Not Found"),
        Expected("[fault:moved]", BadAddress, says="redirect"),
        Expected("[fault:method]", BadAddress, says="405"),
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
        Expected("[run:elsewhere]", NotDownloaded, "unknown"),
        Expected("[run:gone]", OutcomeUnknown, "unknown"),
        Expected("[run:redirected]", NotDownloaded, "unknown"),
        Expected("[run:huge]", NotDownloaded, "unknown", says="40 MB"),
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
                "private_network": True,
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

    def submit(self, provider, prompt="A heron over still water"):
        return provider.submit(
            prompt, "1024x1024", self.quality, options=ImageOptions(**self.options)
        )

    def test_a_run_is_submitted_in_one_request_and_collected_by_its_id(self, server):
        provider = self.make(server)
        submitted = self.submit(provider)
        assert len(server.requests) == 1
        assert submitted.hold_for == RUN_SECONDS
        assert isinstance(provider.collect(submitted.remote_id), NotYet)
        (result,) = provider.collect(submitted.remote_id)
        assert result.request_id == submitted.remote_id
        assert result.content == pictures.picture("64x64", "png", f"{submitted.remote_id}.png")

    def test_a_run_that_outlasts_its_deadline_is_collected_later_without_buying(self, server):
        server.polls = 10_000
        with pytest.raises(OutcomeUnknown, match="collected") as caught:
            self.ask(self.make(server), timeout=0.5)
        server.polls = 1
        assert self.make(server).collect(caught.value.request_id)[0].content
        assert self.paid_requests(server) == 1

    @pytest.mark.parametrize(
        "answer", ["[run:gone]", "hiccup", "proxy", "bad key", "no connection"]
    )
    def test_what_says_nothing_of_how_a_run_ends_is_asked_again(self, server, answer):
        """An error would settle a run that is paid for, as refused even."""
        provider = self.make(server)
        remote_id = self.submit(provider, answer).remote_id
        server.polls = 1
        if answer in ("hiccup", "proxy"):
            server.hiccups = 1
        if answer == "proxy":
            server.hiccup = CREATE_FAULTS["no_such_page"]
        if answer == "bad key":
            provider = self.make(server, api_key="bad-token")
        if answer == "no connection":
            provider = self.make(server)
            server.__exit__(None, None, None)
        looked = provider.collect(remote_id)
        assert isinstance(looked, NotYet) and looked.seconds > 0 and looked.why
        assert KEY not in looked.why

    @pytest.mark.parametrize("remote_id", ["", 7, None, "x" * 121, "two words", "nul\0"])
    def test_an_id_that_cannot_be_kept_leaves_the_outcome_unknown(self, remote_id):
        with pytest.raises(OutcomeUnknown):
            Submitted(remote_id=remote_id, poll_in=1, hold_for=1)

    def test_a_run_that_never_ends_is_unknown(self, server):
        with pytest.raises(OutcomeUnknown):
            self.ask(self.make(server), "[run:never]", timeout=0.5)

    def test_a_run_that_the_provider_forgot_is_unknown(self, server):
        with pytest.raises(OutcomeUnknown, match="HTTP 404"):
            self.make(server).collect("gone-for-ever")

    def test_hiccups_while_polling_are_waited_out(self, server):
        server.hiccups = 3
        assert self.ask(self.make(server))

    def test_a_picture_inside_the_answer_is_read(self, server):
        for prompt in ("[run:inline]", "[run:named]"):
            assert self.ask(self.make(server), prompt)[0].content == b"inline"

    def test_the_key_is_not_sent_along_with_downloads(self, server):
        self.ask(self.make(server))
        assert server.requests[-1].path.startswith("/files/")
        assert "authorization" not in server.requests[-1].headers

    def test_checks_tell_token_and_model_apart(self, server):
        assert self.make(server, api_key="bad-token").check().code == "bad_key"
        assert self.make(server).check("owner/retired").code == "model_retired"
        assert self.make(server).check("owner/there").code == ""
        assert self.make(server).check("nonsense").code == "bad_request"
        elsewhere = self.make(server, base_url=f"{server.url}/v2")
        assert elsewhere.check("owner/there").code == "bad_address"


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
