"""What a person chose last: tile size, form values, notices. Nothing that a job depends on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from bulk_admin.models import PersonSettings
from bulk_admin.services.database import whole_step


class Name(StrEnum):
    """Everything that is remembered; the names are stored."""

    TILE_SIZE = "tile_size"
    SINGLE_KEYS = "single_keys"  # shortcuts of one character, on or off
    MAIL_NOTICES = "mail_notices"  # a mail when a job of theirs ends, on or off
    BROWSER_NOTICES = "browser_notices"  # the same from the browser that shows the job


def remembered(person: Any, name: Name, default: Any = None) -> Any:
    """A value that JSON holds. Whoever reads it checks it: an older version may have written it."""
    values = PersonSettings.objects.filter(pk=person.pk).values_list("values", flat=True).first()
    return (values or {}).get(name, default)


@whole_step
def remember(person: Any, name: Name, value: Any) -> None:
    PersonSettings.objects.get_or_create(pk=person.pk)
    row = PersonSettings.objects.select_for_update(no_key=True).get(pk=person.pk)
    if row.values.get(name) != value:
        row.values[name] = value
        row.save(update_fields=["values"])
