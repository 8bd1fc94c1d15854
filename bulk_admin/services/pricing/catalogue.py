"""What the catalogue of models says: which may be chosen, which sizes they take, and when they
end.
"""

from __future__ import annotations

import datetime as dt
from math import log, prod
from typing import Any

from django.db.models import QuerySet

from bulk_admin.models import CallKind, ImageModel, ProviderAccount
from bulk_admin.services.image_providers.base import parse_size
from bulk_admin.services.pricing import rules

SAME_SHAPE = 0.02


class ModelNotAvailable(Exception):
    """The model may not be used; the message says why and what to use instead."""


def validate_size(model: ImageModel, size: str) -> str:
    """ "" when the model makes pictures of that size, else the sentence that says why not."""
    try:
        width, height = parse_size(size)
    except ValueError as error:
        return str(error)
    sizes = _listed(model.sizes)
    if size in sizes:
        return ""
    rule = model.size_rule
    if not rule or rules.size_rule(rule):
        return f"{model.label} makes {', '.join(sizes) or 'no size'}."
    if width % rule["multiple"] or height % rule["multiple"]:
        return f"Both sides must be multiples of {rule['multiple']}."
    if max(width, height) > rule["longest"]:
        return f"No side may be longer than {rule['longest']}."
    if max(width, height) > rule["max_ratio"] * min(width, height):
        return f"One side may be at most {rule['max_ratio']} times the other."
    if not rule["min_pixels"] <= width * height <= rule["max_pixels"]:
        return (
            f"A picture must have between {rule['min_pixels']:,} and {rule['max_pixels']:,} pixels."
        )
    return ""


def is_offered(model: ImageModel, quality: str, size: str) -> bool:
    qualities = _listed(model.qualities)
    return (quality in qualities or (not qualities and not quality)) and not validate_size(
        model, size
    )


def size_of_ratio(model: ImageModel, ratio: float, *, near: str) -> str:
    """The size of that shape (width by height) whose area is nearest to that of ``near``; "" when
    the model makes none. A shape of 2 % less or more counts as the same.
    """
    area = prod(parse_size(near))
    listed = [size for size in _listed(model.sizes) if _has_ratio(size, ratio)]
    if listed:
        return min(listed, key=lambda size: abs(log(prod(parse_size(size)) / area)))
    step = model.size_rule.get("multiple") if isinstance(model.size_rule, dict) else 0
    if type(step) is not int or step < 1 or not 0.01 <= ratio <= 100:
        return ""
    width = round((area * ratio) ** 0.5 / step) * step
    height = round((area / ratio) ** 0.5 / step) * step
    size = f"{width}x{height}"
    return size if _has_ratio(size, ratio) and not validate_size(model, size) else ""


def _has_ratio(size: str, ratio: float) -> bool:
    try:
        width, height = parse_size(size)
    except ValueError:
        return False
    return abs(width / height / ratio - 1) <= SAME_SHAPE


def _listed(texts: Any) -> list[str]:
    """A row may hold what no form of ours would save: a price function must not break on it."""
    return [] if rules.texts(texts) else list(texts)


def image_models(provider: str) -> QuerySet[ImageModel]:
    return ImageModel.objects.filter(provider=provider, kind=CallKind.IMAGE).prefetch_related(
        "prices"
    )


def model_for(
    account: ProviderAccount, name: str, on: dt.date, *, kind: str = CallKind.IMAGE
) -> ImageModel:
    """The account's model of that name, with its prices. Raises ModelNotAvailable."""
    model = (
        ImageModel.objects.filter(provider=account.provider, kind=kind, name=name)
        .prefetch_related("prices")
        .first()
    )
    if model is None:
        raise ModelNotAvailable(
            f"The catalogue has no model {name} for {account.label}. Choose another one."
        )
    if model.is_retired(on):
        raise ModelNotAvailable(retirement_notice(model))
    if not model.is_enabled:
        raise ModelNotAvailable(
            f"{model.label} is disabled in the catalogue. Choose another one, or enable it."
        )
    return model


def retirement_notice(model: ImageModel) -> str:
    """A sentence for a model that has ended."""
    instead = f"Use {model.successor} instead." if model.successor else "Choose another one."
    return f"{model.label} was retired on {model.retired_on:%d %b %Y}. {instead}"


def retirement_warning(model: ImageModel, on: dt.date) -> str:
    """A sentence for a model that ends within 30 days, else ""."""
    if not model.retires_soon(on):
        return ""
    instead = f" Its successor is {model.successor}." if model.successor else ""
    return f"{model.label} ends on {model.retired_on:%d %b %Y}.{instead}"
