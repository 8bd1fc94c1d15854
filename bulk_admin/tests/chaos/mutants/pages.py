"""A kept picture on its way to a page, and a page to the public."""

from __future__ import annotations

from .mutant import SERVICES, TESTS, Mutant

PUBLISH_WORKER = "prompts/services/publish_worker.py"
PUBLISH_TESTS = "prompts/tests/test_publish_worker.py"
WHO_TESTS = TESTS + "ledger/test_who_asked.py"
PAGES_TESTS = TESTS + "pages/test_pages.py"
FENCE_TESTS = TESTS + "pages/test_page_fence.py"

MUTANTS = [
    Mutant(
        "a dead worker's page step overwrites the living one's",
        SERVICES + "pages/steps.py",
        "            and image.page_owner_id == work.owner_id\n",
        "",
        FENCE_TESTS,
        "test_a_late_failure_takes_nothing_from_the_worker_that_has_the_step_now",
    ),
    Mutant(
        "a flagged picture is no bar",
        SERVICES + "pages/work.py",
        'return bool(self.moderation) and self.verdict.status == "flagged"',
        "return False",
        PAGES_TESTS,
        "test_a_flagged_picture_makes_no_page_and_says_why",
    ),
    Mutant(
        "a flagged page is published",
        "prompts/services/publishing.py",
        '    if page.moderation == Prompt.Moderation.FLAGGED:\n        return "Moderation stopped'
        ' it."\n',
        "",
        "prompts/tests/test_publishing.py",
        "test_a_doubt_can_be_confirmed_and_a_flag_never",
    ),
    Mutant(
        "what speaks against publishing is not asked again",
        PUBLISH_WORKER,
        "elif reason := fault or why_not_publish(page, page.publish_confirmed):",
        "elif reason := fault:",
        PUBLISH_TESTS,
        "test_what_speaks_against_it_is_asked_again_when_its_turn_comes",
    ),
    Mutant(
        "a page that was taken back while it was copied is published",
        PUBLISH_WORKER,
        "if page.publish_at is None or page.publish_at > now:",
        "if False:",
        PUBLISH_TESTS,
        "test_what_happens_while_it_is_copied_counts",
    ),
    Mutant(
        "a worker that was taken for dead publishes",
        PUBLISH_WORKER,
        ".filter(pk=claimed.pk, files_claim=claimed.files_claim)",
        ".filter(pk=claimed.pk)",
        PUBLISH_TESTS,
        "test_a_claim_is_one_workers_until_its_lease_ends",
    ),
    Mutant(
        "a copy that is begun is not noted before",
        PUBLISH_WORKER,
        'has_public_copy=Case(is_to_be_public, default=F("has_public_copy")),',
        "",
        PUBLISH_TESTS,
        "test_what_speaks_against_it_is_asked_again_when_its_turn_comes",
    ),
    Mutant(
        "public copies are deleted before the private ones are safe",
        PUBLISH_WORKER,
        "if not page.draft_folder and page_files.keys_of(page):",
        "if False:",
        PUBLISH_TESTS,
        "test_an_old_published_page_is_taken_back_and_comes_back_under_its_address",
    ),
    Mutant(
        "a deleted page's files are deleted once only",
        PUBLISH_WORKER,
        "if row.final_at > now:",
        "if False:",
        PUBLISH_TESTS,
        "test_a_new_page_of_the_same_picture_keeps_its_files",
    ),
    Mutant(
        "a draft's files are put where everybody can read them",
        "prompts/services/publishing.py",
        "private.put(files.folder + name_of(files.key), files.content, files.content_type)",
        "from . import b2_upload; b2_upload.put(files.key, files.content, files.content_type)",
        "prompts/tests/test_publishing.py",
        "test_stored_files_are_private",
    ),
    Mutant(
        "anybody on the staff sees a draft's picture",
        "prompts/admin/pages.py",
        "        if not self.has_view_permission(request):\n            raise PermissionDenied\n",
        "",
        "prompts/tests/test_admin.py",
        "test_a_private_picture_is_for_staff_who_may_see_pages",
    ),
    Mutant(
        "a source gets a second page",
        "prompts/services/publishing.py",
        "            if existing is not None:\n                return"
        " Prompt.objects.get(pk=existing)\n",
        "",
        "prompts/tests/test_publishing.py",
        "test_a_second_call_for_the_same_source_returns_the_first_page",
    ),
    Mutant(
        "a page's text is bought without end",
        SERVICES + "pages/texts.py",
        "MAX_TRIES = 3",
        "MAX_TRIES = 30",
        PAGES_TESTS,
        "test_an_unknown_text_call_is_repeated_at_most_twice_and_each_is_booked",
    ),
    Mutant(
        "a page is booked on who asked for the picture",
        SERVICES + "queue/page_queue.py",
        "database_now(), page_requested_by=by)",
        "database_now())",
        WHO_TESTS,
        "test_a_page_is_written_for_who_pressed_create_pages",
    ),
    Mutant(
        "a capped person's pages take everyone's down",
        SERVICES + "pages/texts.py",
        "_waiting().filter(page_requested_by=person_id)",
        "_waiting()",
        WHO_TESTS,
        "test_a_capped_persons_texts_fail_and_anothers_of_the_same_job_are_written",
    ),
]
