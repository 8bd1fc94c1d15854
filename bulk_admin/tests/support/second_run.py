"""Which tests run again on PostgreSQL: those whose answer may depend on the database."""

from __future__ import annotations

import pytest
from django.test import SimpleTestCase


def may_differ(item: pytest.Item) -> bool:
    """Whether a test asks a database, and is not marked ``one_database``."""
    return _asks_database(item) and item.get_closest_marker("one_database") is None


def _asks_database(item: pytest.Item) -> bool:
    case = getattr(item, "cls", None)
    is_django_case = isinstance(case, type) and issubclass(case, SimpleTestCase)
    return (
        is_django_case
        or item.get_closest_marker("django_db") is not None
        or {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())) != set()
    )
