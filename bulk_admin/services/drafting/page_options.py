"""What staff choose for all pages of a job: the site's page adapter says what there is to choose.

On the form a field is called ``page_<name>``; the job keeps the values as JSON by ``<name>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from bulk_admin import text
from bulk_admin.services import page_adapter

PREFIX = "page_"


def fields() -> dict[str, forms.Field]:
    """By their names on the form."""
    return {f"{PREFIX}{name}": field for name, field in page_adapter.options().items()}


def chosen(data: Mapping[str, Any]) -> dict[str, Any]:
    """Of a form's cleaned data, or of what it starts with, as the job keeps it."""
    return {name.removeprefix(PREFIX): _plain(data[name]) for name in fields() if name in data}


def as_initial(saved: Mapping[str, Any]) -> dict[str, Any]:
    """What the form starts with."""
    return {f"{PREFIX}{name}": value for name, value in saved.items()}


def completed(saved: Mapping[str, Any]) -> dict[str, Any]:
    """With the site's own defaults where nothing was chosen, as on the command line."""
    return {name: default_of(field) for name, field in page_adapter.options().items()} | dict(saved)


def default_of(field: forms.Field) -> Any:
    """As the form would have it, if it is left alone."""
    value = field.initial() if callable(field.initial) else field.initial
    try:
        return _plain(field.clean(_plain(value)))
    except ValidationError:  # the site wants a choice here
        return _plain(value)


def storable(saved: Mapping[str, Any]) -> dict[str, Any]:
    """With texts that every database can keep."""
    return {
        name: text.storable(value).strip() if isinstance(value, str) else value
        for name, value in saved.items()
    }


def in_words(saved: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of what is chosen; a choice that is gone is left out."""
    words = []
    for name, field in page_adapter.options().items():
        value = completed(saved).get(name)
        try:
            cleaned = field.clean(value)
        except ValidationError:
            continue
        if cleaned in (None, "", [], False):
            continue
        label = str(field.label or name.replace("_", " ").capitalize())
        words.append((label, _in_words(field, cleaned)))
    return words


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ModelChoiceField):
        return ", ".join(map(str, value)) if isinstance(value, QuerySet) else str(value)
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices  # the stubs allow a callable, which the field has called
        labels = {str(key): str(label) for key, label in choices}
        return ", ".join(
            labels.get(str(each), str(each))
            for each in (value if isinstance(value, list) else [value])
        )
    return "yes" if value is True else str(value)


def _plain(value: Any) -> Any:
    """A row is known by its key."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, QuerySet | list | tuple):
        return [_plain(each) for each in value]
    return value
