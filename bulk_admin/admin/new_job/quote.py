"""What a job will cost, in the words of the form's bill and of the sheet's."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bulk_admin.admin.bulk_actions.kit import counted
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, Pool
from bulk_admin.models.statuses import CallKind
from bulk_admin.money import MICRO, usd, usd_total
from bulk_admin.selectors.offers import cap_left_today
from bulk_admin.services.drafting.drafts import compose_prompt
from bulk_admin.services.drafting.intake import Problem
from bulk_admin.services.pricing.estimate import (
    Price,
    UnknownPrice,
    estimate_job,
    history,
    price_of_image,
)
from bulk_admin.templatetags.bulk import duration

from .form import SHOWN_PROBLEMS, NewJobForm, each_text

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What stands beside the form."""

    prompts: int
    bill: Bill
    problems: list[Problem]
    problem_count: int
    sent: str
    each: list[dict[str, str]]
    refused: str = ""

    @property
    def summary(self) -> str:
        if self.refused:
            return self.refused
        if not self.prompts:
            return "No prompts yet"
        return f"{counted(self.bill.pictures, 'picture')} · {self.bill.total}" if self.bill.total else counted(self.prompts, "prompt")

    @property
    def button(self) -> str:
        return f"Review {counted(self.prompts, 'prompt')}" if self.prompts else "Review prompts"


def whole_cents(price: Price) -> str:
    """A total as people read it: cents, rounded up, and finer only where it is less than ten of them."""
    low, high = (amount if amount < 10 * CENT else -(-amount // CENT) * CENT for amount in (price.low, price.high))
    return usd_total(low) if low == high else f"{usd_total(low)} – {usd_total(high)}"


def of_form(form: NewJobForm) -> Quote:
    """Of a bound form, valid or not: as much as its choices allow."""
    job = _job_of(form)
    images = [GeneratedImage(prompt_text=row.text, size=row.size, quality=row.quality, count=row.count) for row in form.rows]
    model = form.model_choice.model if form.model_choice else None
    found = bill(job, images, model, form.on, form.person.pk) if job and model else Bill()
    for choice in (form.account_choice, form.model_choice):
        found.warnings.extend(text for text in (choice.warning, choice.why_not) if text) if choice else None
    return Quote(
        prompts=len(images),
        bill=found,
        problems=form.problems[:SHOWN_PROBLEMS],
        problem_count=len(form.problems),
        sent=compose_prompt(job, images[0].prompt_text)[:2_000] if job and images else "",
        each=_each_quality(job, model, form.on) if job and model else [],
        refused=form.refused,
    )


def _job_of(form: NewJobForm) -> BulkGenerationJob | None:
    """An unsaved job that says what the form says so far; its own defaults where the form says nothing usable."""
    if form.account_choice is None or form.model_choice is None:
        return None
    data = form.cleaned_data if form.is_bound and hasattr(form, "cleaned_data") else form.initial
    model, account = form.model_choice.model, form.account_choice.account
    size, quality = data.get("size") or model.default_size, data.get("quality") or model.default_quality
    return BulkGenerationJob(
        account=account,
        provider=account.provider,
        model_name=model.name,
        size=size if size in model.sizes else model.default_size,
        quality=quality if quality in model.qualities else model.default_quality,
        images_per_prompt=data.get("images_per_prompt") or 1,
        character_description=data.get("character_description") or "",
        prompt_prefix=data.get("prompt_prefix") or "",
        prompt_suffix=data.get("prompt_suffix") or "",
        budget_cap=data.get("budget_cap"),
    )


def _each_quality(job: BulkGenerationJob, model: ImageModel, on: dt.date) -> list[dict[str, str]]:
    return [{"value": quality, "price": each_text(model, quality, job.size, on)} for quality in model.qualities]


def bill(job: BulkGenerationJob, images: Sequence[GeneratedImage], model: ImageModel, on: dt.date, person_id: int | None) -> Bill:
    """Of the rows that would be bought. Constant number of queries."""
    prompts = [compose_prompt(job, image.prompt_text) for image in images]
    pool = Pool.objects.filter(account=job.account_id, kind=CallKind.IMAGE).first()
    try:
        estimate = estimate_job(job, model, images, prompts, on, pool)
    except UnknownPrice as error:
        return Bill(pictures=sum(image.count or job.images_per_prompt for image in images), warnings=[str(error)])
    found = Bill(
        pictures=estimate.pictures,
        total=whole_cents(estimate.total) if images else "$0.00",
        minutes=_minutes(estimate.seconds, pool),
        lines=_price_lines(job, images, model, on),
    )
    found.notes.extend(note for note in (_how(model, estimate.total), _seen_before(job), found.minutes) if note and images)
    _look_at_caps(found, job, estimate.total.high, person_id)
    return found


def _how(model: ImageModel, total: Price) -> str:
    if not model.token_rule:
        return "A flat price an image."
    return "Billed by tokens: the picture's by its size and quality, the prompt's by its length." + (
        "" if total.exact else " The provider varies the first, so it is a range."
    )


def _minutes(seconds: int | None, pool: Pool | None) -> str:
    if not seconds:
        return ""
    pace = f" at {pool.limit_per_minute:,} pictures a minute" if pool and pool.limit_per_minute else ""
    return f"About {duration(seconds)}{pace}."


def _price_lines(job: BulkGenerationJob, images: Sequence[GeneratedImage], model: ImageModel, on: dt.date) -> list[BillLine]:
    """One line for each size and quality, as most jobs have just one."""
    groups: Counter[tuple[str, str]] = Counter()
    for image in images:
        groups[image.quality or job.quality, image.size or job.size] += image.count or job.images_per_prompt
    groups = groups or Counter({(job.quality, job.size): 0})
    return [_price_line(model, quality, size, count, len(groups) > 1, on) for (quality, size), count in groups.most_common(6)]


def _price_line(model: ImageModel, quality: str, size: str, count: int, several: bool, on: dt.date) -> BillLine:
    label = " · ".join(part for part in (quality.capitalize(), size.replace("x", "×"), model.label) if part)
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
        found.warnings.append(f"Only {usd_total(today.left)} of today's {usd_total(today.cap)} is left: the job will pause there and go on when you resume it.")
    elif today is not None:
        found.notes.append(f"{usd_total(today.left - high)} of today's {usd_total(today.cap)} is left afterwards.")
    if job.budget_cap is not None and job.budget_cap < high:
        found.warnings.append(f"The job's cap is {usd_total(job.budget_cap)}: it will pause there.")
