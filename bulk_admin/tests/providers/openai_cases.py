"""The error table of the OpenAI protocol, as the ledger wants to hear it."""

from __future__ import annotations

from bulk_admin.services.image_providers.errors import (
    BadKey,
    BadRequest,
    ModelRetired,
    NoCredit,
    NotVerified,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
    RateLimited,
)

from .contract import Expected


def case(
    fault: str,
    error: type[ProviderError],
    billed: str = "no",
    says: str = "",
    retry_after: float | None = None,
) -> Expected:
    return Expected(
        f"[fault:{fault}]", error, billed, error in (RateLimited, Overloaded), says, retry_after
    )


UNKNOWN = (
    "server_error server_error_billed request_timeout bad_gateway gateway_timeout reset"
    " reset_after_billing cut drip broken_json page_instead empty_data null_data empty_base64"
)
NO_CREDIT = (
    "billing_hard_limit insufficient_quota credit_balance_exhausted"
    " organization_spend_limit_exceeded project_spend_limit_exceeded"
    " organization_usage_limit_exceeded"
)
ERROR_TABLE = [
    case("moderation_input", PromptBlocked, says="Violence, found in the prompt."),
    case("moderation_output", PromptBlocked, "unknown", "found in the picture"),
    case("content_policy", PromptBlocked, "unknown", says="our safety system"),
    case("user_error", PromptRejected, says="could not be made"),
    case("prompt_too_long", PromptRejected, says="too long"),
    case("error_is_text", PromptRejected, says="something was wrong"),
    case("conflict", PromptRejected),
    case("unprocessable", PromptRejected, says="body.prompt: is odd"),
    case("rate_limit", RateLimited, retry_after=2),
    case("rate_limit_ms", RateLimited, retry_after=1.5),
    case("rate_limit_text", RateLimited, says="try again in 1.2s", retry_after=1.2),
    case("overloaded", Overloaded, retry_after=1),
    case("bad_parameter", BadRequest, says="ultra"),
    case("model_deprecated", ModelRetired),
    case("model_not_found_400", ModelRetired),
    case("no_model_access", ModelRetired),
    case("model_not_found", ModelRetired),
    case("bad_key", BadKey, says="[key]"),
    case("country", BadKey, says="not supported"),
    case("not_verified", NotVerified),
    *(case(fault, NoCredit) for fault in NO_CREDIT.split()),
    *(case(fault, OutcomeUnknown, "unknown") for fault in UNKNOWN.split()),
]
# They end well for the provider: the storing step looks into the bytes.
PAID_FOR_AND_KEPT = [
    "not_an_image",
    "truncated_base64",
    "truncated_picture",
    "bomb",
    "wrong_size",
    "no_usage",
    "short_usage",
]
# Proved by a test of its own: it takes as long as the client waits.
SLOW = {"hang"}
