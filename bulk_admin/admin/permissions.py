"""Who may see, steer and spend.

Every view asks here itself; ``admin_view`` only checks that the user is staff.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, PermissionsMixin

from bulk_admin.models import BulkGenerationJob

Person = PermissionsMixin | AnonymousUser


def can_view(user: Person) -> bool:
    return has(user, "view_bulkgenerationjob") or has(user, "change_bulkgenerationjob")


def can_act(user: Person, job: BulkGenerationJob) -> bool:
    """Keep and drop, pause, cancel, accept a loss: what costs nothing."""
    return has(user, "change_bulkgenerationjob") or (
        job.created_by_id == user.pk and has(user, "generate")
    )


def can_act_on_some(user: Person) -> bool:
    """On at least one job, if only one of their own."""
    return has(user, "change_bulkgenerationjob") or (can_view(user) and has(user, "generate"))


def can_spend_on_some(user: Person) -> bool:
    return can_act_on_some(user) and has(user, "generate")


def can_create_pages_on_some(user: Person) -> bool:
    return can_act_on_some(user) and has(user, "create_pages")


def can_spend(user: Person, job: BulkGenerationJob) -> bool:
    """Nobody but its owner spends with a private account, whatever other permissions they have."""
    return can_act(user, job) and has(user, "generate") and job.account.is_usable_by(user)


def can_create_pages(user: Person, job: BulkGenerationJob) -> bool:
    return can_act(user, job) and has(user, "create_pages")


def can_manage_account(user: Person, job: BulkGenerationJob) -> bool:
    """Say where the job's account may download from, and download from there again."""
    return can_view(user) and has(user, "manage_accounts")


def has(user: Person, permission: str) -> bool:
    return user.has_perm(f"bulk_admin.{permission}")
