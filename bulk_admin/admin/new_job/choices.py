"""What New job offers to choose: the accounts, their models, and what a model can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from bulk_admin.addresses import admin_url
from bulk_admin.models import ImageModel
from bulk_admin.selectors.offers import (
    AccountChoice,
    ModelChoice,
    account_choices,
    default_model,
    first_possible,
    model_choices,
)
from bulk_admin.services.drafting.settings import OPTIONAL
from bulk_admin.services.image_providers.base import MAX_SEED
from bulk_admin.services.pricing.estimate import UnknownPrice, price_of_image

from .widgets import RadioCards, SelectWithReasons, shape


class ChoicesForm(forms.Form):
    """Bound or not, what it offers follows the account and the model that it holds.

    ``person`` chooses; ``on`` is the day whose prices are shown.
    """

    account = forms.ChoiceField(
        widget=SelectWithReasons, help_text="This account is billed; its rate limit sets the speed."
    )
    model = forms.ChoiceField(widget=SelectWithReasons)
    size = forms.ChoiceField(label="Shape", widget=RadioCards)
    quality = forms.ChoiceField(required=False, widget=RadioCards)
    output_format = forms.ChoiceField(label="File format", required=False)
    background = forms.ChoiceField(required=False)
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        help_text=(
            "The same seed and prompt give nearly the same picture again. Each further picture of a"
            " prompt adds one. Leave it empty for a random seed."
        ),
    )

    def __init__(self, *args: Any, person: Any, on: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.on = person, on
        self.accounts = account_choices(person)
        self.account_choice = self._chosen_account()
        self.models = (
            model_choices(self.account_choice.account.provider, on) if self.account_choice else []
        )
        self.model_choice = self._chosen_model()
        self._offer()
        self._follow_choices()

    def _follow_choices(self) -> None:
        """Another account or model fetches what it offers; the text stays where it is."""
        fetch = {
            "hx-post": admin_url("bulk_admin_bulkgenerationjob_options"),
            "hx-params": "not prompts,file",
            "hx-target": "#model-options",
        }
        fetch |= {"hx-select": "#model-options", "hx-swap": "outerHTML", "hx-disabled-elt": "unset"}
        for name in ("account", "model"):
            self.fields[name].widget.attrs |= fetch

    def _value(self, name: str) -> str:
        value = (
            self.data.get(name)
            if self.is_bound
            else self.get_initial_for_field(self.fields[name], name)
        )
        return "" if value is None else str(value)

    def _chosen_account(self) -> AccountChoice | None:
        wanted = self._value("account")
        named = next((choice for choice in self.accounts if str(choice.account.pk) == wanted), None)
        return named or first_possible(self.accounts)

    def _chosen_model(self) -> ModelChoice | None:
        wanted = self._value("model")
        named = next((choice for choice in self.models if choice.model.name == wanted), None)
        return named or default_model(self.models)

    def _offer(self) -> None:
        self._options(
            "account", [(str(choice.account.pk), choice.label) for choice in self.accounts]
        )
        self._options("model", [(choice.model.name, choice.label) for choice in self.models])
        self._close(
            "account", (str(choice.account.pk) for choice in self.accounts if choice.why_not)
        )
        self._close("model", (choice.model.name for choice in self.models if choice.why_not))
        if self.account_choice:
            self.initial["account"] = str(self.account_choice.account.pk)
        if self.model_choice:
            self.initial["model"] = self.model_choice.model.name
            self._offer_model(self.model_choice)

    def _offer_model(self, choice: ModelChoice) -> None:
        model = choice.model
        self._options("size", [(size, size) for size in model.sizes], initial=model.default_size)
        self._options(
            "quality",
            [(quality, quality) for quality in model.qualities],
            initial=model.default_quality,
            fewest=1,
        )
        self._options(
            "output_format", [(name, name.upper()) for name in model.output_formats], fewest=2
        )
        self._options(
            "background", [(name, name.capitalize()) for name in model.backgrounds], fewest=2
        )
        for name in OPTIONAL.keys() - set(model.takes):
            self.fields[name].widget = forms.HiddenInput()
            self.initial.pop(name, None)
        self.fields["size"].widget.describe = shape
        self.fields["quality"].widget.describe = self._price_of_quality
        self.fields["size"].error_messages["invalid_choice"] = (
            f"%(value)s is not a size of {model.label}. Choose one of its shapes."
        )
        self.fields["quality"].error_messages["invalid_choice"] = (
            f"%(value)s is not a quality of {model.label}. Choose one of those shown."
        )
        self.fields["quality"].required = bool(model.qualities)

    def _price_of_quality(self, quality: str) -> dict[str, str]:
        """The price on a quality's card, at the shape that is chosen; the live price keeps it up to
        date.
        """
        model = self.model_choice.model if self.model_choice else None
        size = self._value("size")
        return (
            {
                "small": each_text(
                    model, quality, size if size in model.sizes else model.default_size, self.on
                ),
                "small_id": f"each-{quality}",
            }
            if model
            else {}
        )

    def _options(
        self, name: str, choices: list[tuple[str, str]], initial: str = "", fewest: int = 0
    ) -> None:
        """What may be chosen; with fewer than ``fewest`` nothing is shown."""
        cast(forms.ChoiceField, self.fields[name]).choices = choices
        if len(choices) < fewest:
            self.fields[name].widget = forms.HiddenInput()
        offered = [value for value, _ in choices]
        if self.initial.get(name) not in offered and offered:
            self.initial[name] = initial if initial in offered else offered[0]

    def _close(self, name: str, values: Iterable[str]) -> None:
        self.fields[name].widget.closed = frozenset(values)  # SelectWithReasons

    # --- checking --------------------------------------------------------------------------------

    def clean_account(self) -> str:
        choice = self.account_choice
        if choice and choice.why_not:
            raise ValidationError(
                f"{choice.account.label} cannot be used: {choice.why_not}. Choose another account."
            )
        return str(self.cleaned_data["account"])

    def clean_model(self) -> str:
        if self.model_choice and self.model_choice.why_not:
            raise ValidationError(self.model_choice.why_not)
        return str(self.cleaned_data["model"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.model_choice:  # of another model, before this one was chosen
            data |= dict.fromkeys(OPTIONAL.keys() - set(self.model_choice.model.takes))
        return data


def each_text(model: ImageModel, quality: str, size: str, on: dt.date) -> str:
    try:
        return f"{price_of_image(model, quality, size, '', on).text} each"
    except UnknownPrice:
        return "price unknown"
