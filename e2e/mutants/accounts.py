"""Whose an account is, and who spends with it."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

ACCOUNTS = SERVICES + "accounts.py"
LIFECYCLE = SERVICES + "jobs/lifecycle.py"
PICTURES = SERVICES + "jobs/pictures.py"
OWNERS_TESTS = TESTS + "test_account_owners.py"
PRIVATE_TESTS = "bulk_admin/tests/admin/test_private_accounts.py"
SETTLING = SERVICES + "ledger/settling.py"

MUTANTS = [
    Mutant(
        "a deleted person's account goes on buying",
        ACCOUNTS,
        "    own.update(is_enabled=False)\n    erase_unused_keys(own)",
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
        "        return self.filter(is_left).exclude",
        "        return self.exclude",
        OWNERS_TESTS,
        "test_the_rescue_erases_a_key_that_was_left_behind_and_no_other",
    ),
    Mutant(
        "whoever may change a job spends with its private account",
        "bulk_admin/admin/permissions.py",
        " and job.account.is_usable_by(user)",
        "",
        PRIVATE_TESTS,
        "test_a_job_whose_account_lost_its_owner_says_what_can_be_done",
    ),
    Mutant(
        "a service orders on anybody's private account",
        LIFECYCLE,
        "    if not job.account.is_usable_by(by):\n        raise NotYours",
        "    pass",
        PRIVATE_TESTS,
        "test_a_service_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "a colleague starts a job on a private account",
        LIFECYCLE,
        "    job = lock_to_buy(job_id, by)\n    if job.status",
        "    job = lock_job(job_id)\n    if job.status",
        PRIVATE_TESTS,
        "test_generate_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "a colleague resumes a job on a private account",
        LIFECYCLE,
        "    check_is_theirs(BulkGenerationJob.",
        "    (BulkGenerationJob.",
        PRIVATE_TESTS,
        "test_a_service_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "a colleague retries on a private account",
        PICTURES,
        "    job = lock_to_buy(job_id, by)\n    job.revision",
        "    job = lock_job(job_id)\n    job.revision",
        PRIVATE_TESTS,
        "test_a_service_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "a colleague re-rolls on a private account",
        PICTURES,
        "    job = lock_to_buy(job_id, by)\n    parent",
        "    job = lock_job(job_id)\n    parent",
        PRIVATE_TESTS,
        "test_a_service_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "a colleague buys again on a private account",
        PICTURES,
        "        check_is_theirs(job, by)\n",
        "",
        PRIVATE_TESTS,
        "test_a_service_refuses_whoever_calls_it_and_takes_its_owner",
    ),
    Mutant(
        "the command line stumbles over a private account",
        "bulk_admin/management/commands/bulk_job.py",
        "    except lifecycle.NotYours as refusal:",
        "    except lifecycle.SheetChanged as refusal:",
        PRIVATE_TESTS,
        "test_the_command_line_refuses_who_is_not_its_owner",
    ),
    Mutant(
        "a private account without an owner is everybody's",
        "bulk_admin/models/accounts.py",
        "(person is not None and self.owner_id == person.pk)",
        "self.owner_id is None or (person is not None and self.owner_id == person.pk)",
        PRIVATE_TESTS,
        "test_a_job_whose_account_lost_its_owner_says_what_can_be_done",
    ),
    Mutant(
        "an account whose owner was deleted is only switched off",
        SERVICES + "ledger/pacing.py",
        "    if account.is_orphaned:",
        "    if False:",
        OWNERS_TESTS,
        "test_nothing_more_is_bought_with_it",
    ),
    Mutant(
        "an account whose owner was deleted is everybody's to choose",
        "bulk_admin/models/accounts.py",
        "return self.filter(Q(is_platform=True) | Q(owner=person))",
        "return self.filter(Q(owner=None) | Q(owner=person))",
        OWNERS_TESTS,
        "test_it_is_offered_to_nobody_and_is_no_account_of_the_platform",
    ),
    Mutant(
        "a deleted person's key stays",
        ACCOUNTS,
        "    own.update(is_enabled=False)\n    erase_unused_keys(own)",
        "    own.update(is_enabled=False)",
        OWNERS_TESTS,
        "test_who_has_a_key_and_jobs_can_be_deleted_and_the_account_keeps_its_label",
    ),
    Mutant(
        "a key stays after the last call that needed it",
        SETTLING,
        "if call.account is not None and call.account.has_left_key:",
        "if False:",
        OWNERS_TESTS,
        "test_with_calls_under_way_the_key_is_erased_when_the_last_one_is_settled",
    ),
    Mutant(
        "a key that was left behind stays for ever",
        SERVICES + "worker/rescue.py",
        "        finish_handovers,\n",
        "",
        OWNERS_TESTS,
        "test_the_rescue_erases_a_key_that_was_left_behind_and_no_other",
    ),
    Mutant(
        "page texts are bought with a private key",
        ACCOUNTS,
        "platform.writes_texts and account.is_platform:",
        "platform.writes_texts:",
        OWNERS_TESTS,
        "test_texts_are_bought_only_from_the_platform",
    ),
    Mutant(
        "everybody reads how a private account is called",
        "bulk_admin/models/accounts.py",
        "return self.label if is_shown else PRIVATE_LABEL",
        "return self.label",
        PRIVATE_TESTS,
        "test_a_label_is_shown_to_nobody_else",
    ),
]
