"""What OpenAI, Azure, gateways and proxies are known to answer, and what becomes of it."""

from __future__ import annotations

import json

import pytest

from bulk_admin.services.image_providers import Credentials, ImageOptions, provider_class
from bulk_admin.services.image_providers.base import CheckResult
from bulk_admin.services.image_providers.errors import (
    BadAddress,
    BadKey,
    BadRequest,
    ModelRetired,
    NoCredit,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
    RateLimited,
)
from bulk_admin.services.image_providers.http.error_table import error_for
from bulk_admin.testing.loopback.wire import Answer, LoopbackServer

CLOUDFLARE = (
    b"<!DOCTYPE html><html><head>\n<title>Attention Required! | Cloudflare</title></head><body>"
    b"<h1>Sorry, you have been blocked</h1></body></html>"
)
NGINX_404 = b"<html>\r\n<head><title>404 Not Found</title></head><body>nginx</body></html>"
PLAIN_HTTP = (
    b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
)


def error_body(message, code=None, type_=None, param=None, **more):
    return {"error": {"message": message, "type": type_, "param": param, "code": code, **more}}


LITELLM_BUDGET = error_body(
    "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", "400", "budget_exceeded"
)
AZURE_FILTER = error_body(
    "This request has been blocked by our content filters.",
    "contentFilter",
    inner_error={
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {
            "violence": {"filtered": True, "severity": "high"},
            "hate": {"filtered": False},
        },
    },
)
OPENROUTER_FLAGGED = {
    "error": {
        "code": 403,
        "message": "Your chosen model requires moderation and your input was flagged",
        "metadata": {"reasons": ["sexual", "violence"], "provider_name": "OpenAI"},
    }
}
GOOGLE_KEY = [
    {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}
]
PROMPT = "A fashion model that does not exist, beside an invalid API key"


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        # that picture only
        (403, CLOUDFLARE, PromptRejected, "Attention Required! | Cloudflare"),
        (403, b"error code: 1020", PromptRejected, "1020"),
        (403, b"<html><body><h1>Forbidden</h1></body></html>", PromptRejected, "Forbidden"),
        (406, b"<html><title>Not Acceptable!</title></html>", PromptRejected, "Not Acceptable!"),
        (
            403,
            error_body("Your request violates our content policy."),
            PromptBlocked,
            "content policy",
        ),
        (403, OPENROUTER_FLAGGED, PromptBlocked, "Sexual, violence, found in the prompt or"),
        (400, AZURE_FILTER, PromptBlocked, "Violence, found in the prompt or the picture."),
        (400, error_body("Too long.", param="prompt"), PromptRejected, "Too long."),
        (
            400,
            error_body("litellm.ContentPolicyViolationError: AzureException - blocked", "400"),
            PromptBlocked,
            "AzureException",
        ),
        (400, error_body(f'Cannot draw "{PROMPT}".'), PromptRejected, "Cannot draw"),
        (400, error_body(f'Cannot draw "{PROMPT[:40]}...".'), PromptRejected, "Cannot draw"),
        # the account's credit
        (
            403,
            error_body("user quota is not enough", "insufficient_user_quota"),
            NoCredit,
            "not enough",
        ),
        (403, error_body("用户额度不足, 剩余额度: ＄0.0", ""), NoCredit, "用户额度不足"),
        (403, error_body("token quota", "pre_consume_token_quota_failed"), NoCredit, "token quota"),
        (400, LITELLM_BUDGET, NoCredit, "Current cost: 1.2"),
        (429, LITELLM_BUDGET, NoCredit, "Max budget: 1.0"),
        (
            400,
            error_body("ExceededBudget: User=a over budget.", "400", "auth_error"),
            NoCredit,
            "User=a",
        ),
        (
            429,
            error_body("No deployments available - crossed budget: x"),
            NoCredit,
            "crossed budget",
        ),
        (402, error_body("Insufficient credits. Add more.", 402), NoCredit, "Add more"),
        (400, error_body("Billing hard limit has been reached"), NoCredit, "hard limit"),
        # the account's key
        (400, error_body("Incorrect API key provided: ab***yz."), BadKey, "Incorrect API key"),
        (400, GOOGLE_KEY, BadKey, "not valid"),
        (
            400,
            error_body(
                "litellm.AuthenticationError: AuthenticationError: OpenAIException - no", "400"
            ),
            BadKey,
            "OpenAIException",
        ),
        (401, {"error": "unauthorized"}, BadKey, "unauthorized"),
        (403, {"detail": "Not authenticated"}, BadKey, "Not authenticated"),
        (
            403,
            error_body("Your account was suspended: it violates our policies."),
            BadKey,
            "suspended",
        ),
        # the job's model or settings
        (
            400,
            error_body("/images/generations: Invalid model name passed in model=x.", "400", "None"),
            ModelRetired,
            "Invalid model name",
        ),
        (400, error_body("foo/bar is not a valid model ID", 400), ModelRetired, "foo/bar"),
        (400, error_body("The model `gpt-image-1.5` has been deprecated."), ModelRetired, "1.5"),
        (400, error_body("Bad value.", param="model"), ModelRetired, "Bad value."),
        (
            401,
            error_body("key not allowed to access model.", "401", "key_model_access_denied"),
            ModelRetired,
            "not allowed",
        ),
        (403, error_body("This token has no access to model x"), ModelRetired, "no access"),
        (
            404,
            error_body("The API deployment does not exist.", "DeploymentNotFound"),
            ModelRetired,
            "API",
        ),
        (404, error_body("model 'x' not found, try pulling it first"), ModelRetired, "pulling"),
        (
            503,
            error_body("no available channel for model x", "model_not_found"),
            ModelRetired,
            "channel",
        ),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "bad"}]}, BadRequest, "body.size: bad"),
        (400, error_body("Bad value.", param="size"), BadRequest, "Bad value."),
        # the account's address
        (404, NGINX_404, BadAddress, "404 Not Found"),
        (404, {"detail": "Not Found"}, BadAddress, "Not Found"),
        (404, error_body("Resource not found", "404"), BadAddress, "Resource not found"),
        (404, b"", BadAddress, "HTTP 404."),
        (405, {"detail": "Method Not Allowed"}, BadAddress, "Method Not Allowed"),
        (400, PLAIN_HTTP, BadAddress, "plain HTTP request"),
        (308, b"", BadAddress, "redirect"),
        # nobody's fault
        (529, error_body("Overloaded", None, "overloaded_error"), Overloaded, "Overloaded"),
        (503, CLOUDFLARE, Overloaded, "Cloudflare"),
        (429, b"error code: 1015", RateLimited, "1015"),
        (502, NGINX_404, OutcomeUnknown, "HTTP 502."),
        (524, b"error code: 524", OutcomeUnknown, "error code: 524"),
    ],
)
def test_a_refusal_stops_what_it_is_about_and_says_so_in_its_own_words(status, body, kind, says):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_for(status, {}, body, prompt=PROMPT)
    assert type(error) is kind
    assert says in error.message
    assert "<" not in error.message


@pytest.mark.parametrize(
    ("stage", "billed"),
    [("input", "no"), ("output", "unknown"), ("unknown", "unknown"), ("", "unknown")],
)
def test_what_was_blocked_is_billed_unless_it_was_the_prompt(stage, billed):
    details = {"moderation_stage": stage, "categories": ["violence"]} if stage else {}
    body = error_body("Rejected.", "moderation_blocked", moderation_details=details)
    assert error_for(400, {}, json.dumps(body).encode()).billed == billed


def test_categories_come_from_the_message_when_details_are_missing():
    body = error_body(
        "Your request was rejected by the safety system. safety_violations=[sexual, self_harm].",
        "moderation_blocked",
    )
    message = error_for(400, {}, json.dumps(body).encode()).message
    assert "Sexual, self harm, found in the prompt or the picture." in message


ODD_ERROR = b'{"error": {"code": {}, "message": [], "type": 3, "param": {}, "usage": 1}}'


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"3",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"error": null}',
        b'{"error": []}',
        b'{"detail": [3, {}]}',
        ODD_ERROR,
    ],
)
def test_a_body_of_any_shape_is_a_refusal(body):
    for status in (200, 302, 400, 401, 403, 404, 422, 429, 500, 503):
        assert isinstance(error_for(status, {}, body), ProviderError)


WORDS = [
    (NoCredit, 400, "Your credit balance is too low to access the API."),
    (NoCredit, 400, "Free trial has ended, please add a payment method."),
    (NoCredit, 403, "You have no remaining credits."),
    (NoCredit, 403, "预扣费额度失败"),
    (NoCredit, 429, "You have reached your specified API usage limits."),
    (BadKey, 400, "This organization has been disabled."),
    (BadKey, 400, "Token expired"),
    (BadKey, 400, "The api key you provided is invalid."),
    (BadKey, 400, "无效的令牌"),
    (ModelRetired, 400, "Model x is no longer supported."),
    (ModelRetired, 403, "Your plan does not include access to model x."),
    (ModelRetired, 404, "could not find model x"),
    (BadRequest, 400, "size must be one of 1024x1024, 1536x1024"),
    (BadRequest, 400, "Invalid value: 'ultra'. Supported values are: 'low' and 'high'."),
    (BadRequest, 400, "response_format is not supported"),
    (BadRequest, 422, "Extra inputs are not permitted"),
    (PromptRejected, 400, "Invalid value for prompt: it must be shorter."),
    (PromptBlocked, 400, "Content flagged for: sexual"),
    (PromptBlocked, 400, "The prompt violates the terms of service."),
    (PromptBlocked, 403, "prohibited content"),
    (PromptBlocked, 400, "包含敏感词"),
    (RateLimited, 403, "Rate limit exceeded"),
    (RateLimited, 400, "Too many requests"),
    (Overloaded, 400, "The engine is currently overloaded, please try again later."),
]


@pytest.mark.parametrize(("kind", "status", "message"), WORDS)
def test_words_say_what_a_status_does_not(kind, status, message):
    """One prompt's refusal stops no account, and an account's is not told prompt by prompt."""
    assert type(error_for(status, {}, json.dumps(error_body(message)).encode())) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(425, Overloaded), (444, OutcomeUnknown), (460, OutcomeUnknown), (499, OutcomeUnknown)],
)
def test_a_request_that_a_proxy_gave_up_had_left_and_one_that_came_too_early_had_not(status, kind):
    assert type(error_for(status, {}, NGINX_404)) is kind


def test_a_wait_beside_the_message_is_read():
    body = json.dumps(error_body("Slow down.", details=[{"retryDelay": "34s"}])).encode()
    assert error_for(429, {}, body).retry_after == 34


def test_a_spoilt_byte_hides_no_code():
    """Read as plain text, a 429 without credit would be asked again all day."""
    body = json.dumps(error_body("NOTE", "insufficient_quota")).encode()
    for note in (b"caf\xe9", b"a\nb\x01"):
        spoilt = body.replace(b"NOTE", note) + b"<!-- a proxy -->"
        assert isinstance(error_for(429, {}, spoilt), NoCredit)


class Fixed(LoopbackServer):
    """Gives every request the same answer."""

    status = 200
    body: object = None

    def answer(self, request):
        return Answer(self.status, self.body)


@pytest.fixture
def fixed():
    with Fixed() as server:
        yield server


@pytest.mark.parametrize("name", ["openai", "openai_compatible"])
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, CLOUDFLARE, "rejected"),
        (400, error_body("Rejected by our safety system."), "blocked"),
        (403, error_body("no credit", "insufficient_user_quota"), "no_credit"),
        (200, CLOUDFLARE, "unknown"),
    ],
)
def test_the_check_of_an_account_speaks_of_no_prompt(fixed, name, status, body, code):
    fixed.status, fixed.body = status, body
    provider = provider_class(name)(
        Credentials(api_key="sk-check", base_url=fixed.url, private_network=True)
    )
    found = provider.check()
    assert found.code == code
    assert "prompt" not in found.message and "picture" not in found.message


@pytest.mark.parametrize("kind", ProviderError.__subclasses__())
def test_no_failed_check_speaks_of_a_prompt(kind):
    message = CheckResult.of(kind("No.")).message
    assert "prompt" not in message and "job" not in message and "No." in message


def test_an_answer_is_read_as_it_came_through_the_client(fixed):
    fixed.status, fixed.body = 404, NGINX_404
    credentials = Credentials(api_key="sk-x", base_url=fixed.url, private_network=True)
    provider = provider_class("openai_compatible")(credentials)
    with pytest.raises(BadAddress, match="404 Not Found"):
        provider.generate("A fox", "1024x1024", "low", options=ImageOptions(model="m"))
