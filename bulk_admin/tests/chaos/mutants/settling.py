"""What becomes of a call: its money, its bytes, and what is held."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

SETTLING = SERVICES + "ledger/settling.py"
DELIVERING = SERVICES + "ledger/delivering.py"
ODD_STORAGES = "bulk_admin/tests/services/storage/test_odd_storages.py"
SETTLING_TESTS = TESTS + "ledger/test_settling.py"
HOLDING = SERVICES + "ledger/holding.py"
HOLDING_TESTS = TESTS + "ledger/test_holding.py"
HELD_TESTS = TESTS + "worker/test_held.py"
PUMP_TESTS = TESTS + "worker/test_pump.py"

MUTANTS = [
    Mutant(
        "a late answer settles whatever attempt is under way",
        SETTLING,
        "mine = image.attempt == call.attempt and _is_waiting_for(",
        "mine = _is_waiting_for(",
        SETTLING_TESTS,
        "test_a_first_answer_is_not_taken_for_the_second_ones_though_both_are_unknown",
    ),
    Mutant(
        "a call is settled twice",
        SETTLING,
        "if call.state in (CallState.DELIVERED, CallState.REFUSED):",
        "if False:",
        SETTLING_TESTS,
        "test_settling_twice_changes_nothing",
    ),
    Mutant(
        "an unknown call is booked at nothing",
        SETTLING,
        "    if outcome.billed == Billed.NO:",
        "    if outcome.billed != Billed.YES:",
        SETTLING_TESTS,
        "test_an_answer_after_all_is_adopted_and_paid_once",
    ),
    Mutant(
        "an unknown picture is bought again unasked",
        SETTLING,
        "            and call.account.buy_again_unasked\n",
        "",
        SETTLING_TESTS,
        "test_a_late_not_sent_reopens_an_ended_job",
    ),
    Mutant(
        "a living worker's calls are rescued",
        SETTLING,
        "if only_of_dead_owner and not _owner_is_dead(call, now):",
        "if False:",
        SETTLING_TESTS,
        "test_rescue_leaves_a_call_alone_whose_worker_is_alive",
    ),
    Mutant(
        "a picture is adopted without being counted",
        DELIVERING,
        "        count(job, image.status, target)\n    _put_in_outbox",
        "        pass\n    _put_in_outbox",
        SETTLING_TESTS,
        "test_an_answer_after_it_was_bought_again_gets_a_tile_of_its_own",
    ),
    Mutant(
        "the outbox drops what it is given",
        DELIVERING,
        "    if picture.unstored is not None:",
        "    if False:",
        SETTLING_TESTS,
        "test_bytes_that_the_storage_refused_go_to_the_outbox_with_the_row",
    ),
    Mutant(
        "what comes back after a cancel is queued again",
        SETTLING,
        "again = ImageStatus.CANCELLED if job.status == JobStatus.CANCELLED else"
        " ImageStatus.QUEUED",
        "again = ImageStatus.QUEUED",
        SETTLING_TESTS,
        "test_what_is_in_flight_at_a_cancel_is_kept_and_a_hand_back_is_cancelled",
    ),
    Mutant(
        "a late answer's price stays on the tile that was bought again",
        DELIVERING,
        "cost=image.cost - call.reserved, revision=job.revision",
        "revision=job.revision",
        SETTLING_TESTS,
        "test_an_answer_after_it_was_bought_again_gets_a_tile_of_its_own",
    ),
    Mutant(
        "a retry has no end",
        SETTLING,
        "if outcome.retry_in is None or (outcome.counts_as_try and image.tries >= MAX_RETRIES):",
        "if outcome.retry_in is None:",
        SETTLING_TESTS,
        "test_a_refusal_of_the_moment_is_retried_three_times_and_then_fails",
    ),
    Mutant(
        "a storage's own exception loses the picture",
        "bulk_admin/storages.py",
        "    except Exception as error:",
        "    except OSError as error:",
        ODD_STORAGES,
        "test_whatever_a_backend_raises_is_one_error_whose_words_can_be_kept",
    ),
    Mutant(
        "what no row takes leaves its call open",
        "bulk_admin/services/ledger/settling.py",
        "            call_id, outcome.bare(), only_of_dead_owner",
        "            call_id, outcome, only_of_dead_owner",
        TESTS + "ledger/test_set_aside.py",
        "test_a_refusal_that_no_row_takes_is_still_not_billed",
    ),
    Mutant(
        "a rate limit uses a try up",
        SERVICES + "ledger/outcome.py",
        "counts_as_try=not is_pace and error.stops == Reach.IMAGE",
        "counts_as_try=error.stops == Reach.IMAGE",
        SETTLING_TESTS,
        "test_only_a_refusal_of_the_picture_itself_counts_as_a_try",
    ),
    Mutant(
        "a server's fault is taken for a refusal",
        SERVICES + "image_providers/errors.py",
        '    billed = "unknown"\n\n\nclass NotDownloaded',
        '    billed = "no"\n\n\nclass NotDownloaded',
        "bulk_admin/tests/providers/test_openai.py",
        "test_every_fault_becomes_the_right_error_after_one_request",
    ),
    Mutant(
        "a rescue does not look for the bytes",
        SERVICES + "worker/rescue.py",
        "    picture = storing.find(call.picture_key)\n    return outcome_of_stored(picture) if"
        " picture else _collect(call)",
        "    return _collect(call)",
        PUMP_TESTS,
        "test_a_call_past_its_deadline_is_unknown_and_its_late_answer_is_adopted",
    ),
    Mutant(
        'a late "not sent" leaves its picture in an ended job',
        SETTLING,
        "if done == Settled.QUEUED and job.status in ENDED_JOBS:",
        "if False:",
        SETTLING_TESTS,
        "test_a_late_not_sent_reopens_an_ended_job",
    ),
    Mutant(
        "a held call is claimed by two collectors",
        HOLDING,
        "pk=call.pk, state=CallState.HELD, poll_at=call.poll_at",
        "pk=call.pk, state=CallState.HELD",
        HOLDING_TESTS,
        "test_two_that_saw_the_same_due_call_claim_it_once",
    ),
    Mutant(
        "a look that fails ends the call that it looked for",
        SERVICES + "worker/held.py",
        "        except ENDS as error:",
        "        except (*ENDS, ProviderError) as error:",
        HELD_TESTS,
        "test_an_error_of_the_look_neither_ends_the_call_nor_has_it_bought_again",
    ),
    Mutant(
        "a held call whose time is over is never given up",
        SERVICES + "worker/held.py",
        "            if not self.due.is_last:",
        "            if True:",
        HELD_TESTS,
        "test_after_its_time_it_is_asked_once_more_and_then_unknown",
    ),
    Mutant(
        "what is collected is not kept",
        SERVICES + "worker/held.py",
        "isinstance(answer, NotYet) else self.bring_to_safety(answer)",
        'isinstance(answer, NotYet) else unknown("")',
        HELD_TESTS,
        "test_a_collector_that_dies_leaves_the_call_due_again",
    ),
    Mutant(
        "a broken pump leaves what is in flight",
        SERVICES + "worker/pump.py",
        "bool(self.in_flight) and time.monotonic()",
        "False and time.monotonic()",
        PUMP_TESTS,
        "test_a_fault_in_one_thing_leaves_the_calls_in_flight_to_their_end",
    ),
    Mutant(
        "a 403 is taken for missing wherever it comes from",
        SERVICES + "storage/storing.py",
        'if not private.hides_missing(f"{PROBES}{uuid.uuid4()}"):',
        "if False:",
        TESTS + "worker/test_denied.py",
        "test_a_storage_that_denies_everything_decides_nothing",
    ),
]
