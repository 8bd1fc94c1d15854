"""The catalogue of models: staff's to edit, prices in dollars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, JSONField
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from bulk_admin.formats import times
from bulk_admin.models import ImageModel, ModelPrice
from bulk_admin.progress import Pill
from bulk_admin.services.drafting.settings import OPTIONAL
from bulk_admin.services.image_providers import provider_choices
from bulk_admin.services.pricing import rules
from bulk_admin.services.pricing.estimate import UnknownPrice, price_of_image

from .fields import PlainJSONField, RequiredUsdField, WordsField
from .flat_prices import FlatPricesField
from .options import ModelAdmin, StackedInline

PRICES = ("text_input", "image_input", "image_output", "text_output")
SWITCHES = ("is_enabled", "is_default")
REMARK = "By the prices that are saved and hold today, without the prompt's own tokens."
KNOWN_LATER = ("So one picture costs", "Now")
SHORT_JSON: dict[type[Field[Any, Any]], dict[str, Any]] = {
    JSONField: {
        "form_class": PlainJSONField,
        "widget": forms.Textarea(attrs={"rows": 4, "cols": 60, "spellcheck": "false"}),
    }
}


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    text_input = RequiredUsdField(required=False)
    image_input = RequiredUsdField(required=False)
    image_output = RequiredUsdField(required=False)
    text_output = RequiredUsdField(required=False)
    per_image = FlatPricesField(
        required=False,
        label="Flat prices",
        help_text=(
            "For a model that is not billed by tokens. The row that fits best is used: quality and"
            " size, then quality, then size, then any."
        ),
    )

    class Meta:
        model = ModelPrice
        fields = ("valid_from", *PRICES, "per_image", "source", "confidence")
        labels = {"valid_from": "Valid from"}


def _sound(value: Any, empty: Any, problem_of: Callable[[Any], str]) -> Any:
    value = empty if value is None else value  # an emptied box, which is no JSON null to us
    if problem := problem_of(value):
        raise ValidationError(problem)
    return value


class PriceInline(StackedInline[ModelPrice, ImageModel]):
    model = ModelPrice
    form = PriceForm
    formfield_overrides = SHORT_JSON
    fields = (("valid_from", "confidence"), PRICES, "per_image", "source")
    extra = 0
    verbose_name_plural = "Prices: US dollars, per million tokens"


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    provider = forms.ChoiceField(choices=provider_choices)
    sizes = WordsField(help_text="Sizes on offer, as WIDTHxHEIGHT. Separate with commas.")
    qualities = WordsField()
    output_formats = WordsField()
    backgrounds = WordsField()
    takes = WordsField(help_text=f"Optional settings that it takes: {', '.join(OPTIONAL)}.")

    class Meta:
        model = ImageModel
        labels = {"is_enabled": "Enabled", "is_default": "Default for new jobs"}
        fields = "__all__"  # noqa: DJ007  # a row of the catalogue has nothing to hide

    def clean_sizes(self) -> Any:
        return _sound(self.cleaned_data["sizes"], [], rules.texts)

    def clean_qualities(self) -> Any:
        return _sound(self.cleaned_data["qualities"], [], rules.texts)

    def clean_output_formats(self) -> Any:
        return _sound(self.cleaned_data["output_formats"], [], rules.texts)

    def clean_backgrounds(self) -> Any:
        return _sound(self.cleaned_data["backgrounds"], [], rules.texts)

    def clean_takes(self) -> Any:
        return _sound(self.cleaned_data["takes"], [], partial(rules.names, known=OPTIONAL))

    def clean_size_rule(self) -> Any:
        return _sound(self.cleaned_data["size_rule"], {}, rules.size_rule)

    def clean_token_rule(self) -> Any:
        return _sound(self.cleaned_data["token_rule"], {}, rules.token_rule)

    def _get_validation_exclusions(self) -> set[str]:
        out: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # unstubbed
        return {*out, "is_default"}


@admin.register(ImageModel)
class ImageModelAdmin(ModelAdmin[ImageModel]):
    form = ModelForm
    formfield_overrides = SHORT_JSON
    inlines = [PriceInline]
    list_display = (
        "label",
        "name",
        "provider",
        "kind",
        "life",
        "typical_price",
        "is_enabled",
        "is_default",
    )
    list_filter = ("provider", "kind", "is_enabled")
    search_fields = ("label", "name")
    readonly_fields = ("life", "typical_price", "picture_costs")
    fieldsets = (
        (
            None,
            {"fields": (("label", "name"), ("kind", "provider", "sort_order"), *SWITCHES)},
        ),
        (
            "What it takes",
            {
                "fields": (
                    "sizes",
                    "qualities",
                    ("default_size", "default_quality", "prompt_limit"),
                    ("output_formats", "backgrounds", "takes"),
                )
            },
        ),
        (
            "For maintainers",
            {"classes": ("collapse", "mono"), "fields": ("size_rule", "token_rule")},
        ),
        ("So one picture costs", {"fields": ("picture_costs",), "description": REMARK}),
        ("Now", {"classes": ("aside", "facts"), "fields": ("life", "typical_price")}),
        (
            "Life",
            {"classes": ("aside",), "fields": ("released", "retired_on", "successor", "note")},
        ),
    )

    def get_fieldsets(self, request: Any, obj: Any = None) -> Any:
        """A model that is not saved yet has no state and no price."""
        shown = self.fieldsets
        return shown if obj else [each for each in shown if each[0] not in KNOWN_LATER]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("prices")

    def save_model(self, request: Any, obj: ImageModel, form: Any, change: bool) -> None:
        if obj.is_default and "is_default" in form.changed_data:
            ImageModel.objects.filter(
                provider=obj.provider, kind=obj.kind, is_default=True
            ).exclude(pk=obj.pk).update(is_default=False)
        obj.save(
            update_fields=[name for name in form.changed_data if name in form.fields]
        ) if change else obj.save()

    @admin.display(description="in use", ordering="retired_on")
    def life(self, model: ImageModel) -> str:
        today = timezone.now().date()
        if model.is_retired(today):
            return str(Pill("off", f"Retired {_day(model.retired_on)}"))
        if model.retires_soon(today):
            return str(Pill("unk", f"Until {_day(model.retired_on)}"))
        return str(Pill("ok", "Live"))

    @admin.display(description="usual price")
    def typical_price(self, model: ImageModel) -> str:
        if not model.default_size:
            return "–"
        try:
            return price_of_image(
                model, model.default_quality, model.default_size, "", timezone.now().date()
            ).text
        except UnknownPrice:
            return str(Pill("bad", "unknown"))

    @admin.display(description="by size and quality")
    def picture_costs(self, model: ImageModel) -> str:
        """A table: sizes on offer down, qualities across."""
        sizes, qualities = model.sizes or [model.default_size], model.qualities or [""]
        today = timezone.now().date()
        rows = [
            (times(size), [_cost(model, quality, size, today) for quality in qualities])
            for size in sizes
        ]
        context = {"qualities": qualities, "rows": rows}
        return render_to_string("admin/bulk_admin/imagemodel/picture_costs.html", context)


def _day(day: dt.date | None) -> str:
    return date_format(day, "j M Y") if day else ""


def _cost(model: ImageModel, quality: str, size: str, on: dt.date) -> str:
    try:
        return price_of_image(model, quality, size, "", on).text
    except UnknownPrice:
        return "–"
