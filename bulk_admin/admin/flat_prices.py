"""Flat prices on the form: a row for each quality and size, in dollars; "any" and an empty box
stand for every one.

In the database they are ``ModelPrice.per_image``: {"quality|size": micro-dollars}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString

from bulk_admin.services.pricing import rules

from .fields import UsdField

ANY = "any"
EMPTY_ROWS = 2
AREA = {"base": "Start of every picture", "per_megapixel": "Each megapixel"}
USD = UsdField(required=False)


@dataclass(frozen=True, slots=True)
class Row:
    """As it stands in the form: quality, size and dollars in words."""

    quality: str
    size: str
    usd: str

    @property
    def is_empty(self) -> bool:
        return not (self.quality or self.size or self.usd)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds: the rows, and the two prices by area, by their keys."""

    rows: Sequence[Row]
    area: Mapping[str, str]


class FlatPricesWidget(forms.Widget):
    template_name = "admin/bulk_admin/imagemodel/flat_prices.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        typed = value if isinstance(value, Typed) else _shown(value)
        context = super().get_context(name, value, attrs)
        context["rows"] = [*typed.rows, *[Row("", "", "")] * EMPTY_ROWS]
        context["area"] = [(key, label, typed.area.get(key, "")) for key, label in AREA.items()]
        return context

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        """By the project's templates, where ours are, whatever renders its other forms."""
        ours = TemplatesSetting()
        draw: Any = super()._render  # type: ignore[misc]  # unstubbed
        drawn: SafeString = draw(template_name, context, ours)
        return drawn

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Typed:
        columns = (data.getlist(f"{name}-{column}") for column in ("quality", "size", "usd"))
        rows = [Row(*(text.strip() for text in row)) for row in zip(*columns, strict=False)]
        area = {key: data.get(f"{name}-{key}", "").strip() for key in AREA}
        return Typed([row for row in rows if not row.is_empty], area)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-usd" not in data

    def id_for_label(self, id_: str | None) -> str:
        return ""  # each of its fields has a label of its own


class FlatPricesField(forms.Field):
    widget = FlatPricesWidget

    def clean(self, value: Typed) -> dict[str, int]:
        prices: dict[str, int] = {}
        for key, text in [*_keyed(value.rows), *value.area.items()]:
            if key not in AREA and not rules.FLAT_KEY.fullmatch(key):
                raise ValidationError(
                    "Write a size as 1024x1024, and a quality as the model names it, or any."
                )
            if key in prices:
                raise ValidationError("Two rows have a price for the same quality and size.")
            amount = USD.to_python(text)
            if amount is not None:
                prices[key] = amount
            elif key not in AREA:
                raise ValidationError("A row has a quality or a size, and no price.")
        if problem := rules.flat_prices(prices):
            raise ValidationError(problem)
        return prices

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != (initial or {}))
        except ValidationError:
            return True

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data


def _keyed(rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
    for row in rows:
        quality, size = (
            "*" if text.lower() in ("", ANY, "*") else text.lower().replace("×", "x")
            for text in (row.quality, row.size)
        )
        yield "*" if (quality, size) == ("*", "*") else f"{quality}|{size}", row.usd


def _shown(prices: Any) -> Typed:
    """Of what the database has; keys that are no keys stand where they can be corrected."""
    table = prices if isinstance(prices, dict) else {}
    usd = {key: str(USD.prepare_value(amount)) for key, amount in table.items()}
    rows = []
    for key, amount in usd.items():
        if key not in AREA:
            quality, _, size = key.partition("|")
            rows.append(Row(_word(quality), _word(size or "*").replace("x", "×"), amount))
    return Typed(rows, {key: usd[key] for key in AREA if key in usd})


def _word(part: str) -> str:
    return ANY if part in ("", "*") else part
