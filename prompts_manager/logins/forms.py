from __future__ import annotations

from django import forms


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        """As it was shown, without the spaces and hyphens that people put in."""
        code: str = self.cleaned_data["code"]
        return code.replace(" ", "").replace("-", "").lower()
