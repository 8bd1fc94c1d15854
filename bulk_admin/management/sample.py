"""The sample job that `make run` and `make demo` show."""

from __future__ import annotations

import io
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from bulk_admin.models import BulkGenerationJob, ProviderAccount

NAME = "Sample job"
FILE: Path = settings.BASE_DIR / "samples" / "prompts.txt"


def find() -> BulkGenerationJob | None:
    return BulkGenerationJob.objects.filter(name=NAME).order_by("created").first()


def start(username: str) -> BulkGenerationJob | None:
    """Generate the sample prompts with the placeholder, whatever the default account is: it costs nothing."""
    account = ProviderAccount.objects.get(provider="placeholder", owner=None)
    call_command("bulk_generate", str(FILE), user=username, name=NAME, account=account.label, stdout=io.StringIO())
    return find()
