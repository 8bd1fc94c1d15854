"""What fifty pages cost the database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bulk_admin.services.queue import page_queue
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job
from prompts.models import Prompt


@pytest.mark.django_db(transaction=True)
def test_fifty_pages_cost_at_most_twelve_queries_each(settings, tmp_path):
    """Everything counts: the press, claims, transactions and the pump's own questions."""
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    prompts = [
        f"A red fox number {n} crossing winter fields, watercolour painting with bright morning"
        " light"
        for n in range(50)
    ]
    job = make_job(prompts, status="completed", stored=True, account=make_account("placeholder"))
    with CaptureQueriesContext(connection) as queries:
        page_queue.create_pages(job.pk, by=None)
        pump.run()
    assert Prompt.objects.count() == 50
    assert Prompt.objects.first().tags.count() >= 5
    assert len(queries) <= 12 * 50, f"{len(queries) / 50:.1f} a page"
