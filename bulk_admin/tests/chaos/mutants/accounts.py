"""Whose an account is, and who spends with it."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

LIFECYCLE = SERVICES + "jobs/lifecycle.py"
ACCOUNTS = SERVICES + "accounts.py"
OWNERS_TESTS = TESTS + "test_account_owners.py"

MUTANTS = [
    Mutant(
        "a deleted person's account goes on buying",
        ACCOUNTS,
        "    own.update(is_enabled=False)\n    _erase_unused_keys(own)",
        "    ProviderAccount.objects.filter(owner=person).update(owner=None, is_platform=True)",
        OWNERS_TESTS,
        "test_the_database_keeps_it_off",
    ),
    Mutant(
        "a key is erased under a call that needs it",
        ACCOUNTS,
        ".exclude(Exists(under_way))",
        "",
        OWNERS_TESTS,
        "test_with_calls_under_way_the_key_is_erased_when_the_last_one_is_settled",
    ),
    Mutant(
        "the platform's own keys are erased",
        "bulk_admin/models/accounts.py",
        "return self.filter(is_platform=False, owner=None)",
        "return self.filter(owner=None)",
        OWNERS_TESTS,
        "test_the_rescue_erases_a_key_that_was_left_behind_and_no_other",
    ),
    Mutant(
        "whoever may change a job spends with its private account",
        "bulk_admin/admin/permissions.py",
        " and job.account.is_usable_by(user)",
        "",
        "bulk_admin/tests/admin/test_private_accounts.py",
        "test_a_job_whose_account_lost_its_owner_says_what_can_be_done",
    ),
    Mutant(
        "a colleague starts a job on a private account",
        LIFECYCLE,
        "if not job.account.is_usable_by(by):",
        "if False:",
        "bulk_admin/tests/admin/test_private_accounts.py",
        "test_the_service_refuses_too_and_takes_its_owner",
    ),
    Mutant(
        "a private account without an owner is everybody's",
        "bulk_admin/models/accounts.py",
        "(person is not None and self.owner_id == person.pk)",
        "self.owner_id is None or (person is not None and self.owner_id == person.pk)",
        "bulk_admin/tests/admin/test_private_accounts.py",
        "test_a_job_whose_account_lost_its_owner_says_what_can_be_done",
    ),
]
