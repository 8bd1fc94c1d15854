"""The catalogue of models: staff's to edit, prices in dollars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, JSONField
from django.utils import timezone

from bulk_admin.models import ImageModel, ModelPrice
from bulk_admin.progress import Pill
from bulk_admin.services.drafting.settings import OPTIONAL
from bulk_admin.services.image_providers import provider_choices
from bulk_admin.services.pricing import rules
from bulk_admin.services.pricing.estimate import UnknownPrice, price_of_image

from .fields import PlainJSONField, RequiredUsdField
from .options import ModelAdmin, StackedInline

PRICES = ("text_input", "image_input", "image_output", "text_output")
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

    class Meta:
        model = ModelPrice
        fields = ("valid_from", *PRICES, "per_image", "source", "confidence")

    def clean_per_image(self) -> Any:
        return _sound(self.cleaned_data["per_image"], {}, rules.flat_prices)


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
    verbose_name_plural = (
        "prices: US dollars per million tokens; flat prices per image in micro-dollars"
    )


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    provider = forms.ChoiceField(choices=provider_choices)

    class Meta:
        model = ImageModel
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
        # The stubs leave it out
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


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
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "kind",
                    "provider",
                    "name",
                    "label",
                    "is_enabled",
                    "is_default",
                    "sort_order",
                )
            },
        ),
        (
            "What it takes",
            {
                "fields": (
                    "sizes",
                    "default_size",
                    "qualities",
                    "default_quality",
                    "output_formats",
                    "backgrounds",
                    "takes",
                    "prompt_limit",
                    "size_rule",
                )
            },
        ),
        ("How long it lives", {"fields": ("released", "retired_on", "successor")}),
        ("How it is billed", {"fields": ("token_rule", "note")}),
    )

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
            return str(Pill("off", f"Retired {model.retired_on:%d %b %Y}"))
        if model.retires_soon(today):
            return str(Pill("unk", f"Until {model.retired_on:%d %b %Y}"))
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
