"""When two prompts are the same: case and white space aside, in Python and in a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Lower, Replace, Trim


def normal(text: str) -> str:
    """Two prompts are the same when this is."""
    return " ".join(text.lower().split())


def by_text(
    rows: QuerySet[Any], texts: Iterable[str], name: str, field: str = "prompt_text"
) -> dict[str, Any]:
    """Of the rows whose ``field`` is one of these texts: the normal text -> the row's ``name``."""
    same = rows.annotate(_normal=_in_database(field))
    found = same.filter(_normal__in={normal(text) for text in texts})
    return {normal(text): value for text, value in found.values_list(field, name)}


def _in_database(field: str) -> Func:
    """As ``normal``; SQLite leaves the case of letters beyond ASCII as it is."""
    text: Func = Lower(F(field))
    for blank in "\n\t\r\xa0":
        text = Replace(text, Value(blank), Value(" "), output_field=TextField())
    # A run of blanks is "<><><>", in which every "><" goes.
    for old, new in ((" ", "\1\2"), ("\2\1", ""), ("\1\2", " ")):
        text = Replace(text, Value(old), Value(new), output_field=TextField())
    return Trim(text)
