"""Breaks each rule about money and pages once, on a copy of the tree, and sees to it that the quick
tests notice.

python -m bulk_admin.tests.chaos.mutants [words of names]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COPIED = (
    "bulk_admin",
    "prompts",
    "prompts_manager",
    "templates",
    "static",
    "conftest.py",
    "manage.py",
    "pyproject.toml",
)
AT_ONCE = 2
MINUTES = 6
SERVICES = "bulk_admin/services/"
SETTLING = SERVICES + "ledger/settling.py"
DELIVERING = SERVICES + "ledger/delivering.py"
OPENING = SERVICES + "ledger/opening.py"
PACING = SERVICES + "ledger/pacing.py"
SPEND = SERVICES + "ledger/spend.py"
LIFECYCLE = SERVICES + "jobs/lifecycle.py"
PICTURES = SERVICES + "jobs/pictures.py"
ACCOUNTS = SERVICES + "accounts.py"
TESTS = "bulk_admin/tests/services/"
PUBLISH_WORKER = "prompts/services/publish_worker.py"
PUBLISH_TESTS = "prompts/tests/test_publish_worker.py"
BRAKES = SERVICES + "ledger/brakes.py"
BRAKES_TESTS = TESTS + "ledger/test_brakes.py"
ODD_STORAGES = "bulk_admin/tests/services/storage/test_odd_storages.py"
OPENING_TESTS = TESTS + "ledger/test_opening.py"
SETTLING_TESTS = TESTS + "ledger/test_settling.py"
JOBS_TESTS = TESTS + "jobs/test_jobs.py"
WHO_TESTS = TESTS + "ledger/test_who_asked.py"
HOLDING = SERVICES + "ledger/holding.py"
HOLDING_TESTS = TESTS + "ledger/test_holding.py"
HELD_TESTS = TESTS + "worker/test_held.py"
PUMP_TESTS = TESTS + "worker/test_pump.py"
PAGES_TESTS = TESTS + "pages/test_pages.py"
FENCE_TESTS = TESTS + "pages/test_page_fence.py"
OWNERS_TESTS = TESTS + "test_account_owners.py"
STORY = "bulk_admin/tests/whole/test_state_machine.py"
PROOF_TESTS = "bulk_admin/tests/whole/test_proof.py"


@dataclass(frozen=True)
class Mutant:
    """``old`` must stand in ``path`` exactly once.

    ``tests``: files of which one must fail, the likeliest first.
    """

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = [
    Mutant(
        "a deleted person's account goes on buying",
        ACCOUNTS,
        "    own.update(is_enabled=False)\n    _erase_unused_keys(own)",
        "    ProviderAccount.objects.filter(owner=person).update(owner=None, is_platform=True)",
        (OWNERS_TESTS,),
    ),
    Mutant(
        "a key is erased under a call that needs it",
        ACCOUNTS,
        ".exclude(Exists(under_way))",
        "",
        (OWNERS_TESTS,),
    ),
    Mutant(
        "the platform's own keys are erased",
        "bulk_admin/models/accounts.py",
        "return self.filter(is_platform=False, owner=None)",
        "return self.filter(owner=None)",
        (OWNERS_TESTS,),
    ),
    Mutant(
        "a late answer settles whatever attempt is under way",
        SETTLING,
        "mine = image.attempt == call.attempt and _is_waiting_for(",
        "mine = _is_waiting_for(",
        (SETTLING_TESTS, STORY),
    ),
    Mutant(
        "a call is settled twice",
        SETTLING,
        "if call.state in (CallState.DELIVERED, CallState.REFUSED):",
        "if False:",
        (SETTLING_TESTS, STORY),
    ),
    Mutant(
        "an unknown call is booked at nothing",
        SETTLING,
        "    if outcome.billed == Billed.NO:",
        "    if outcome.billed != Billed.YES:",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "an unknown picture is bought again unasked",
        SETTLING,
        "            and call.account.buy_again_unasked\n",
        "",
        (SETTLING_TESTS, STORY),
    ),
    Mutant(
        "a living worker's calls are rescued",
        SETTLING,
        "if only_of_dead_owner and not _owner_is_dead(call, now):",
        "if False:",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "a picture is adopted without being counted",
        DELIVERING,
        "        count(job, image.status, target)\n    _put_in_outbox",
        "        pass\n    _put_in_outbox",
        (SETTLING_TESTS, STORY),
    ),
    Mutant(
        "the outbox drops what it is given",
        DELIVERING,
        "    if picture.unstored is not None:",
        "    if False:",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "what comes back after a cancel is queued again",
        SETTLING,
        "again = ImageStatus.CANCELLED if job.status == JobStatus.CANCELLED else"
        " ImageStatus.QUEUED",
        "again = ImageStatus.QUEUED",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "a late answer's price stays on the tile that was bought again",
        DELIVERING,
        "cost=image.cost - call.reserved, revision=job.revision",
        "revision=job.revision",
        (SETTLING_TESTS, STORY),
    ),
    Mutant(
        "a retry has no end",
        SETTLING,
        "if outcome.retry_in is None or (outcome.counts_as_try and image.tries >= MAX_RETRIES):",
        "if outcome.retry_in is None:",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "a day's cap is not looked at",
        SPEND,
        '            room = room.filter(spent__lte=cap - price - F("reserved"))',
        "            pass",
        (OPENING_TESTS, STORY),
    ),
    Mutant(
        "a job's cap forgets what is reserved",
        OPENING,
        "if job.budget_cap is not None and job.spent + job.reserved + price > job.budget_cap:",
        "if job.budget_cap is not None and job.spent + price > job.budget_cap:",
        (OPENING_TESTS, STORY),
    ),
    Mutant(
        "a month's cap is not looked at",
        SPEND,
        "month_room = None if account.month_cap is None else account.month_cap - earlier",
        "month_room = None",
        (OPENING_TESTS,),
    ),
    Mutant(
        "a month's cap forgets the days before",
        SPEND,
        "account.month_cap - earlier",
        "account.month_cap",
        (OPENING_TESTS,),
    ),
    Mutant(
        "the window is one call too wide",
        PACING,
        "calls[limit - 1 : limit]",
        "calls[limit : limit + 1]",
        (OPENING_TESTS,),
    ),
    Mutant(
        "a cooldown is ignored",
        PACING,
        "if pool.cooldown_until and pool.cooldown_until > now:",
        "if False:",
        (OPENING_TESTS, SETTLING_TESTS),
    ),
    Mutant(
        "one call too many is in flight",
        PACING,
        "if in_flight >= pool.max_in_flight:",
        "if in_flight > pool.max_in_flight:",
        (OPENING_TESTS,),
    ),
    Mutant(
        "a full outbox stops nothing",
        PACING,
        "    if _outbox_is_full():",
        "    if False:",
        (OPENING_TESTS,),
    ),
    Mutant(
        "without a storage pictures are bought all the same",
        PACING,
        "    if not private.is_set_up():",
        "    if False:",
        (ODD_STORAGES,),
    ),
    Mutant(
        "a storage's own exception loses the picture",
        "bulk_admin/storages.py",
        "    except Exception as error:",
        "    except OSError as error:",
        (ODD_STORAGES,),
    ),
    Mutant(
        "paid outcomes without use pause nothing",
        BRAKES,
        "    if brake and job.billed_without_use >= brake:",
        "    if False:",
        (BRAKES_TESTS,),
    ),
    Mutant(
        "failures in a row pause nothing",
        BRAKES,
        "        job.failed_in_a_row >= breaker",
        "        False",
        (BRAKES_TESTS,),
    ),
    Mutant(
        "a usable picture leaves the count of useless ones",
        BRAKES,
        "        job.billed_without_use = job.failed_in_a_row = 0\n        job.outcomes +=",
        "        job.outcomes +=",
        (BRAKES_TESTS,),
    ),
    Mutant(
        "Resume leaves the counts of the brakes",
        "bulk_admin/services/jobs/lifecycle.py",
        "    brakes.clear(job)\n",
        "",
        (BRAKES_TESTS,),
    ),
    Mutant(
        "a new model begins with every call at once",
        BRAKES,
        ".count() < most",
        ".count() < 10**6",
        (BRAKES_TESTS,),
    ),
    Mutant(
        "what no row takes leaves its call open",
        "bulk_admin/services/ledger/settling.py",
        "            call_id, outcome.bare(), only_of_dead_owner",
        "            call_id, outcome, only_of_dead_owner",
        (TESTS + "ledger/test_set_aside.py",),
    ),
    Mutant(
        "a paused job goes on buying",
        OPENING,
        "from bulk_admin.models import (\n    ACTIVE_JOBS,\n",
        'ACTIVE_JOBS = ("pending", "processing", "paused")\nfrom bulk_admin.models import (\n',
        (OPENING_TESTS, SETTLING_TESTS),
    ),
    Mutant(
        "less is reserved than may be billed",
        SERVICES + "pricing/estimate.py",
        "len(prompt.encode()) + PROMPT_OVERHEAD if price.text_input else 0",
        "0",
        (TESTS + "pricing/test_estimate.py",),
    ),
    Mutant(
        "an old permit is sent",
        SERVICES + "worker/image_work.py",
        "if self.send_delay > conf.PERMIT_AGE:",
        "if False:",
        (PUMP_TESTS,),
    ),
    Mutant(
        "a rate limit uses a try up",
        SERVICES + "ledger/outcome.py",
        "counts_as_try=not is_pace and error.stops == Reach.IMAGE",
        "counts_as_try=error.stops == Reach.IMAGE",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "a server's fault is taken for a refusal",
        SERVICES + "image_providers/errors.py",
        '    billed = "unknown"\n\n\nclass NotDownloaded',
        '    billed = "no"\n\n\nclass NotDownloaded',
        ("bulk_admin/tests/providers/test_openai.py", PROOF_TESTS),
    ),
    Mutant(
        "a rescue does not look for the bytes",
        SERVICES + "worker/rescue.py",
        "    picture = storing.find(call.picture_key)\n    return outcome_of_stored(picture) if"
        " picture else _collect(call)",
        "    return _collect(call)",
        (PUMP_TESTS,),
    ),
    Mutant(
        '"buy again" does not look for the bytes',
        PICTURES,
        "if call is not None and look_up(call) in (Settled.ADOPTED, Settled.NEW_VARIANT):",
        "if False:",
        (PUMP_TESTS,),
    ),
    Mutant(
        '"buy again" answers any attempt',
        PICTURES,
        "if image.status != ImageStatus.UNKNOWN or image.attempt != seen_attempt:",
        "if image.status != ImageStatus.UNKNOWN:",
        (JOBS_TESTS, SETTLING_TESTS, STORY),
    ),
    Mutant(
        "a re-roll pressed twice buys twice",
        PICTURES,
        "if newest != seen_variant or job.status",
        "if job.status",
        (JOBS_TESTS, STORY),
    ),
    Mutant(
        "a retry buys what was paid for",
        PICTURES,
        "job.images.filter(status=ImageStatus.FAILED, error_code__in=codes.RETRYABLE)",
        "job.images.filter(status=ImageStatus.FAILED)",
        (JOBS_TESTS,),
    ),
    Mutant(
        "Generate pressed twice starts twice",
        LIFECYCLE,
        "    if job.status != JobStatus.DRAFT:\n        return False",
        "    pass",
        (JOBS_TESTS,),
    ),
    Mutant(
        "a dead worker's page step overwrites the living one's",
        SERVICES + "pages/steps.py",
        "            and image.page_owner_id == work.owner_id\n",
        "",
        (FENCE_TESTS,),
    ),
    Mutant(
        "a flagged picture is no bar",
        SERVICES + "pages/work.py",
        'return bool(self.moderation) and self.verdict.status == "flagged"',
        "return False",
        (PAGES_TESTS,),
    ),
    Mutant(
        "a flagged page is published",
        "prompts/services/publishing.py",
        '    if page.moderation == Prompt.Moderation.FLAGGED:\n        return "Moderation stopped'
        ' it."\n',
        "",
        ("prompts/tests/test_publishing.py", "prompts/tests/test_admin.py"),
    ),
    Mutant(
        "what speaks against publishing is not asked again",
        PUBLISH_WORKER,
        "elif reason := fault or why_not_publish(page, page.publish_confirmed):",
        "elif reason := fault:",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "a page that was taken back while it was copied is published",
        PUBLISH_WORKER,
        "if page.publish_at is None or page.publish_at > now:",
        "if False:",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "a worker that was taken for dead publishes",
        PUBLISH_WORKER,
        ".filter(pk=claimed.pk, files_claim=claimed.files_claim)",
        ".filter(pk=claimed.pk)",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "a copy that is begun is not noted before",
        PUBLISH_WORKER,
        'has_public_copy=Case(is_to_be_public, default=F("has_public_copy")),',
        "",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "public copies are deleted before the private ones are safe",
        PUBLISH_WORKER,
        "if not page.draft_folder and page_files.keys_of(page):",
        "if False:",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "a deleted page's files are deleted once only",
        PUBLISH_WORKER,
        "if row.final_at > now:",
        "if False:",
        (PUBLISH_TESTS,),
    ),
    Mutant(
        "a draft's files are put where everybody can read them",
        "prompts/services/publishing.py",
        "private.put(files.folder + name_of(files.key), files.content, files.content_type)",
        "from . import b2_upload; b2_upload.put(files.key, files.content, files.content_type)",
        ("prompts/tests/test_publishing.py",),
    ),
    Mutant(
        "anybody on the staff sees a draft's picture",
        "prompts/admin/pages.py",
        "        if not self.has_view_permission(request):\n            raise PermissionDenied\n",
        "",
        ("prompts/tests/test_admin.py",),
    ),
    Mutant(
        "a source gets a second page",
        "prompts/services/publishing.py",
        "            if existing is not None:\n                return"
        " Prompt.objects.get(pk=existing)\n",
        "",
        ("prompts/tests/test_publishing.py",),
    ),
    Mutant(
        "a page's text is bought without end",
        SERVICES + "pages/texts.py",
        "MAX_TRIES = 3",
        "MAX_TRIES = 30",
        (PAGES_TESTS, FENCE_TESTS),
    ),
    Mutant(
        "Generate buys at a price that its button did not show",
        LIFECYCLE,
        "if seen_revision is not None and job.revision != seen_revision:",
        "if False:",
        (JOBS_TESTS,),
    ),
    Mutant(
        'a late "not sent" leaves its picture in an ended job',
        SETTLING,
        "if done == Settled.QUEUED and job.status in ENDED_JOBS:",
        "if False:",
        (SETTLING_TESTS,),
    ),
    Mutant(
        "whoever may change a job spends with its private account",
        "bulk_admin/admin/permissions.py",
        " and job.account.is_usable_by(user)",
        "",
        ("bulk_admin/tests/admin/test_private_accounts.py",),
    ),
    Mutant(
        "a colleague starts a job on a private account",
        LIFECYCLE,
        "if not job.account.is_usable_by(by):",
        "if False:",
        ("bulk_admin/tests/admin/test_private_accounts.py",),
    ),
    Mutant(
        "a private account without an owner is everybody's",
        "bulk_admin/models/accounts.py",
        "(person is not None and self.owner_id == person.pk)",
        "self.owner_id is None or (person is not None and self.owner_id == person.pk)",
        ("bulk_admin/tests/admin/test_private_accounts.py",),
    ),
    Mutant(
        "half a dollar is taken for fifty",
        "bulk_admin/money.py",
        "(?:,[0-9]{3}){1,3})",
        "(?:,[0-9]{2,3}){1,3})",
        ("bulk_admin/tests/test_money.py",),
    ),
    Mutant(
        "calls in flight are counted without what is held",
        PACING,
        "pool=pool, state__in=CallState.UNSETTLED",
        "pool=pool, state=CallState.OPEN",
        (HOLDING_TESTS,),
    ),
    Mutant(
        "a held call is claimed by two collectors",
        HOLDING,
        "pk=call.pk, state=CallState.HELD, poll_at=call.poll_at",
        "pk=call.pk, state=CallState.HELD",
        (HOLDING_TESTS,),
    ),
    Mutant(
        "a look that fails ends the call that it looked for",
        SERVICES + "worker/held.py",
        "        except ENDS as error:",
        "        except (*ENDS, ProviderError) as error:",
        (HELD_TESTS,),
    ),
    Mutant(
        "a held call whose time is over is never given up",
        SERVICES + "worker/held.py",
        "            if not self.due.is_last:",
        "            if True:",
        (HELD_TESTS,),
    ),
    Mutant(
        "what is collected is not kept",
        SERVICES + "worker/held.py",
        "isinstance(answer, NotYet) else self.bring_to_safety(answer)",
        'isinstance(answer, NotYet) else unknown("")',
        (HELD_TESTS,),
    ),
    Mutant(
        "a broken pump leaves what is in flight",
        SERVICES + "worker/pump.py",
        "bool(self.in_flight) and time.monotonic()",
        "False and time.monotonic()",
        (PUMP_TESTS,),
    ),
    Mutant(
        "a capped person holds up everybody",
        OPENING,
        "        self.passed_over.add(person_id)\n        return True",
        "        return False",
        (WHO_TESTS,),
    ),
    Mutant(
        "a person's cap pauses what others asked for",
        SERVICES + "ledger/pausing.py",
        "exclude(requested_by__in=person_ids).exists()",
        "none().exists()",
        (WHO_TESTS,),
    ),
    Mutant(
        "an order waits for another person's cap",
        LIFECYCLE,
        "JobStatus.PROCESSING if is_capped or job.status",
        "JobStatus.PROCESSING if job.status",
        (WHO_TESTS,),
    ),
    Mutant(
        "a call is booked on who made the job",
        OPENING,
        "person = image.requested_by if pool.kind == CallKind.IMAGE else image.page_requested_by",
        "person = job.created_by",
        (WHO_TESTS,),
    ),
    Mutant(
        "a draft is generated at its maker's cost",
        LIFECYCLE,
        'asked = {"requested_by": by,',
        'asked = {"requested_by": job.created_by,',
        (WHO_TESTS,),
    ),
    Mutant(
        "what is bought again is booked on who asked the first time",
        PICTURES,
        '        "requested_by": by,\n',
        "",
        (WHO_TESTS,),
    ),
    Mutant(
        "a re-roll is booked on who asked for the first picture",
        PICTURES,
        "requested_by=by, page_requested_by=for_pages",
        "requested_by=parent.requested_by, page_requested_by=for_pages",
        (WHO_TESTS,),
    ),
    Mutant(
        "a page is booked on who asked for the picture",
        SERVICES + "queue/page_queue.py",
        "database_now(), page_requested_by=by)",
        "database_now())",
        (WHO_TESTS,),
    ),
    Mutant(
        "a capped person's pages take everyone's down",
        SERVICES + "pages/texts.py",
        "_waiting().filter(page_requested_by=person_id)",
        "_waiting()",
        (WHO_TESTS,),
    ),
    Mutant(
        "a 403 is taken for missing wherever it comes from",
        SERVICES + "storage/storing.py",
        'if not private.hides_missing(f"{PROBES}{uuid.uuid4()}"):',
        "if False:",
        (TESTS + "worker/test_denied.py",),
    ),
    Mutant(
        "a deleted row of a draft is taken off what was ordered",
        SERVICES + "queue/job_row.py",
        "return status not in (None, ImageStatus.DRAFT)",
        "return status is not None",
        (TESTS + "jobs/test_deleting.py",),
    ),
    Mutant(
        "nobody's name is written down",
        SERVICES + "history.py",
        "if by is None:",
        "if True:",
        (TESTS + "jobs/test_history.py",),
    ),
]


def main() -> int:
    words = sys.argv[1:]
    chosen = [
        mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)
    ]
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="promptfinder-mutants-") as folder,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        found = list(
            pool.map(
                lambda numbered: judge(numbered[1], Path(folder) / str(numbered[0])),
                enumerate(chosen),
            )
        )
    missed = [mutant for mutant, caught in zip(chosen, found, strict=True) if not caught]
    sys.stdout.write(
        f"{len(chosen) - len(missed)} of {len(chosen)} mutants caught in"
        f" {time.monotonic() - begun:.0f} s\n"
    )
    return 1 if missed else 0


def judge(mutant: Mutant, folder: Path) -> bool:
    """Whether a test of the mutated copy fails."""
    copy_tree(folder)
    try:
        mutate(mutant, folder)
        caught, seconds, words = notice(mutant, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(
        f"{'caught' if caught else 'MISSED'}  {seconds:4.0f} s  {mutant.name}  ({words})\n"
    )
    sys.stdout.flush()
    return caught


def copy_tree(folder: Path) -> None:
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "chaos")
            )
        else:
            shutil.copy2(ROOT / name, folder / name)


def mutate(mutant: Mutant, folder: Path) -> None:
    path = folder / mutant.path
    source = path.read_text()
    if source.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.name}: its text stands {source.count(mutant.old)} times in {mutant.path};"
            " bring the mutant up to date."
        )
    path.write_text(source.replace(mutant.old, mutant.new))


def notice(mutant: Mutant, folder: Path) -> tuple[bool, float, str]:
    """Whether a file of tests fails, after how many seconds, and by which test."""
    begun = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-m",
        "not process and not e2e",
        "-p",
        "no:cacheprovider",
    ]
    env = {
        **os.environ,
        "DEBUG": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_NO_SHRINKING": "1",
    }
    for tests in mutant.tests:
        try:
            done = subprocess.run(
                [*command, tests],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                timeout=MINUTES * 60,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True, time.monotonic() - begun, f"{tests} came to no end"
        if done.returncode == 1:
            failed = next(line for line in done.stdout.splitlines() if line.startswith("FAILED"))
            return True, time.monotonic() - begun, failed.split("::")[-1].split(" - ")[0][:90]
        if done.returncode:
            raise SystemExit(
                f"{mutant.name}: its tests did not run.\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
    return False, time.monotonic() - begun, "no test noticed"


if __name__ == "__main__":
    raise SystemExit(main())
