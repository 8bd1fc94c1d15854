"""Deleting a row asks every table that points at it: without an index, each asks the whole
table.
"""

from __future__ import annotations

import pytest
from django.db import connection

from bulk_admin.models import BulkGenerationJob, GeneratedImage

POINTING = [
    (model, relation)
    for model in (BulkGenerationJob, GeneratedImage)
    for relation in model._meta.related_objects
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "relation"),
    POINTING,
    ids=[f"{relation.related_model.__name__}.{relation.field.name}" for _, relation in POINTING],
)
def test_what_points_at_a_deleted_row_is_found_by_an_index(model, relation):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(
            cursor, relation.related_model._meta.db_table
        )
    led_by = [
        found["columns"][0]
        for found in constraints.values()
        if (found["index"] or found["unique"]) and found["columns"]
    ]
    assert relation.field.column in led_by
