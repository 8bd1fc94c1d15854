"""The sample job that `make run` and `make demo` show."""

from __future__ import annotations

import io
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from bulk_admin.models import BulkGenerationJob, ProviderAccount
from bulk_admin.services.accounts import ensure_pools

NAME = "Sample job"
FILE: Path = settings.BASE_DIR / "samples" / "prompts.txt"


def find() -> BulkGenerationJob | None:
    return BulkGenerationJob.objects.filter(name=NAME).order_by("created").first()


def start(username: str) -> BulkGenerationJob | None:
    """Generate the sample prompts with a placeholder account, whatever the default is: it costs
    nothing.

    The account takes its time, as a provider does: there are pictures still to come when the page
    is opened.
    """
    account, _ = ProviderAccount.objects.get_or_create(
        label="Placeholder at a provider's pace",
        is_platform=True,
        defaults={"provider": "placeholder", "max_in_flight": 2, "options": {"delay": [3, 9]}},
    )
    ensure_pools(account)
    call_command(
        "bulk_generate",
        str(FILE),
        user=username,
        name=NAME,
        account=str(account.pk),
        stdout=io.StringIO(),
    )
    return find()
