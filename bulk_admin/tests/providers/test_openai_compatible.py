from __future__ import annotations

import base64

import pytest

from bulk_admin.services.image_providers import Credentials
from bulk_admin.services.image_providers.errors import BadAddress, NotSent, PromptRejected
from bulk_admin.testing import pictures
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.wire import Answer

from .contract import KEY, HttpContract
from .openai_cases import ERROR_TABLE, case


class Imitator(OpenAIServer):
    """Takes what it is set to take, and answers in the form it is set to."""

    def __init__(self, **more):
        super().__init__(**more)
        self.row = None
        self.key_needed = False

    def answer(self, request):
        if request.path.startswith("/files/"):
            name = request.path.removeprefix("/files/")
            return (
                Answer(302, b"", {"Location": "/files/a.png"})
                if name.startswith("moved")
                else Answer(
                    200, pictures.picture("64x64", mark=name), {"Content-Type": "image/png"}
                )
            )
        return super().answer(request)

    def refuse_key(self, key):
        return super().refuse_key(key) if self.key_needed else None

    def refuse_body(self, body):
        return None

    def good_image(self, body, call_id):
        good = super().good_image(
            {**body, "size": body.get("size", "64x64"), "quality": "low"}, call_id
        )
        return {"created": 1, "data": [self.row]} if self.row else good


class TestOpenAICompatible(HttpContract):
    provider = "openai_compatible"
    options = {"model": "sd-cpp-local"}
    expected = [
        *(row for row in ERROR_TABLE if row.prompt != "[fault:drip]"),
        case("drip", ERROR_TABLE[-1].error, "unknown"),
    ]
    unsupported = [{"model": ""}, {"n": 2}, {"background": "transparent"}, {"seed": 7}]
    limits = [({}, 10), ({"options": {"images_per_minute": 20}}, 20)]

    @pytest.fixture
    def server(self):
        with Imitator() as server:
            yield server

    def credentials(self, server, **more):
        return Credentials(
            **{"api_key": KEY, "base_url": server.base_url, "private_network": True, **more}
        )

    def paid_requests(self, server):
        return len(server.till.calls())

    def test_only_what_the_profile_declares_is_sent(self, server):
        self.ask(self.make(server), output_format="png", background="opaque")
        assert server.requests[-1].json == {
            "model": "sd-cpp-local",
            "prompt": "A heron over still water",
            "n": 1,
            "size": "1024x1024",
        }

    def test_a_profile_changes_the_dialect(self, server):
        profile = {
            "params": ["quality", "output_format", "seed"],
            "size_mode": "width_height",
            "response_format": "base64",
            "n_max": 4,
            "extra": {"steps": 8},
        }
        self.ask(
            self.make(server, options=profile),
            size="640x480",
            quality="high",
            output_format="png",
            seed=0,
            n=2,
        )
        assert server.requests[-1].json == {
            "model": "sd-cpp-local",
            "prompt": "A heron over still water",
            "n": 2,
            "width": 640,
            "height": 480,
            "quality": "high",
            "output_format": "png",
            "seed": 0,
            "response_format": "base64",
            "steps": 8,
        }

    def test_a_server_without_keys_gets_no_authorization(self, server):
        self.ask(self.make(server, api_key=""))
        assert "authorization" not in server.requests[-1].headers

    def test_a_prompt_too_long_for_the_server_fails_alone_and_unsent(self, server):
        with pytest.raises(PromptRejected):
            self.ask(self.make(server, options={"prompt_max": 10}))
        assert self.paid_requests(server) == 0

    def test_a_data_url_is_read(self, server):
        server.row = {"url": "data:image/png;base64," + base64.b64encode(b"inline").decode()}
        assert self.ask(self.make(server))[0].content == b"inline"

    def test_a_url_on_its_own_server_is_downloaded_without_the_key(self, server):
        server.row = {"url": f"{server.url}/files/a.png"}
        assert self.ask(self.make(server))[0].content == pictures.picture("64x64", mark="a.png")

    @pytest.mark.parametrize(
        "url",
        [
            "{url}/files/moved",
            "http://169.254.169.254/latest/",
            "https://localhost/a.png",
            "http://127.0.0.1:1/a.png",
            "file:///etc/passwd",
            "https://elsewhere.invalid/a.png",
            "not an address",
        ],
    )
    def test_a_url_anywhere_else_is_not_followed_and_the_outcome_is_unknown(self, server, url):
        server.row = {"url": url.replace("{url}", server.url)}
        with pytest.raises(Exception, match="could not be downloaded") as caught:
            self.ask(self.make(server))
        assert (caught.value.code, caught.value.billed) == ("unknown", "unknown")

    def test_a_redirected_base_url_stops_the_account(self, server):
        provider = self.make(server, base_url=f"{server.url}/files/moved")
        with pytest.raises(BadAddress) as caught:
            self.ask(provider)
        assert "look at the base URL" in caught.value.message
        assert provider.check().code == "bad_address"

    def test_a_server_that_lists_no_models_is_no_fault(self, server):
        server.models = {}
        assert (
            self.make(server, base_url=f"{server.url}/elsewhere").check("sd-cpp-local").code == ""
        )
        assert self.make(server).check("sd-cpp-local").code == "model_retired"

    def test_without_a_base_url_nothing_is_sent_anywhere(self, server):
        with pytest.raises(NotSent):
            self.ask(self.make(server, base_url=""))
