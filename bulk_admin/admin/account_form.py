"""The form of a provider account: a key is typed and never shown, caps are dollars."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from bulk_admin.credentials import ENVIRONMENT_KEYS
from bulk_admin.models import ProviderAccount
from bulk_admin.services.image_providers import options_problem, provider_choices, provider_class
from bulk_admin.services.ledger.handover import STILL_NEEDED, handover_of

from .fields import NewKeyField, PlainJSONField, UsdField

TIERS = [(number, f"Tier {number}") for number in range(1, 6)]
SHORTEST_KEY = 8


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    new_key = NewKeyField(label="Key")
    confirms_new_owner = forms.BooleanField(required=False, label="Give it to another owner")
    provider = forms.ChoiceField(
        choices=provider_choices,
        help_text="This cannot be changed later; add another account instead.",
    )
    tier = forms.TypedChoiceField(
        choices=TIERS,
        coerce=int,
        help_text=(
            "The usage tier that the provider's site shows for this account. It sets the pictures a"
            " minute."
        ),
    )
    day_cap = UsdField(
        required=False,
        label="Daily cap",
        help_text="US dollars, for everyone together, per UTC day. Calls in flight count too.",
    )
    month_cap = UsdField(
        required=False, label="Monthly cap", help_text="US dollars, for everyone together."
    )
    person_day_cap = UsdField(required=False, label="Daily cap per person", help_text="US dollars.")
    options = PlainJSONField(
        required=False, initial=dict, help_text=ProviderAccount._meta.get_field("options").help_text
    )

    class Meta:
        model = ProviderAccount
        fields = (
            "provider",
            "label",
            "base_url",
            "private_network",
            "owner",
            "is_enabled",
            "is_default",
            "tier",
            "images_per_minute",
            "max_in_flight",
            "day_cap",
            "month_cap",
            "person_day_cap",
            "buy_again_unasked",
            "skips_moderation",
            "options",
        )
        labels = {
            "base_url": "Base URL",
            "private_network": "Private network",
            "is_enabled": "Enabled",
            "is_default": "Default for new jobs",
            "images_per_minute": "Images per minute",
            "max_in_flight": "Concurrent requests",
            "buy_again_unasked": "Retry unknown outcomes automatically",
            "skips_moderation": "Skip moderation",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Declared fields stay in a form, whatever the fieldsets leave out.
        for name in ("provider",) if self.instance.pk else ("confirms_new_owner",):
            self.fields.pop(name, None)
        for name in ("label", "base_url"):  # browsers take them for the user name of the key
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = "off"
        self._say_what_is_stored()
        if field := self.fields.get("confirms_new_owner"):
            field.help_text = f"Tick this to change the owner. {handover_of(self.instance)}"
        if self.instance.pk and self.instance.is_orphaned:
            for name in ("is_enabled", "is_default", "new_key"):
                if name in self.fields:
                    self.fields[name].disabled = True

    def _say_what_is_stored(self) -> None:
        field = self.fields.get("new_key")
        if field is None:
            return
        account = self.instance
        if account.pk and account.is_orphaned:
            field.help_text = "The owner of this account was deleted: it takes no key."
        elif account.has_left_key:
            field.disabled = True
            field.help_text = STILL_NEEDED
        elif account.key_from_environment:
            field.disabled = True
            field.help_text = (
                f"Comes from the environment variable {ENVIRONMENT_KEYS.get(account.provider, '')}:"
                " change it there."
            )
        elif account.encrypted_key:
            shown = f"ending in {account.key_last_four} " if account.key_last_four else ""
            field.help_text = (
                f"A key {shown}is stored, encrypted. Leave empty to keep it; what you type"
                " replaces it."
            )
        else:
            field.help_text = "No key is stored. It is encrypted, and never shown again."

    def clean_new_key(self) -> str:
        key: str = self.cleaned_data["new_key"]
        if key and (
            len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key
        ):
            raise ValidationError(
                "This does not look like a key: at least 8 characters, no spaces."
            )
        return key

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = data.get("provider") or self.instance.provider
        takes_base_url = bool(name) and provider_class(name).takes_base_url
        if data.get("base_url") and not takes_base_url and "base_url" in self.changed_data:
            self.add_error("base_url", "This provider has an address of its own: leave it empty.")
        if name and "options" in data:
            # An emptied box is no JSON null to us.
            data["options"] = {} if data["options"] is None else data["options"]
            if problem := options_problem(name, data["options"]):
                self.add_error("options", problem)
        if not self.instance.pk:
            self.instance.is_platform = data.get("owner") is None
        elif "owner" in self.changed_data:
            self._check_new_owner(data)
        if data.get("is_default") and not self.instance.is_platform:
            self.add_error("is_default", "Only an account of the platform can be the default.")
        return data

    def _check_new_owner(self, data: dict[str, Any]) -> None:
        self.instance.is_platform = data.get("owner") is None
        handover = handover_of(self.instance)
        if not data.get("confirms_new_owner"):
            self.add_error("confirms_new_owner", "Read what this does, and tick it.")
        if data.get("new_key") and handover.keeps_key:
            self.add_error("new_key", STILL_NEEDED)

    @property
    def changed_data(self) -> list[str]:
        """Without the tick, which changes nothing of the account."""
        return [name for name in super().changed_data if name != "confirms_new_owner"]

    def _get_validation_exclusions(self) -> set[str]:
        # Ticking "default" takes it over from another account: no reason to refuse. Whose the
        # account is decides which label is taken, also where the form does not show it.
        out: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # unstubbed
        return (out | {"is_default"}) - {"is_platform", "owner"}
