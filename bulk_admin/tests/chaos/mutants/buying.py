"""Whether a call may leave, and what it reserves."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

OPENING = SERVICES + "ledger/opening.py"
PACING = SERVICES + "ledger/pacing.py"
SPEND = SERVICES + "ledger/spend.py"
BRAKES = SERVICES + "ledger/brakes.py"
BRAKES_TESTS = TESTS + "ledger/test_brakes.py"
ODD_STORAGES = "bulk_admin/tests/services/storage/test_odd_storages.py"
OPENING_TESTS = TESTS + "ledger/test_opening.py"
WHO_TESTS = TESTS + "ledger/test_who_asked.py"
HOLDING_TESTS = TESTS + "ledger/test_holding.py"
PUMP_TESTS = TESTS + "worker/test_pump.py"

MUTANTS = [
    Mutant(
        "a day's cap is not looked at",
        SPEND,
        '            room = room.filter(spent__lte=cap - price - F("reserved"))',
        "            pass",
        OPENING_TESTS,
        "test_a_person_at_the_day_cap_has_that_job_paused_and_others_go_on",
    ),
    Mutant(
        "a job's cap forgets what is reserved",
        OPENING,
        "if job.budget_cap is not None and job.spent + job.reserved + price > job.budget_cap:",
        "if job.budget_cap is not None and job.spent + price > job.budget_cap:",
        OPENING_TESTS,
        "test_room_taken_only_by_reservations_is_a_wait_and_not_a_pause",
    ),
    Mutant(
        "a month's cap is not looked at",
        SPEND,
        "month_room = None if account.month_cap is None else account.month_cap - earlier",
        "month_room = None",
        OPENING_TESTS,
        "test_an_account_at_its_cap_stops_and_pauses_its_jobs",
    ),
    Mutant(
        "a month's cap forgets the days before",
        SPEND,
        "account.month_cap - earlier",
        "account.month_cap",
        OPENING_TESTS,
        "test_what_was_spent_earlier_in_the_month_leaves_less_for_today",
    ),
    Mutant(
        "the window is one call too wide",
        PACING,
        "calls[limit - 1 : limit]",
        "calls[limit : limit + 1]",
        OPENING_TESTS,
        "test_refused_calls_count_into_the_window",
    ),
    Mutant(
        "a cooldown is ignored",
        PACING,
        "if pool.cooldown_until and pool.cooldown_until > now:",
        "if False:",
        OPENING_TESTS,
        "test_a_cooling_pool_waits_until_it_is_over",
    ),
    Mutant(
        "one call too many is in flight",
        PACING,
        "if in_flight >= pool.max_in_flight:",
        "if in_flight > pool.max_in_flight:",
        OPENING_TESTS,
        "test_no_more_calls_in_flight_than_the_pool_allows",
    ),
    Mutant(
        "a full outbox stops nothing",
        PACING,
        "    if _outbox_is_full():",
        "    if False:",
        OPENING_TESTS,
        "test_a_full_outbox_stops_buying_without_pausing",
    ),
    Mutant(
        "without a storage pictures are bought all the same",
        PACING,
        "    if not private.is_set_up():",
        "    if False:",
        ODD_STORAGES,
        "test_without_a_private_storage_nothing_is_bought",
    ),
    Mutant(
        "paid outcomes without use pause nothing",
        BRAKES,
        "    if brake and job.billed_without_use >= brake:",
        "    if False:",
        BRAKES_TESTS,
        "test_three_paid_outcomes_in_a_row_without_use_pause_the_job_and_say_what_came",
    ),
    Mutant(
        "failures in a row pause nothing",
        BRAKES,
        "        job.failed_in_a_row >= breaker",
        "        False",
        BRAKES_TESTS,
        "test_failures_in_a_row_pause_a_job_that_went_well_before",
    ),
    Mutant(
        "a usable picture leaves the count of useless ones",
        BRAKES,
        "        job.billed_without_use = job.failed_in_a_row = 0\n        job.outcomes +=",
        "        job.outcomes +=",
        BRAKES_TESTS,
        "test_a_usable_picture_begins_the_count_again",
    ),
    Mutant(
        "a new model begins with every call at once",
        BRAKES,
        ".count() < most",
        ".count() < 10**6",
        BRAKES_TESTS,
        "test_a_model_that_has_not_delivered_begins_with_three_calls_at_once",
    ),
    Mutant(
        "a paused job goes on buying",
        OPENING,
        "from bulk_admin.models import (\n    ACTIVE_JOBS,\n",
        'ACTIVE_JOBS = ("pending", "processing", "paused")\nfrom bulk_admin.models import (\n',
        OPENING_TESTS,
        "test_a_job_that_is_not_running_buys_nothing",
    ),
    Mutant(
        "less is reserved than may be billed",
        SERVICES + "pricing/estimate.py",
        "len(prompt.encode()) + PROMPT_OVERHEAD if price.text_input else 0",
        "0",
        TESTS + "pricing/test_estimate.py",
        "test_no_bill_exceeds_the_reserve",
    ),
    Mutant(
        "an old permit is sent",
        SERVICES + "worker/image_work.py",
        "if self.send_delay > conf.PERMIT_AGE:",
        "if False:",
        PUMP_TESTS,
        "test_a_permit_that_is_too_old_to_send_is_handed_back",
    ),
    Mutant(
        "calls in flight are counted without what is held",
        PACING,
        "pool=pool, state__in=CallState.UNSETTLED",
        "pool=pool, state=CallState.OPEN",
        HOLDING_TESTS,
        "test_in_flight_limit_of_its_pool_sees_what_is_held",
    ),
    Mutant(
        "a capped person holds up everybody",
        OPENING,
        "        self.passed_over.add(person_id)\n        return True",
        "        return False",
        WHO_TESTS,
        "test_a_person_at_their_cap_holds_up_only_what_they_asked_for",
    ),
    Mutant(
        "a person's cap pauses what others asked for",
        SERVICES + "ledger/pausing.py",
        "exclude(requested_by__in=person_ids).exists()",
        "none().exists()",
        WHO_TESTS,
        "test_a_person_at_their_cap_holds_up_only_what_they_asked_for",
    ),
    Mutant(
        "a call is booked on who made the job",
        OPENING,
        "person = image.requested_by if pool.kind == CallKind.IMAGE else image.page_requested_by",
        "person = job.created_by",
        WHO_TESTS,
        "test_a_capped_persons_texts_fail_and_anothers_of_the_same_job_are_written",
    ),
]
