"""What the ledger answers when it is asked for a call."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bulk_admin.models import BulkGenerationJob, GeneratedImage, Pool, ProviderCall
from bulk_admin.services.drafting.settings import compose_prompt, image_options
from bulk_admin.services.image_providers import ImageOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """Leave for one call. Good for PERMIT_AGE seconds from ``stamp`` (``boottime``)."""

    call_id: uuid.UUID
    kind: str
    image_id: int
    job_id: uuid.UUID
    account_id: int
    pool_id: int
    attempt: int
    prompt: str
    model: str
    size: str = ""
    quality: str = ""
    options: ImageOptions = field(default_factory=ImageOptions)
    # The account's key, encrypted, as it was when leave was given: no other one may be used.
    sealed_key: str = field(default="", repr=False)
    stamp: float = field(default_factory=lambda: boottime())

    @classmethod
    def for_image(
        cls,
        call: ProviderCall,
        pool: Pool,
        job: BulkGenerationJob,
        image: GeneratedImage,
        *,
        stamp: float,
    ) -> Permit:
        """Leave to buy the picture of an image, with its own size and quality or its job's."""
        return replace(
            cls._for(call, pool, image, compose_prompt(job, image.prompt_text), stamp),
            size=image.size or job.size,
            quality=image.quality or job.quality,
            options=image_options(job, image),
        )

    @classmethod
    def for_text(
        cls, call: ProviderCall, pool: Pool, image: GeneratedImage, *, stamp: float
    ) -> Permit:
        """Leave to buy the text of an image's page."""
        return cls._for(call, pool, image, image.prompt_text, stamp)

    @classmethod
    def _for(
        cls, call: ProviderCall, pool: Pool, image: GeneratedImage, prompt: str, stamp: float
    ) -> Permit:
        return cls(
            call_id=call.pk,
            kind=call.kind,
            image_id=image.pk,
            job_id=image.job_id,
            account_id=pool.account_id,
            pool_id=pool.pk,
            attempt=call.attempt,
            prompt=prompt,
            model=call.model_name,
            sealed_key=pool.account.encrypted_key,
            stamp=stamp,
        )

    @property
    def ids(self) -> dict[str, object]:
        """For a log line; the prompt stays out of it."""
        names = (
            "kind",
            "job_id",
            "image_id",
            "call_id",
            "account_id",
            "pool_id",
            "attempt",
            "model",
        )
        return {name.removesuffix("_id"): str(getattr(self, name)) for name in names}


class Why(StrEnum):
    """What a pool waits for."""

    COOLDOWN = "cooldown"  # the provider asked to slow down
    PACE = "pace"  # its calls per minute are used up
    GAP = "gap"  # the last call is too near
    IN_FLIGHT = "in_flight"  # as many calls as it may have are out
    CAP_RESERVED = "cap_reserved"  # a cap's room is reserved: what is not billed gives it back
    SLOW_START = "slow_start"  # its models have to show first that they bring something usable
    NOT_DUE = "not_due"  # what is queued is to be tried later
    TAKEN = "taken"  # another worker was faster


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent for this many seconds."""

    seconds: float
    why: Why


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing may leave from this pool, or with ``person_id`` for pages that this person asked for,
    until what ``code`` names is resolved.
    """

    code: str
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is queued for this pool."""


Answer = Permit | Wait | Stop | Idle


def boottime() -> float:
    """Seconds on a clock that nobody sets and that goes on while the process or the machine is
    stopped.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
