"""What staff do with a job and its pictures."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

LIFECYCLE = SERVICES + "jobs/lifecycle.py"
PICTURES = SERVICES + "jobs/pictures.py"
FAILURES = SERVICES + "jobs/failures.py"
BRAKES_TESTS = TESTS + "ledger/test_brakes.py"
SETTLING_TESTS = TESTS + "ledger/test_settling.py"
JOBS_TESTS = TESTS + "jobs/test_jobs.py"
FAILURES_TESTS = TESTS + "jobs/test_failures.py"
WHO_TESTS = TESTS + "ledger/test_who_asked.py"
PUMP_TESTS = TESTS + "worker/test_pump.py"
HISTORY_TESTS = TESTS + "jobs/test_history.py"
DELETING_TESTS = TESTS + "jobs/test_deleting.py"
DRAFTING = SERVICES + "drafting/settings.py"

MUTANTS = [
    Mutant(
        "Resume leaves the counts of the brakes",
        "bulk_admin/services/jobs/lifecycle.py",
        "    brakes.clear(job)\n",
        "",
        BRAKES_TESTS,
        "test_after_resume_three_more_are_tried",
    ),
    Mutant(
        '"buy again" does not look for the bytes',
        PICTURES,
        "if is_seen and look_up(call) in (Settled.ADOPTED, Settled.NEW_VARIANT):",
        "if False:",
        PUMP_TESTS,
        "test_bytes_that_came_after_the_rescue_looked_are_found_by_a_later_look",
    ),
    Mutant(
        '"buy again" answers any attempt',
        PICTURES,
        "if image.attempt == seen[image.pk] and answers[image.pk] is Decided.STALE",
        "if answers[image.pk] is Decided.STALE",
        SETTLING_TESTS,
        "test_a_stale_buy_again_buys_nothing_although_the_picture_is_unknown_again",
    ),
    Mutant(
        "a group's press answers any attempt",
        FAILURES,
        "if image.attempt == seen[image.pk]]",
        "]",
        FAILURES_TESTS,
        "test_a_press_on_an_older_attempt_changes_nothing",
    ),
    Mutant(
        "a prompt is reworded twice by two presses",
        FAILURES,
        "Q((FAILED | CANCELLED) & NOT_FOLLOWED)",
        "FAILED | CANCELLED",
        FAILURES_TESTS,
        "test_only_prompts_that_were_changed_are_ordered_and_only_once",
    ),
    Mutant(
        "a re-roll pressed twice buys twice",
        PICTURES,
        "if _newest(job.images.all(), parent) != seen_variant or job.status",
        "if job.status",
        JOBS_TESTS,
        "test_a_reroll_stands_at_the_end_of_its_group_and_a_stale_button_buys_nothing",
    ),
    Mutant(
        "a retry buys what was paid for",
        PICTURES,
        "job.images.filter(status=ImageStatus.FAILED, error_code__in=codes.RETRYABLE)",
        "job.images.filter(status=ImageStatus.FAILED)",
        JOBS_TESTS,
        "test_retry_takes_only_what_a_retry_can_help",
    ),
    Mutant(
        "Generate pressed twice starts twice",
        LIFECYCLE,
        "    if job.status != JobStatus.DRAFT:\n        return False",
        "    pass",
        JOBS_TESTS,
        "test_generate_pressed_twice_is_one_job",
    ),
    Mutant(
        "Generate buys at a price that its button did not show",
        LIFECYCLE,
        "if seen_revision is not None and job.revision != seen_revision:",
        "if False:",
        JOBS_TESTS,
        "test_generate_starts_only_what_its_button_was_shown_for",
    ),
    Mutant(
        "half a dollar is taken for fifty",
        "bulk_admin/money.py",
        "(?:,[0-9]{3}){1,3})",
        "(?:,[0-9]{2,3}){1,3})",
        "bulk_admin/tests/test_money.py",
        "test_what_could_mean_two_amounts_or_none_is_refused_at_once",
    ),
    Mutant(
        "an order waits for another person's cap",
        LIFECYCLE,
        "JobStatus.PROCESSING if is_capped or job.status",
        "JobStatus.PROCESSING if job.status",
        WHO_TESTS,
        "test_anothers_order_goes_on_in_a_job_that_a_persons_cap_paused",
    ),
    Mutant(
        "a draft is generated at its maker's cost",
        LIFECYCLE,
        'asked = {"requested_by": by,',
        'asked = {"requested_by": job.created_by,',
        WHO_TESTS,
        "test_generate_on_anothers_draft_is_booked_on_who_pressed",
    ),
    Mutant(
        "what is bought again is booked on who asked the first time",
        PICTURES,
        '        "requested_by": by,\n',
        "",
        WHO_TESTS,
        "test_a_press_on_anothers_job_meets_the_cap_of_who_pressed",
    ),
    Mutant(
        "a re-roll is booked on who asked for the first picture",
        PICTURES,
        "requested_by=by, page_requested_by=for_pages",
        "requested_by=parent.requested_by, page_requested_by=for_pages",
        WHO_TESTS,
        "test_anothers_order_goes_on_in_a_job_that_a_persons_cap_paused",
    ),
    Mutant(
        "a deleted row of a draft is taken off what was ordered",
        SERVICES + "queue/job_row.py",
        "return status not in (None, ImageStatus.DRAFT)",
        "return status is not None",
        TESTS + "jobs/test_deleting.py",
        "test_the_counters_are_right_after_a_picture_of_any_status_was_deleted",
    ),
    Mutant(
        "nobody's name is written down",
        SERVICES + "history.py",
        "if by is None:",
        "if True:",
        TESTS + "jobs/test_history.py",
        "test_a_discarded_draft_leaves_a_line",
    ),
    Mutant(
        "an action is done although its line cannot be written",
        SERVICES + "history.py",
        "def record(row: Model, by: Any, what: str, *, flag: int = CHANGE) -> None:",
        "def record(*given, **named):\n    try:\n        _record(*given, **named)\n"
        "    except Exception:\n        pass\n\n\n"
        "def _record(row: Model, by: Any, what: str, *, flag: int = CHANGE) -> None:",
        HISTORY_TESTS,
        "test_an_action_whose_line_cannot_be_written_is_not_done",
    ),
    Mutant(
        "an order leaves no line",
        LIFECYCLE,
        "    history.record(job, by, f\"Ordered {counted(job.total, 'picture')}.\")\n",
        "",
        HISTORY_TESTS,
        "test_generate_leaves_a_line",
    ),
    Mutant(
        "a deleted job leaves no line",
        SERVICES + "jobs/trash.py",
        'history.record(job, by, f"Moved the job',
        'str.format("", job, by, f"Moved the job',
        HISTORY_TESTS,
        "test_every_paid_or_destroying_action_leaves_a_line",
    ),
    Mutant(
        "a retry leaves no line",
        PICTURES,
        "        history.record(job, by, f\"Queued {counted(again, 'picture')} again.\")\n",
        "",
        HISTORY_TESTS,
        "test_every_paid_or_destroying_action_leaves_a_line",
    ),
    Mutant(
        "a picture that is bought again leaves no line",
        PICTURES,
        '        history.record(job, by, f"Bought {_places(images)} again.")\n',
        "",
        HISTORY_TESTS,
        "test_an_unknown_picture_that_is_bought_again_leaves_a_line",
    ),
    Mutant(
        "an order of pages leaves no line",
        SERVICES + "queue/page_queue.py",
        "        history.record(job, by, f\"Ordered {counted(len(choice.chosen), 'page')}.\")\n",
        "        pass\n",
        HISTORY_TESTS,
        "test_every_paid_or_destroying_action_leaves_a_line",
    ),
    Mutant(
        "a picture is deleted while its outcome is unknown",
        SERVICES + "jobs/trash.py",
        "    if image.status == ImageStatus.UNKNOWN:\n        return",
        "    if False:\n        return",
        DELETING_TESTS,
        "test_while_nobody_decided_or_a_call_is_open_both_stay",
    ),
    Mutant(
        "a job is deleted while an outcome is unknown",
        SERVICES + "jobs/trash.py",
        "    if job.unknown_count:",
        "    if False:",
        JOBS_TESTS,
        "test_a_job_that_owes_an_answer_or_a_decision_is_not_deleted",
    ),
    Mutant(
        "a queued picture goes to the trash",
        SERVICES + "jobs/trash.py",
        "    if image.status == ImageStatus.QUEUED:\n",
        "    if False:\n",
        TESTS + "jobs/test_trash.py",
        "test_what_is_queued_or_has_a_page_stays",
    ),
    Mutant(
        "the picture of a page is deleted for good",
        SERVICES + "jobs/trash.py",
        "waiting = in_trash(job).filter(page_id=None)",
        "waiting = in_trash(job)",
        TESTS + "jobs/test_trash.py",
        "test_a_job_goes_with_everything_but_what_a_page_was_made_of",
    ),
    Mutant(
        "undo takes back another person's action",
        SERVICES + "changes.py",
        "select_for_update(no_key=True).filter(person_id=by.pk, undone=None)",
        "select_for_update(no_key=True).filter(undone=None)",
        TESTS + "jobs/test_decisions.py",
        "test_undo_never_takes_another_person_s_step_nor_another_job_s",
    ),
    Mutant(
        "the bytes of a deleted picture are looked for",
        SERVICES + "jobs/trash.py",
        "looked_up=len(conf.LOOK_AGAIN)",
        "looked_up=0",
        DELETING_TESTS,
        "test_nobody_looks_for_the_bytes_of_what_was_deleted",
    ),
    Mutant(
        "every variant has the job's own seed",
        DRAFTING,
        "(job.seed + image.variant - 1) % (MAX_SEED + 1)",
        "job.seed",
        "e2e/whole/test_seed.py",
        "test_each_variant_and_a_reroll_count_one_up",
    ),
    Mutant(
        "a model gets a setting that it does not take",
        DRAFTING,
        "        if name not in model.takes:",
        "        if False:",
        "e2e/whole/test_seed.py",
        "test_a_model_that_takes_no_seed_is_not_given_one",
    ),
]
