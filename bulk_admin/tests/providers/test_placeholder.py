from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageStat

from bulk_admin.services.image_providers import Credentials, provider_class
from bulk_admin.services.image_providers.errors import (
    BadKey,
    NoCredit,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    RateLimited,
)

from .contract import KEY, Expected, ProviderContract

EITHER_WAY = range(40)


class TestPlaceholder(ProviderContract):
    provider = "placeholder"
    options = {}
    requests_a_call = 0
    unsupported = [{"size": "4096x4096"}, {"output_format": "gif"}, {"background": "transparent"}]
    limits = [({}, 0), ({"options": {"limit": 7}}, 7)]
    expected = [
        Expected("[blocked]", PromptBlocked),
        Expected("[rejected]", PromptRejected),
        Expected("[unknown]", OutcomeUnknown, "unknown"),
        Expected("[slow]", OutcomeUnknown, "unknown", says="within 1 s"),
        Expected("[bad-key]", BadKey),
        Expected("[no-credit]", NoCredit),
    ]

    @pytest.fixture
    def server(self):
        return None

    def credentials(self, server, **more):
        return Credentials(**{"api_key": KEY, **more})

    def paid_requests(self, server):
        return 0

    def content(self, prompt="A heron", **more):
        return self.ask(self.make(None), prompt, **more)[0].content

    def test_the_same_prompt_and_size_give_the_same_bytes_and_others_do_not(self):
        assert self.content() == self.content()
        assert len({self.content(), self.content("A fox"), self.content(size="1024x1040")}) == 3

    def test_a_seed_decides_about_the_picture(self):
        assert self.content(seed=7) == self.content(seed=7)
        assert len({self.content(), self.content(seed=0), self.content(seed=7)}) == 3

    def test_each_variant_of_a_prompt_is_another_picture_and_always_the_same(self):
        assert self.content(variant=2) == self.content(variant=2)
        assert len({self.content(variant=variant) for variant in (1, 2, 3)}) == 3
        assert self.content(variant=1) == self.content()

    @pytest.mark.parametrize(
        ("wanted", "found"), [("", "WEBP"), ("webp", "WEBP"), ("png", "PNG"), ("jpeg", "JPEG")]
    )
    def test_the_format_asked_for_is_drawn(self, wanted, found):
        assert Image.open(io.BytesIO(self.content(output_format=wanted))).format == found

    @pytest.mark.parametrize(
        "size", ["10x10", "16x2048", "2048x64", "48x48", "1536x864", "2048x2048"]
    )
    def test_any_size_can_be_drawn(self, size):
        assert "{}x{}".format(*Image.open(io.BytesIO(self.content(size=size))).size) == size

    def test_a_picture_is_more_than_a_plain_colour(self):
        picture = Image.open(io.BytesIO(self.content(output_format="png")))
        assert min(ImageStat.Stat(picture.convert("L")).stddev) > 15

    @pytest.mark.parametrize("prompt", ["", "a", "龍 и жар-птица 🔥\n\x00 newline", "w" * 5000])
    def test_any_prompt_can_be_drawn(self, prompt):
        assert self.content(prompt, size="256x256")

    @pytest.mark.parametrize(
        ("marker", "error"), [("[rate-limited]", RateLimited), ("[overloaded]", Overloaded)]
    )
    def test_passing_faults_strike_some_calls_and_let_a_retry_through(self, marker, error):
        struck = [self.outcome(f"A heron {marker}", f"call-{number}") for number in EITHER_WAY]
        assert set(struck) == {error, None}
        assert struck == [
            self.outcome(f"A heron {marker}", f"call-{number}") for number in EITHER_WAY
        ]

    def outcome(self, prompt, call_id):
        try:
            self.ask(self.make(None), prompt, size="64x64", client_request_id=call_id)
        except (RateLimited, Overloaded) as error:
            return type(error)
        return None

    def test_bytes_that_are_no_picture_can_be_asked_for(self):
        assert self.content("A heron [not-an-image]") == b"This is not a picture."

    def test_markers_are_only_words_when_faults_are_off(self):
        assert self.ask(self.make(None, options={"faults": False}), "A heron [blocked]")

    def test_a_delay_is_kept_and_hangs_on_the_prompt(self):
        provider = self.make(None, options={"delay": [0.05, 0.06]})
        began = time.monotonic()
        self.ask(provider, size="64x64")
        assert time.monotonic() - began >= 0.05


def test_the_placeholder_says_what_it_is():
    kind = provider_class("placeholder")
    assert kind.is_placeholder and not kind.requires_key
