"""What a job will cost, line by line, and how far that can be trusted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bulk_admin.formats import duration
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, Pool
from bulk_admin.money import MICRO, usd, usd_total
from bulk_admin.selectors.offers import image_pool
from bulk_admin.selectors.spending import cap_left_today
from bulk_admin.services.drafting.settings import compose_prompt
from bulk_admin.services.pricing.estimate import (
    Price,
    UnknownPrice,
    estimate_job,
    history,
    price_of_image,
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


def whole_cents(price: Price) -> str:
    """A total as people read it: cents, rounded up, and finer only where it is less than ten of
    them.
    """
    low, high = (
        amount if amount < 10 * CENT else -(-amount // CENT) * CENT
        for amount in (price.low, price.high)
    )
    return usd_total(low) if low == high else f"{usd_total(low)} – {usd_total(high)}"


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
    found = Bill(
        pictures=estimate.pictures,
        total=whole_cents(estimate.total) if images else "$0.00",
        minutes=_minutes(estimate.seconds, pool),
        lines=_price_lines(job, images, model, on),
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


def _price_lines(
    job: BulkGenerationJob, images: Sequence[GeneratedImage], model: ImageModel, on: dt.date
) -> list[BillLine]:
    """One line for each size and quality, as most jobs have just one."""
    groups: Counter[tuple[str, str]] = Counter()
    for image in images:
        groups[image.quality or job.quality, image.size or job.size] += (
            image.count or job.images_per_prompt
        )
    groups = groups or Counter({(job.quality, job.size): 0})
    return [
        _price_line(model, quality, size, count, len(groups) > 1, on)
        for (quality, size), count in groups.most_common(6)
    ]


def _price_line(
    model: ImageModel, quality: str, size: str, count: int, several: bool, on: dt.date
) -> BillLine:
    label = " · ".join(
        part for part in (quality.capitalize(), size.replace("x", "×"), model.label) if part
    )
    try:
        price = price_of_image(model, quality, size, "", on).text
    except UnknownPrice:
        price = "unknown"
    return BillLine(label, f"{count:,} × {price}" if several else f"× {price}")


def _seen_before(job: BulkGenerationJob) -> str:
    """What pictures like these came to: cost is a fact of the ledger, the estimate is not."""
    found = history(job.model_name, job.quality, job.size)
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
