"""What a spread is asked for."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from prompts.services.desk.spreading import MOST_A_DAY, Wishes

WEEKDAYS = [(str(n), name) for n, name in enumerate(calendar.day_abbr)]
FURTHEST = dt.timedelta(days=366)


class SpreadForm(forms.Form):
    per_day = forms.IntegerField(label="Pages a day", min_value=1, max_value=MOST_A_DAY)
    first = forms.TimeField(label="From", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    last = forms.TimeField(label="To", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    start = forms.DateField(label="Start", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    weekdays = forms.MultipleChoiceField(label="On", choices=WEEKDAYS)
    mixed = forms.BooleanField(label="No two of one category in a row", required=False)

    @classmethod
    def usual(cls) -> dict[str, Any]:
        """Eight a day in office hours, from tomorrow on."""
        return {
            "per_day": 8,
            "first": "09:00",
            "last": "17:00",
            "start": (timezone.localdate() + dt.timedelta(days=1)).isoformat(),
            "weekdays": ["0", "1", "2", "3", "4"],
            "mixed": True,
        }

    def clean_start(self) -> dt.date:
        start: dt.date = self.cleaned_data["start"]
        today = timezone.localdate()
        if not today <= start <= today + FURTHEST:
            raise forms.ValidationError("Choose a day from today on, within a year.")
        return start

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "first" in cleaned and "last" in cleaned and cleaned["first"] >= cleaned["last"]:
            self.add_error("last", "The last hour is later than the first one.")
        return cleaned

    def wishes(self) -> Wishes:
        """Of a valid form."""
        cleaned = self.cleaned_data
        days = frozenset(int(day) for day in cleaned["weekdays"])
        names = ("per_day", "start", "first", "last", "mixed")
        return Wishes(**{name: cleaned[name] for name in names}, weekdays=days)
