"""The bill beside the form and on the sheet: its lines add up to its total, digit by digit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulk_admin.admin.bill import bill_of
from bulk_admin.models import GeneratedImage, ImageModel
from bulk_admin.testing.factories import make_account, make_job

TODAY = dt.date(2026, 12, 1)
SIZES = ("", "1024x1024", "1536x1024", "1024x1536")
QUALITIES = ("", "low", "medium", "high")
row = st.builds(
    GeneratedImage,
    prompt_text=st.text("a fox é", max_size=400),
    quality=st.sampled_from(QUALITIES),
    size=st.sampled_from(SIZES),
    count=st.sampled_from([None, 1, 2, 3, 4]),
)


@pytest.fixture
def job(db):
    return make_job(0, "draft", account=make_account("openai"), quality="medium")


def amounts(text):
    """The two ends of "$0.01 – $0.02", or twice the same."""
    found = [Decimal(part.strip().lstrip("$").replace(",", "")) for part in text.split("–")]
    return found[0], found[-1]


@pytest.mark.parametrize("name", ["gpt-image-2.5-flare", "gpt-image-2.6-flare", "gpt-image-2"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(row, max_size=12))
def test_the_lines_of_a_bill_add_up_to_its_total(job, name, rows):
    job.model_name = name
    model = ImageModel.objects.prefetch_related("prices").get(name=name)
    found = bill_of(job, rows, model, TODAY, None)
    lines = [amounts(line.value) for line in found.lines]
    assert (sum(low for low, _ in lines), sum(high for _, high in lines)) == amounts(found.total)
    assert all(line.label for line in found.lines)
