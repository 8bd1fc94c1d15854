"""What a job will cost, line by line, and how far that can be trusted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from bulk_admin.formats import duration, times
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, Pool
from bulk_admin.money import MICRO, usd, usd_exact, usd_total
from bulk_admin.selectors.offers import image_pool
from bulk_admin.selectors.spending import cap_left_today
from bulk_admin.services.drafting.settings import compose_prompt
from bulk_admin.services.pricing.estimate import (
    Estimate,
    Pictures,
    Price,
    UnknownPrice,
    estimate_job,
    history,
)

CENT = MICRO // 100


@dataclass(frozen=True, slots=True)
class BillLine:
    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """``total`` is "" while no price can be given; ``notes`` say how it was reckoned."""

    pictures: int = 0
    total: str = ""
    minutes: str = ""
    lines: list[BillLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def rounded_up(amount: int) -> int:
    """A total as people read it: whole cents, and finer only where it is less than ten of them."""
    step = CENT if amount >= 10 * CENT else CENT // 100
    return -(-amount // step) * step


def _range(price: Price) -> str:
    low, high = usd_exact(price.low), usd_exact(price.high)
    return low if low == high else f"{low} – {high}"


def bill_of(
    job: BulkGenerationJob,
    images: Sequence[GeneratedImage],
    model: ImageModel,
    on: dt.date,
    person_id: int | None,
) -> Bill:
    """Of the rows that would be bought. Constant number of queries."""
    prompts = [compose_prompt(job, image.prompt_text) for image in images]
    pool = image_pool(job.account_id)
    try:
        estimate = estimate_job(job, model, images, prompts, on, pool)
    except UnknownPrice as error:
        return Bill(
            pictures=sum(image.count or job.images_per_prompt for image in images),
            warnings=[str(error)],
        )
    exact = estimate.total
    total = Price(rounded_up(exact.low), rounded_up(exact.high), exact.exact)
    found = Bill(
        pictures=estimate.pictures,
        total=_range(total),
        minutes=_minutes(estimate.seconds, pool),
        lines=_lines(model, estimate, total),
    )
    found.notes.extend(
        note
        for note in (_how(model, estimate.total), _seen_before(job), found.minutes)
        if note and images
    )
    _look_at_caps(found, job, estimate.total.high, person_id)
    return found


def _how(model: ImageModel, total: Price) -> str:
    if not model.token_rule:
        return "Flat price per image."
    return (
        "Billed by tokens: the picture's by its size and quality, the prompt's by its length."
        + ("" if total.exact else " The provider varies the first, so it is a range.")
    )


def _minutes(seconds: int | None, pool: Pool | None) -> str:
    if not seconds:
        return ""
    pace = (
        f" at {pool.limit_per_minute:,} pictures per minute"
        if pool and pool.limit_per_minute
        else ""
    )
    return f"About {duration(seconds)}{pace}."


def _lines(model: ImageModel, found: Estimate, total: Price) -> list[BillLine]:
    """What the total is made of, to the last digit: one line for each size and quality, one for
    the prompts' own tokens, and one for what the total is rounded up by.
    """
    lines = [_line(model, kind) for kind in found.kinds]
    if found.text.high:
        lines.append(BillLine("Tokens of the prompts", _range(found.text)))
    exact = found.total
    up = Price(total.low - exact.low, total.high - exact.high, exact.exact)
    if up.low or up.high:
        lines.append(BillLine("Rounded up by", _range(up)))
    return lines


def _line(model: ImageModel, kind: Pictures) -> BillLine:
    parts = (kind.quality.capitalize(), times(kind.size), model.label)
    label = " · ".join(part for part in parts if part)
    label = f"{label}, {kind.count:,} × {_range(kind.each)}"
    return BillLine(label, _range(kind.each * kind.count))


def _seen_before(job: BulkGenerationJob) -> str:
    """What pictures like these came to: cost is a fact of the ledger, the estimate is not."""
    found = history(job)
    if found is None:
        return ""
    spread = usd(found.low) if found.low == found.high else f"{usd(found.low)} – {usd(found.high)}"
    return f"The last {found.n:,} like these cost {spread} each, mostly {usd(found.middle)}."


def _look_at_caps(found: Bill, job: BulkGenerationJob, high: int, person_id: int | None) -> None:
    today = cap_left_today(job.account, person_id)
    if today is not None and today.left < high:
        found.warnings.append(
            f"Only {usd_total(today.left)} of today's {usd_total(today.cap)} is left: the job will"
            " pause there and go on when you resume it."
        )
    elif today is not None:
        found.notes.append(
            f"{usd_total(today.left - high)} of today's {usd_total(today.cap)} is left afterwards."
        )
    if job.budget_cap is not None and job.budget_cap < high:
        found.warnings.append(f"The job's cap is {usd_total(job.budget_cap)}: it will pause there.")
