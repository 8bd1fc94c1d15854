"""Form fields of the admin: money as people write it, and keys that are only ever written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput, JSONString

from bulk_admin import plain_json
from bulk_admin.money import LARGEST, MICRO, AmountTooLarge, parse_usd


class UsdField(forms.CharField):
    """Dollars on the form, whole micro-dollars in the row; empty is None."""

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "widget",
            forms.TextInput(
                attrs={
                    "inputmode": "decimal",
                    "class": "usd",
                    "placeholder": "no cap",
                    "autocomplete": "off",
                }
            ),
        )
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if isinstance(value, int) or not text:
            return value if isinstance(value, int) else None
        try:
            return parse_usd(text)
        except AmountTooLarge:
            raise ValidationError(f"Enter at most {LARGEST // MICRO:,} dollars.") from None
        except ValueError:
            raise ValidationError(
                "Enter an amount in dollars, with cents after a point: 5 or 0.25."
            ) from None

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        whole, _, cents = f"{Decimal(value) / MICRO:.6f}".rstrip("0").partition(".")
        return f"{whole}.{cents.ljust(2, '0')}" if cents else whole


class RequiredUsdField(UsdField):
    """As UsdField, where empty means 0."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value) or 0


class WordsField(forms.CharField):
    """A list of short texts, separated by commas on the form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "max_length": plain_json.LONGEST, **options})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        words = (word.strip() for word in (super().to_python(value) or "").split(","))
        return [word for word in words if word]

    def validate(self, value: Any) -> None:
        """The form does, by what the words are for."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


class PlainJSONField(forms.JSONField):
    """JSON within bounds (``plain_json``): Django's own breaks on some of what may be typed."""

    def to_python(self, value: Any) -> Any:
        if self.disabled or not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        return JSONString(read) if isinstance(read := plain_json.read(value), str) else read

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, as it was typed when it cannot be used."""
        try:
            self.to_python(data)
        except ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)


class NewKeyField(forms.CharField):
    """Write-only: what was typed is never sent back."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput(
            render_value=False,
            attrs={"autocomplete": "new-password", "class": "vTextField", "spellcheck": "false"},
        )
        super().__init__(
            **{"required": False, "widget": widget, "strip": True, "max_length": 500, **options}
        )
