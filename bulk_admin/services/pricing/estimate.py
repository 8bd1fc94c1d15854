"""The one price function: for the form, the sheet, the reserve, the bill and reports.

Micro-dollars, rounded up per call.

Where a model, size, quality or day has no price it raises UnknownPrice: a guess is never shown and
never reserved.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import Avg, Q

from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    ModelPrice,
    Pool,
    ProviderCall,
)
from bulk_admin.money import usd
from bulk_admin.services.image_providers.base import parse_size
from bulk_admin.services.pricing import rules
from bulk_admin.services.pricing.catalogue import is_offered
from bulk_admin.services.writing import content

MILLION = 1_000_000
BYTES_A_TOKEN = 4  # of English text; only for what is shown, never for what is reserved
PROMPT_OVERHEAD = 16  # tokens around a prompt; 6 were measured
USUAL_SECONDS = 15.0
HISTORY = 200


class UnknownPrice(ValueError):
    """There is no price for this; the message says for what."""


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs, from ``low`` to ``high``; ``exact`` when nothing but the prompt's
    length is uncertain.
    """

    low: int
    high: int
    exact: bool

    def __mul__(self, n: int) -> Price:
        return Price(self.low * n, self.high * n, self.exact)

    def __add__(self, other: Price) -> Price:
        return Price(self.low + other.low, self.high + other.high, self.exact and other.exact)

    @property
    def text(self) -> str:
        low, high = usd(self.low), usd(self.high)
        return low if low == high else f"{low} – {high}"


@dataclass(frozen=True, slots=True)
class Pictures:
    """``count`` pictures of one quality and size, at ``each`` without their prompts."""

    quality: str
    size: str
    count: int
    each: Price


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job would cost and take: its pictures by kind, most first, and the tokens of their
    prompts. ``seconds`` None when nobody can tell.
    """

    kinds: list[Pictures]
    text: Price
    seconds: int | None

    @property
    def pictures(self) -> int:
        return sum(kind.count for kind in self.kinds)

    @property
    def total(self) -> Price:
        return sum((kind.each * kind.count for kind in self.kinds), self.text)


def price_on(model: ImageModel, on: dt.date) -> ModelPrice:
    """The price that holds on a day. Raises UnknownPrice."""
    dated = [price for price in model.prices.all() if price.valid_from <= on]
    if not dated:
        raise UnknownPrice(f"{model.label} has no price for {on}.")
    return max(dated, key=lambda price: price.valid_from)


def price_of_image(model: ImageModel, quality: str, size: str, prompt: str, on: dt.date) -> Price:
    """What one picture is expected to cost. Raises UnknownPrice."""
    price = price_on(model, on)
    text = _per_million(price.text_input, len(prompt.encode()) // BYTES_A_TOKEN + PROMPT_OVERHEAD)
    low, high, _ = _picture_bounds(model, price, quality, size)
    return Price(low + text, high + text, low == high)


def reserve_for(model: ImageModel, quality: str, size: str, prompt: str, on: dt.date) -> int:
    """An upper bound of one picture's price: caps hold only if the bill never exceeds it.

    Raises UnknownPrice.
    """
    price = price_on(model, on)
    _, _, ceiling = _picture_bounds(model, price, quality, size)
    # A token is at least one byte, so a prompt never has more tokens than bytes.
    return ceiling + _per_million(
        price.text_input, len(prompt.encode()) + PROMPT_OVERHEAD if price.text_input else 0
    )


def _picture_bounds(
    model: ImageModel, price: ModelPrice, quality: str, size: str
) -> tuple[int, int, int]:
    """What the picture itself costs: expected low, expected high, and never more than."""
    if not is_offered(model, quality, size):
        raise UnknownPrice(f"{model.label} has no price for {quality or 'no quality'} at {size}.")
    if not model.token_rule:
        flat = _flat(model, price, quality, size)
        return flat, flat, flat
    tokens = output_tokens(model.token_rule, quality, size)
    if price.image_output <= 0:
        raise UnknownPrice(
            f"{model.label} is billed by tokens and has no price for them. Enter it in the"
            " catalogue."
        )
    low, high = model.token_rule.get("percent", {}).get(quality, (100, 100))
    ceiling = max(high, model.token_rule.get("ceiling_percent", {}).get(quality, 100))
    low_cost, high_cost, most = (
        _per_million(price.image_output, -(-tokens * percent // 100))
        for percent in (low, high, ceiling)
    )
    return low_cost, high_cost, most


def output_tokens(rule: Mapping[str, Any], quality: str, size: str) -> int:
    """Output tokens of one picture by the "patches" rule: a formula that a community member drew
    out of OpenAI's calculator.

    https://community.openai.com/t/gpt-image-2-output-pricing-calculator-online-and-in-your-code/1382699;
    checked against seven published or measured figures. Raises UnknownPrice.
    """
    if problem := rules.token_rule(rule):
        raise UnknownPrice(f"The catalogue's token rule is not sound. {problem}")
    factor = rule.get("factors", {}).get(quality)
    if not factor:
        raise UnknownPrice(f"There is no token rule for quality {quality!r}.")
    width, height = parse_size(size)
    longer, shorter = max(width, height), min(width, height)
    scaled = (2 * factor * shorter + longer) // (2 * longer)
    return int(-(-factor * scaled * (2_000_000 + width * height) // 4_000_000))


def _flat(model: ImageModel, price: ModelPrice, quality: str, size: str) -> int:
    table = price.per_image if isinstance(price.per_image, dict) else {}
    for key in (f"{quality}|{size}", f"{quality}|*", f"*|{size}", "*"):
        if key in table:
            return _amount(model, table[key])
    if "per_megapixel" in table:
        width, height = parse_size(size)
        return _amount(model, table.get("base", 0)) + -(
            -_amount(model, table["per_megapixel"]) * width * height // MILLION
        )
    raise UnknownPrice(f"{model.label} has no price for {quality or 'a picture'} at {size}.")


def _amount(model: ImageModel, value: Any) -> int:
    if not rules.is_amount(value):
        raise UnknownPrice(
            f"{model.label} has a flat price that is no whole number of micro-dollars. Correct it"
            " in the catalogue."
        )
    return int(value)


def _per_million(price: int, tokens: int) -> int:
    return -(-price * tokens // MILLION)


def cost_from_usage(model: ImageModel, usage: Mapping[str, int], on: dt.date) -> int | None:
    """What a call cost by the usage that the provider reported; None when that does not say.

    So it is without output tokens, and where the model has no price a token: a flat price is not
    nothing.
    """
    try:
        price = price_on(model, on)
    except UnknownPrice:
        # The price was deleted while the call was under way: it must be booked all the same
        return None
    if not any(
        each and usage.get(name)
        for each, name in ((price.image_output, "image_output"), (price.text_output, "text_output"))
    ):
        return None
    pairs = (
        (price.text_input, "text_input"),
        (price.image_input, "image_input"),
        (price.image_output, "image_output"),
        (price.text_output, "text_output"),
    )
    return -(-sum(each * int(usage.get(name, 0)) for each, name in pairs) // MILLION)


def text_reserve(model: ImageModel, prompt: str, style_note: str, on: dt.date) -> int:
    """An upper bound of what a page's text costs. Raises UnknownPrice."""
    price = price_on(model, on)
    input_tokens, output_limit = content.token_ceiling(prompt, style_note)
    return _per_million(price.text_input, input_tokens) + _per_million(
        price.text_output, output_limit
    )


def estimate_job(
    job: BulkGenerationJob,
    model: ImageModel,
    rows: Iterable[GeneratedImage],
    prompts: Iterable[str],
    on: dt.date,
    pool: Pool | None = None,
) -> Estimate:
    """What these rows would cost: ``prompts`` are their texts as they will be sent. Raises
    UnknownPrice.
    """
    kinds: Counter[tuple[str, str]] = Counter()
    price = price_on(model, on)
    text = 0
    for row, prompt in zip(rows, prompts, strict=True):
        n = row.count or job.images_per_prompt
        kinds[(row.quality or job.quality, row.size or job.size)] += n
        text += n * _per_million(
            price.text_input, len(prompt.encode()) // BYTES_A_TOKEN + PROMPT_OVERHEAD
        )
    found = []
    for (quality, size), n in kinds.most_common():
        low, high, _ = _picture_bounds(model, price, quality, size)
        found.append(Pictures(quality, size, n, Price(low, high, low == high)))
    return Estimate(found, Price(text, text, True), seconds_for(sum(kinds.values()), pool, model))


def seconds_for(pictures: int, pool: Pool | None, model: ImageModel) -> int | None:
    """How long so many pictures take at the pool's pace, if nothing else uses it."""
    if pool is None or not pictures:
        return None
    each = usual_seconds(model)
    at_once = max(pool.max_in_flight, 1)
    by_slots = each * -(-pictures // at_once)
    by_limit = (
        pool.window.total_seconds() * ((pictures - 1) // pool.limit_per_minute) + each
        if pool.limit_per_minute
        else each
    )
    return round(max(by_slots, by_limit))


def usual_seconds(model: ImageModel) -> float:
    """How long one picture of this model took lately."""
    newest = GeneratedImage.objects.filter(
        job__model_name=model.name, status=ImageStatus.COMPLETED, seconds__gt=0
    ).order_by("-pk")[:50]
    return (
        GeneratedImage.objects.filter(pk__in=newest.values("pk")).aggregate(mean=Avg("seconds"))[
            "mean"
        ]
        or USUAL_SECONDS
    )


@dataclass(frozen=True, slots=True)
class History:
    """What pictures like these really cost: how many are known, and the low, middle and high of
    them.
    """

    n: int
    low: int
    middle: int
    high: int


def history(job: BulkGenerationJob) -> History | None:
    """The latest delivered calls for pictures like the job's: same provider, model, quality and
    size; None with fewer than three.
    """
    quality, size = job.quality, job.size
    asked_for = Q(image__quality=quality) | Q(image__quality="", image__job__quality=quality)
    asked_for &= Q(image__size=size) | Q(image__size="", image__job__size=size)
    calls = ProviderCall.objects.filter(
        asked_for,
        state=CallState.DELIVERED,
        is_estimated=False,
        image__job__provider=job.provider,
        model_name=job.model_name,
    )
    costs = sorted(
        cost for cost in calls.values_list("actual", flat=True)[:HISTORY] if cost is not None
    )
    if len(costs) < 3:
        return None
    return History(
        len(costs), costs[len(costs) // 20], round(median(costs)), costs[-1 - len(costs) // 20]
    )
