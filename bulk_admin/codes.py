"""Every error and stop code, once: its words, how far it reaches, and whether a retry helps.

Codes are stored on images, calls, jobs and accounts, and others script against them: a value never
changes. To add one, add a member here. No Django: providers read this too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bulk_admin.causes import Cause


class Reach(StrEnum):
    """What a code stops until it is resolved."""

    IMAGE = "image"
    JOB = "job"
    ACCOUNT = "account"  # everything that is bought from it


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """``title`` and ``sentence`` say what happened, on a tile; ``remedy`` says of a job or an
    account that stopped what to do.
    """

    title: str = ""
    sentence: str = ""
    remedy: str = ""
    reach: Reach = Reach.IMAGE
    cause: Cause = Cause.OTHER  # the group of the failure tray
    is_retried: bool = False  # a picture is queued again automatically
    is_page_retried: bool = False  # a page's step is tried again automatically
    helps_to_retry: bool = False  # once it has failed, the same may work now
    helps_to_reword: bool = False  # the provider's last word on this prompt
    is_normal: bool = False  # a page's step uses no try
    is_found_by_check: bool = False  # a check of the account's key finds it, and lifts it


class Code(StrEnum):
    about: About

    def __new__(cls, value: str, about: About | None = None) -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.about = about or About()
        return code

    # --- a call that brought no picture --------------------------------------------------------

    PROVIDER_ERROR = (
        "provider_error",
        About(
            title="The provider refused",
            sentence="The provider refused this picture.",
            helps_to_retry=True,
        ),
    )
    NOT_SENT = (
        "not_sent",
        About(
            cause=Cause.DOWN,
            title="Not sent",
            sentence="The provider could not be reached.",
            is_retried=True,
            is_page_retried=True,
            helps_to_retry=True,
            is_normal=True,
        ),
    )
    RATE_LIMITED = (
        "rate_limited",
        About(
            cause=Cause.RATE_LIMITED,
            title="Waiting for the provider",
            sentence="The provider asked to slow down.",
            is_retried=True,
            is_page_retried=True,
            helps_to_retry=True,
            is_normal=True,
        ),
    )
    OVERLOADED = (
        "overloaded",
        About(
            cause=Cause.DOWN,
            title="Provider overloaded",
            sentence="The provider was overloaded.",
            is_retried=True,
            is_page_retried=True,
            helps_to_retry=True,
        ),
    )
    UNKNOWN = (
        "unknown",
        About(
            cause=Cause.UNKNOWN,
            title="Outcome unknown",
            sentence="It was sent, but no usable answer came. It may have been billed.",
            is_page_retried=True,
        ),
    )
    BLOCKED = (
        "blocked",
        About(
            cause=Cause.BLOCKED,
            title="Blocked by the provider",
            sentence="The provider's safety system refused this prompt.",
            helps_to_reword=True,
        ),
    )
    REJECTED = (
        "rejected",
        About(
            cause=Cause.BLOCKED,
            title="Refused by the provider",
            sentence="The provider could not make a picture from this prompt.",
            helps_to_reword=True,
        ),
    )
    UNDECODABLE = (
        "undecodable",
        About(
            title="Not a picture",
            sentence=(
                "What the provider sent is not a picture that can be shown. It was billed; you can"
                " download it."
            ),
        ),
    )
    LOST = (
        "lost",
        About(
            title="Marked as lost",
            sentence="No answer ever came, and it was marked as lost.",
        ),
    )

    # --- what stops a job or an account --------------------------------------------------------

    PAUSED = (
        "paused",
        About(remedy="Paused by staff. Resume when you are ready.", reach=Reach.JOB),
    )
    CANCELLED = (
        "cancelled",
        About(
            remedy="Cancelled. Pictures that were in flight are kept.",
            reach=Reach.JOB,
            cause=Cause.CANCELLED,
        ),
    )
    JOB_CAP = (
        "job_cap",
        About(
            remedy="The job's budget cap is reached. Raise the cap, then resume.", reach=Reach.JOB
        ),
    )
    DAY_CAP = (
        "day_cap",
        About(
            remedy=(
                "Today's spending cap, the account's or yours, is reached. Raise it or resume"
                " tomorrow."
            ),
            reach=Reach.ACCOUNT,
        ),
    )
    MONTH_CAP = (
        "month_cap",
        About(
            remedy=("This month's spending cap of the account is reached. Raise it, then resume."),
            reach=Reach.ACCOUNT,
        ),
    )
    PERSON_CAP = (
        "person_cap",
        About(
            sentence="The daily cap of whoever asked for it is reached.",
            remedy=(
                "Whoever asked for the pictures that are left has reached their daily cap. Raise"
                " it, or resume tomorrow."
            ),
            reach=Reach.JOB,
        ),
    )
    NO_CREDIT = (
        "no_credit",
        About(
            title="No credit left",
            sentence="The account's credit or spending limit at the provider is used up.",
            remedy=(
                "The account has no credit left at the provider. Top it up there, then resume."
            ),
            reach=Reach.ACCOUNT,
            is_found_by_check=True,
        ),
    )
    BAD_KEY = (
        "bad_key",
        About(
            title="Key refused",
            sentence="The provider refused the account's key.",
            remedy="The provider refused the account's key. Enter a working key, then resume.",
            reach=Reach.ACCOUNT,
            is_found_by_check=True,
        ),
    )
    BAD_ADDRESS = (
        "bad_address",
        About(
            title="Wrong base URL",
            sentence="The server does not take requests at this address: look at the base URL.",
            remedy=(
                "The server does not take requests at the account's base URL. Correct it on the"
                " account's page, press Check, then resume."
            ),
            reach=Reach.ACCOUNT,
            is_found_by_check=True,
        ),
    )
    NOT_VERIFIED = (
        "not_verified",
        About(
            title="Organisation not verified",
            sentence="The provider wants the organisation verified before it makes pictures.",
            remedy=(
                "The provider wants the organisation verified first. Verify it there, wait 15"
                " minutes, then resume."
            ),
            reach=Reach.ACCOUNT,
            is_found_by_check=True,
        ),
    )
    ACCOUNT_OFF = (
        "account_off",
        About(remedy="The account is disabled. Enable it, then resume.", reach=Reach.ACCOUNT),
    )
    OWNER_DELETED = (
        "owner_deleted",
        About(
            remedy=(
                "The owner of the private account was deleted, and nothing more can be bought with"
                " it. Generate the rest in a new job with another account."
            ),
            reach=Reach.ACCOUNT,
        ),
    )
    NEW_OWNER = (
        "new_owner",
        About(
            remedy=(
                "The account was given to another owner: nothing is bought with the old key, and"
                " the new owner decides about this job. Anyone else generates the rest in a new job"
                " with another account."
            ),
            reach=Reach.ACCOUNT,
        ),
    )
    MODEL_RETIRED = (
        "model_retired",
        About(
            cause=Cause.BAD_REQUEST,
            title="Model not available",
            sentence="This model is retired, or this account has no access to it.",
            remedy=(
                "The model is retired, or the account has no access to it. Generate the rest in a"
                " new job with another model."
            ),
            reach=Reach.JOB,
        ),
    )
    BAD_REQUEST = (
        "bad_request",
        About(
            cause=Cause.BAD_REQUEST,
            title="Setting refused",
            sentence="The provider does not accept one of the job's settings.",
            remedy=(
                "The provider does not accept one of the job's settings. Generate the rest in a new"
                " job with other settings."
            ),
            reach=Reach.JOB,
        ),
    )
    NO_USE = (
        "no_use",
        About(
            remedy=(
                "Several calls in a row were billed, or may have been, without a usable picture."
                " Look at the failed tiles, at the account's base URL and at the model,"
                " then resume."
            ),
            reach=Reach.JOB,
        ),
    )
    BREAKER = (
        "breaker",
        About(
            remedy=(
                "Too many pictures failed or were blocked. Look at what their tiles say, reword or"
                " leave out what is refused, then resume."
            ),
            reach=Reach.JOB,
        ),
    )
    NO_PRICE = (
        "no_price",
        About(
            remedy=(
                "The catalogue has no price for what the job asks for. Enter the price, then"
                " resume."
            ),
            reach=Reach.JOB,
        ),
    )
    STORAGE_DOWN = (
        "storage_down",
        About(
            cause=Cause.STORAGE,
            sentence="The storage did not answer.",
            remedy=(
                "The picture storage is down. What was paid for is kept, and buying resumes"
                " automatically once it is back."
            ),
            is_page_retried=True,
        ),
    )

    # --- a page that was not made --------------------------------------------------------------

    SAME_PROMPT = ("same_prompt", About(sentence="Same prompt as its page"))
    FLAGGED = "flagged"
    BAD_CONTENT = ("bad_content", About(is_page_retried=True))
    BAD_MODERATION = (
        "bad_moderation",
        About(sentence="Moderation gave no verdict.", is_page_retried=True),
    )
    NOT_STORED = (
        "not_stored",
        About(sentence="The picture is not in the storage yet.", is_page_retried=True),
    )
    TIMEOUT = ("timeout", About(sentence="It took too long.", is_page_retried=True))
    PAGE_NOT_CREATED = "page_not_created"
    BROKEN = "broken"

    # --- a draft that cannot start -------------------------------------------------------------

    CHANGED = (
        "changed",
        About(
            sentence=(
                "The sheet was changed after this page was made. Look at the new price, then press"
                " again."
            )
        ),
    )
    NOT_YOURS = (
        "not_yours",
        About(sentence="The job's account is private: only its owner can spend with it."),
    )
    EMPTY = ("empty", About(sentence="No prompt is ticked: tick at least one."))
    TOO_LONG = "too_long"


def codes_where(holds: Callable[[About], bool]) -> frozenset[Code]:
    return frozenset(code for code in Code if holds(code.about))


RETRIED = codes_where(lambda about: about.is_retried)
RETRYABLE = codes_where(lambda about: about.helps_to_retry)
REWORDABLE = codes_where(lambda about: about.helps_to_reword)
NORMAL = codes_where(lambda about: about.is_normal)
ACCOUNT_STOPS = codes_where(lambda about: about.reach is Reach.ACCOUNT)
ACCOUNT_FAULTS = codes_where(lambda about: about.is_found_by_check)


def about(code: str) -> About:
    """What is known of a stored code; an empty one says nothing, and so does one that a newer
    version stored.
    """
    try:
        return Code(code).about
    except ValueError:
        return About()
