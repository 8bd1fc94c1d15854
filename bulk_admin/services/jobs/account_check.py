"""Looking at an account's key without buying anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils import timezone

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import BulkGenerationJob, JobStatus, ProviderAccount
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.database import whole_step
from bulk_admin.services.image_providers import CheckResult, provider_class
from bulk_admin.services.image_providers.errors import ProviderError
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.ledger.handover import STILL_NEEDED

CHECK_TIMEOUT = 20.0


def check_account(account_id: int, *, by: Any) -> CheckResult:
    """Ask the provider about the key, and keep the verdict on the account.

    A fault of the account stops its buying; a good verdict lifts the stop and goes on, in the name
    of ``by``, with the jobs that were paused for it. Other troubles (the provider is down) are only
    reported.
    """
    account = ProviderAccount.objects.get(pk=account_id)
    result = _ask(account)
    is_well = _keep_verdict(account_id, account.encrypted_key, result)
    gone_on = _go_on(account_id, by) if is_well else 0
    if not gone_on:
        return result
    return replace(
        result,
        message=(
            f"{result.message} {gone_on} paused {'job goes' if gone_on == 1 else 'jobs go'} on."
        ),
    )


def waiting_jobs(account_id: int) -> QuerySet[BulkGenerationJob]:
    """The jobs that a fault of the account has paused: a check that finds it well goes on with
    them.
    """
    return BulkGenerationJob.objects.filter(
        account=account_id, status=JobStatus.PAUSED, status_reason__in=codes.ACCOUNT_FAULTS
    )


def _ask(account: ProviderAccount) -> CheckResult:
    if account.has_left_key:
        return CheckResult(code=Code.BAD_KEY, message=STILL_NEEDED)
    try:
        provider = provider_class(account.provider)(credentials_of(account), timeout=CHECK_TIMEOUT)
    except KeyUnreadable as error:
        return CheckResult(code=Code.BAD_KEY, message=f"{error} Enter the key again.")
    except ImproperlyConfigured as error:
        return CheckResult(code=Code.PROVIDER_ERROR, message=str(error))
    if provider.requires_key and not provider.credentials.api_key:
        return CheckResult(code=Code.BAD_KEY, message="There is no key. Enter one.")
    try:
        return provider.check()
    except ProviderError as error:
        return CheckResult.of(error)
    finally:
        provider.close()


@whole_step
def _keep_verdict(account_id: int, key_asked_with: str, result: CheckResult) -> bool:
    """Whether the account is in order now."""
    account = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account_id)
    if account.encrypted_key != key_asked_with:
        return False  # another key was entered in the meantime: this verdict is about the old one
    account.checked_at, account.check_result = timezone.now(), result.message[:300]
    if not result.code or result.code in codes.ACCOUNT_FAULTS:
        account.stop_code, account.stop_message = (
            result.code,
            result.message[:300] if result.code else "",
        )
    account.save(update_fields=["checked_at", "check_result", "stop_code", "stop_message"])
    return not result.code


def _go_on(account_id: int, by: Any) -> int:
    return sum(
        lifecycle.go_on(job_id, by=by)
        for job_id in waiting_jobs(account_id).order_by("pk").values_list("pk", flat=True)
    )
