"""The error table, for pictures and texts: an answer that is neither becomes one of our errors.

The table knows OpenAI, Azure, the gateways that speak the protocol (LiteLLM, OpenRouter, new-api)
and the proxies and firewalls before them (nginx, Cloudflare). One prompt's refusal must not stop an
account, and an account's must not look like the prompt's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping

from bulk_admin.codes import Reach
from bulk_admin.services.image_providers.errors import (
    BadAddress,
    BadKey,
    BadRequest,
    Billed,
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
from bulk_admin.text import WORDS_LIMIT

from .client import clean
from .json_body import text_of
from .refusals import Refusal, plain_name, read_refusal
from .waits import wait_of

Kind = type[ProviderError]


def _named(table: Mapping[Kind, str]) -> dict[str, Kind]:
    return {plain_name(name): kind for kind, names in table.items() for name in names.split()}


# A code or a type that says it all.
NAMES = _named(
    {
        PromptBlocked: "moderation_blocked content_policy_violation content_filter"
        " responsible_ai_policy_violation sensitive_words_detected prompt_blocked content_blocked"
        " content_violation safety_violation data_inspection_failed prohibited_content",
        NoCredit: "billing_hard_limit_reached insufficient_quota credit_balance_exhausted"
        " organization_spend_limit_exceeded project_spend_limit_exceeded"
        " organization_usage_limit_exceeded insufficient_user_quota pre_consume_token_quota_failed"
        " insufficient_balance insufficient_credits insufficient_funds budget_exceeded"
        " payment_required billing_not_active",
        ModelRetired: "model_not_found model_deprecated model_not_available model_not_supported"
        " invalid_model unknown_model unsupported_model deployment_not_found"
        " key_model_access_denied team_model_access_denied user_model_access_denied",
        BadKey: "invalid_api_key account_deactivated invalid_authentication api_key_invalid"
        " missing_api_key",
    }
)
# A type that says something only where no words say more.
TYPES = _named(
    {
        PromptRejected: "image_generation_user_error",
        BadKey: "auth_error authentication_error unauthorized unauthenticated",
    }
)
STATUSES: dict[int, Kind] = {
    400: PromptRejected,
    401: BadKey,
    402: NoCredit,
    403: BadKey,
    404: BadAddress,
    405: BadAddress,
    406: PromptRejected,
    407: BadAddress,
    409: PromptRejected,
    410: ModelRetired,
    413: PromptRejected,
    415: BadRequest,
    422: PromptRejected,
    429: RateLimited,
    451: PromptBlocked,
}
OVERLOADED = (425, 503, 529)  # 425 is said before any work, too
# It had left: a 200 without a picture, and proxies that no longer waited for the server's answer.
CUT_OFF = (200, 408, 444, 460, 499)
QUOTED_FROM = 12  # characters of a prompt that are no chance in a message
# What comes from a firewall is about what was in this request, not about the account.
FIREWALL = re.compile(r"error code: 1\d{3}|\bfirewall\b|\bwaf\b|request (was )?blocked")
FIREWALL_STATUSES = (403, 406)

_SPACE = r".{0,120}?"
# Words are looked at where no code says it, the first that fits wins.
WORDS: list[tuple[set[int], re.Pattern[str], Kind]] = [
    (set(statuses), re.compile(words), kind)
    for statuses, words, kind in (
        ((403,), r"must be verified", NotVerified),
        (
            (400, 401, 403),
            rf"\b(account|organi[sz]ation|project|workspace|subscription)\b{_SPACE}"
            r"\b(suspended|deactivated|disabled|banned|archived|expired)",
            BadKey,
        ),
        (
            (400, 403, 422),
            r"safety system|content[ _-]?(policy|filter|management|moderation|safety)|contentpolicy"
            r"|usage polic(y|ies)|safety (settings|filters?|checks?|polic(y|ies))"
            r"|sensitive (content|information|words?)|prohibited[ _]content|flagged (for|as)\b"
            r"|blocked by [^.]{0,20}filter|敏感|违规|policy violation"
            r"|(input|prompt|request|content|text|image)s? (was|were|is|has been) (flagged|blocked)"
            r"|violates? .{0,60}(polic(y|ies)|guidelines|terms)|responsible ?ai|\bnsfw\b"
            r"|inappropriate|moderation_blocked",
            PromptBlocked,
        ),
        (
            (400, 401, 402, 403, 429),
            r"billing (hard )?limit|exceeded your current quota|billing details"
            r"|spend(ing)? limit|budget (has been |was )?exceeded|exceeded ?(the )?\w{0,20} ?budget"
            r"|(crossed|over) budget|insufficient ([a-z]+ )?(quota|credits?|balance|funds)"
            r"|(quota|balance|credits?) (is |are |was )?(not enough|exhausted|insufficient|depleted"
            r"|used up)|(not enough|out of|no) (credits?|balance|quota)"
            r"|credit balance is too low|credit limit|(need|no) (more|remaining) credits?|arrearage"
            r"|\btop[- ]?up\b|payment method|free trial|(monthly|api|plan|account) usage limit"
            r"|额度不足|余额不足|额度已用尽|额度失败|欠费|solde insuffisant|guthaben",
            NoCredit,
        ),
        (
            (400, 403),
            r"rate limit|too many (requests|images)|(requests|images) per (second|minute|hour|day)"
            r"|concurren(cy|t)( requests?)? limit|请求过于频繁",
            RateLimited,
        ),
        (
            (400, 403),
            r"\boverloaded\b|temporarily unavailable|at (full )?capacity|server is busy",
            Overloaded,
        ),
        (
            (400, 403, 404, 422),
            r"(incorrect|invalid|wrong|missing|malformed|unknown|expired|revoked|no)( proxy)?"
            r" (api|access|server|virtual|subscription|auth\w{0,12})[ _-]?(key|token|credentials?)"
            r"|invalid credentials|(api|access)[ _-]?(key|token)s?"
            r" (is |was |has )?(not valid|invalid|incorrect|missing|expired|revoked|required)"
            r"|(key|token)( you)?( provided)? (is |was |has |has been )?(invalid|expired|revoked)"
            r"|(invalid|expired|revoked) (bearer )?token|signature (does not|doesn.t) match"
            r"|(无效|过期|失效)的?令牌|令牌(无效|已?过期|已?失效)"
            r"|authentication ?(error|failed)|\bunauthori[sz]ed\b|not authenticated",
            BadKey,
        ),
        (
            (400, 401, 403, 404, 422),
            r"(invalid|unknown|unsupported|unrecogni[sz]ed|no such|nonexistent) model"
            r"|not a valid model|no (access|permission)[^.]{0,40} model|no endpoints found"
            r"|(no|not have) access to (the )?model|(unable|not allowed) to access model"
            r"|no available channel|无可用渠道|模型不存在|could not (find|load) (the )?model"
            r"|not include access to [^.]{0,40}model"
            rf"|\b(model|deployment)s?\b{_SPACE}(\bdeprecated|\bretired|shut ?down|not exist"
            r"|n.t exist|no longer available|not (be )?found|not available|not supported"
            r"|not have access|decommissioned|no longer supported|removed|not loaded"
            r"|access denied)",
            ModelRetired,
        ),
        (
            (400, 422),
            r"(invalid|unknown|unsupported|unrecogni[sz]ed|missing required)( request)?"
            r" (size|quality|format|parameter|argument|field|property|value(?!.{0,20}prompt))"
            r"|(extra|additional) (inputs|properties) are not|model is required"
            r"|\b(size|width|height|quality|format|n|seed|steps|background) (must|should) be\b"
            r"|\b(size|quality|\w{0,20}format|background|resolution|property|parameter|argument)\b"
            r"[^.]{0,40}(not supported|unsupported|not allowed|not permitted)",
            BadRequest,
        ),
        ((400,), r"plain http request was sent to https port", BadAddress),
    )
]


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key: str = "",
    prompt: str = "",
    kind_of: Callable[[int, Refusal, str], Kind] | None = None,
) -> ProviderError:
    """``key`` is taken out of whatever the provider says; ``prompt``, where it is quoted, says
    nothing about what was wrong. ``kind_of`` is for a provider that means something else by a few
    of its answers.
    """
    refusal = read_refusal(body)
    kind = (kind_of or error_class)(status, refusal, prompt)
    return kind(
        _words(kind, status, refusal, key),
        http_status=status,
        request_id=headers.get("x-request-id", "")[:120],
        # Its JSON may say so beside the message.
        retry_after=(
            wait_of(headers, f"{refusal.message} {text_of(body[:WORDS_LIMIT])}")
            if kind.code.about.is_retried
            else None
        ),
        billed=_billed(kind, refusal),
        usage=refusal.usage,
    )


def error_class(status: int, refusal: Refusal, prompt: str = "") -> Kind:
    known = _first(NAMES, refusal)
    if status in OVERLOADED:  # a gateway that has no channel for a model says so with a 503
        return ModelRetired if known is ModelRetired else Overloaded
    if status >= 500 or status in CUT_OFF:
        return OutcomeUnknown
    if status < 400:
        return BadAddress
    return known or _by_words(status, refusal, prompt) or _by_origin(status, refusal)


def _first(table: Mapping[str, Kind], refusal: Refusal) -> Kind | None:
    return next((table[name] for name in refusal.names if name in table), None)


def _by_words(status: int, refusal: Refusal, prompt: str) -> Kind | None:
    said = _without(prompt, refusal.message).lower()
    matched = next((kind for at, words, kind in WORDS if status in at and words.search(said)), None)
    if matched is not None and matched.code.about.reach is Reach.IMAGE:
        return matched
    # Too long, or not to its liking: the other prompts of the job may be fine.
    return _by_param(status, refusal.param) or matched


def _without(prompt: str, message: str) -> str:
    """A message without the prompt that it quotes, whole or cut off."""
    prompt = prompt.strip()
    start = message.find(prompt[:QUOTED_FROM]) if len(prompt) >= QUOTED_FROM else -1
    if start < 0:
        return message
    pairs = zip(message[start:], prompt, strict=False)
    quoted = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    return f"{message[:start]} {message[start + quoted :]}"


def _by_param(status: int, param: str) -> Kind | None:
    if status not in (400, 422) or not param:
        return None
    if param.startswith("prompt"):
        return PromptRejected
    return ModelRetired if param == "model" else BadRequest


def _by_origin(status: int, refusal: Refusal) -> Kind:
    is_firewall = refusal.is_page or FIREWALL.search(refusal.message.lower())
    if status in FIREWALL_STATUSES and is_firewall:
        return PromptRejected
    return _first(TYPES, refusal) or STATUSES.get(status, PromptRejected)


def _billed(kind: Kind, refusal: Refusal) -> Billed | None:
    """What was blocked may have been made before, unless it was the prompt."""
    return "unknown" if kind is PromptBlocked and refusal.stage != "input" else None


def _words(kind: Kind, status: int, refusal: Refusal, key: str) -> str:
    said = clean(refusal.message, key)
    if kind is PromptBlocked:
        return _found(refusal) or said
    if kind is OutcomeUnknown or refusal.is_page:
        return f"HTTP {status}. {said}".strip()
    if 300 <= status < 400:
        return f"The server answered with a redirect (HTTP {status})."
    return said or f"HTTP {status}."


def _found(refusal: Refusal) -> str:
    where = {"input": "prompt", "output": "picture"}.get(refusal.stage, "")
    if not refusal.categories:
        return f"Found in the {where}." if where else ""
    return f"{_listed(refusal.categories)}, found in the {where or 'prompt or the picture'}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names).capitalize()
