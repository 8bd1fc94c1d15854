"""Whatever two workers, a rescue and staff do, in whatever order: the money, the statuses and the
counters stay true.

Calls are opened by two workers that may die; answers come in any order, late, twice, or only as
bytes in the storage; page steps are taken and finished by both; staff press everything. After each
step all is held against a recount.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bulk_admin.codes import Code
from bulk_admin.models import (
    OPEN_PAGES,
    Billed,
    CallState,
    GeneratedImage,
    ImageStatus,
    PageStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
    Spend,
    Worker,
)
from bulk_admin.services.image_providers import Submitted
from bulk_admin.services.jobs import decisions, lifecycle, pictures, trash
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.ledger import holding, opening
from bulk_admin.services.ledger.outcome import Outcome, handed_back
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.pages import steps, texts
from bulk_admin.services.pages.work import PageWork, TextWork
from bulk_admin.services.queue import page_queue
from bulk_admin.services.storage import storing
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.services.worker import rescue
from bulk_admin.services.worker.lease import GONE
from bulk_admin.services.writing.content import Content, Written
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.services.writing.moderation import Verdict
from bulk_admin.testing.factories import make_account, make_job, make_user, make_worker
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.support.auditor import audit
from prompts.models import Prompt
from prompts.services import publishing

SUBMITTED = Submitted(remote_id="remote", poll_in=1.0, hold_for=60.0)
PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ACCESS = OpenAIAccess(api_key="sk-test", base_url="http://127.0.0.1:1/v1")
USAGES: list[dict[str, int]] = [{}, {"text_input": 20, "image_output": 100}]
PICTURE = png_bytes(8, 8)
TEXT_CALLS_UNASKED = 3
any_number = st.integers(0, 40)
either = st.sampled_from([0, 1])


def delivered(call: ProviderCall, usage: dict[str, int], **changes: Any) -> Outcome:
    picture = StoredPicture(key=call.picture_key, sha256="0" * 64, length=10, **changes)
    return Outcome(state=CallState.DELIVERED, billed=Billed.YES, picture=picture, usage=usage)


def refused(code: str, **changes: Any) -> Outcome:
    return Outcome(
        **{"state": CallState.REFUSED, "billed": Billed.NO, "error_code": code, **changes}
    )


OUTCOMES: dict[str, Any] = {
    "delivered": delivered,
    "delivered again": delivered,
    "undecodable": lambda call, usage: delivered(call, usage, is_readable=False),
    "blocked": lambda call, usage: refused("blocked"),
    "blocked, perhaps billed": lambda call, usage: refused("blocked", billed=Billed.UNKNOWN),
    "overloaded": lambda call, usage: refused("overloaded", retry_in=0.0),
    "provider error": lambda call, usage: refused("provider_error"),
    "unknown": lambda call, usage: Outcome(
        state=CallState.UNKNOWN, billed=Billed.UNKNOWN, error_code="unknown"
    ),
    "handed back": lambda call, usage: handed_back("too old"),
    "no credit": lambda call, usage: refused("no_credit", stops="account", counts_as_try=False),
    "bad request": lambda call, usage: refused("bad_request", stops="job", counts_as_try=False),
}


class Story(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.asked: set[tuple[int, int]] = set()
        self.retried: set[int] = set()
        self.page_presses: Counter[int] = Counter()
        self.page_works: list[PageWork] = []
        self.done_works: list[PageWork] = []
        self.texts: list[TextWork] = []
        self.rows: dict[int, dict[str, Any]] = {}
        self.revision = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(
        caps=st.sampled_from([(None, None), (60_000, None), (None, 60_000)]),
        begun=st.sampled_from([0, 2]),
    )
    def begin(self, caps: tuple[int | None, int | None], begun: int) -> None:
        self.person = make_user()
        self.account = make_account("openai", day_cap=caps[1])
        self.job = make_job(
            3,
            account=self.account,
            model_name="gpt-image-2.5-flare",
            quality="low",
            size="1024x1024",
            budget_cap=caps[0],
            created_by=self.person,
        )
        pools = dict(Pool.objects.filter(account=self.account).values_list("kind", "pk"))
        self.image_pool, self.text_pool = pools["image"], pools["text"]
        self.workers = [make_worker(), make_worker()]
        # Begun with two pictures that are there, so that page work is soon reached too.
        for _ in range(begun):
            self.open_call(0)
        for call in ProviderCall.objects.all():
            settle(call.pk, delivered(call, {}))
        if begun:
            self.press_for_pages("create", False)

    # --- workers ---------------------------------------------------------------------------

    @rule(who=either)
    def open_call(self, who: int) -> None:
        ProviderAccount.objects.filter(pk=self.account.pk).update(stop_code="")
        answer = opening.open_call(self.image_pool, self.workers[who].pk)
        if isinstance(answer, Permit):
            self.check_nobody_pays_twice(answer)

    @rule(who=either, how=st.sampled_from(["open", "open", "and deliver"]))
    def open_two(self, who: int, how: str) -> None:
        self.open_call(who)
        self.open_call(1 - who)
        if how == "and deliver":
            for call in ProviderCall.objects.filter(kind="image", state=CallState.OPEN):
                settle(call.pk, delivered(call, {}))

    def check_nobody_pays_twice(self, permit: Permit) -> None:
        for call in ProviderCall.objects.filter(image_id=permit.image_id, kind="image").exclude(
            pk=permit.call_id
        ):
            was_asked = (permit.image_id, call.attempt) in self.asked or (
                call.state == CallState.REFUSED and permit.image_id in self.retried
            )
            assert call.billed == Billed.NO or was_asked, (
                f"{call} was {call.state}, and {permit} buys it again unasked"
            )

    @rule(pick=any_number, how=st.sampled_from(sorted(OUTCOMES)), usage=st.sampled_from(USAGES))
    def settle(self, pick: int, how: str, usage: dict[str, int]) -> None:
        """Any call that was ever opened: also one that has ended, or that a rescue has judged."""
        if call := self.picked(
            ProviderCall.objects.filter(kind="image").order_by("sent_at", "pk"), pick
        ):
            settle(call.pk, OUTCOMES[how](call, usage))

    @rule(pick=any_number)
    def hold(self, pick: int) -> None:
        """The provider answers with an id: also to a call that was judged before, or held twice."""
        if call := self.picked(
            ProviderCall.objects.filter(kind="image").order_by("sent_at", "pk"), pick
        ):
            is_held = holding.hold(call.pk, SUBMITTED)
            assert is_held == (call.state == CallState.OPEN)

    @rule(how=st.sampled_from(["not yet", "not yet", *sorted(OUTCOMES)]), times=st.integers(1, 2))
    def collect(self, how: str, times: int) -> None:
        """A collector claims what is due; another one finds nothing, and a slow one asks twice."""
        ProviderCall.objects.filter(state=CallState.HELD).update(poll_at=PAST)
        claimed = holding.claim_due(10)
        assert holding.claim_due(10) == []
        for due in claimed * times:
            if how == "not yet":
                holding.put_off(due, 5.0)
            else:
                settle(due.call_id, OUTCOMES[how](ProviderCall.objects.get(pk=due.call_id), {}))

    @rule(pick=any_number)
    def store_the_bytes(self, pick: int) -> None:
        """A worker that is about to die puts what it was sent, and nobody is told."""
        if call := self.picked(
            ProviderCall.objects.filter(
                kind="image", state__in=(*CallState.UNSETTLED, CallState.UNKNOWN)
            ),
            pick,
        ):
            storing.store(call.picture_key, PICTURE, {"usage": {}})

    @rule(who=either)
    def die(self, who: int) -> None:
        Worker.objects.filter(pk=self.workers[who].pk).update(beat_at=GONE)
        self.workers[who] = make_worker()

    @rule()
    def rescue(self) -> None:
        held = ProviderCall.objects.filter(state=CallState.HELD).order_by("pk")
        before = list(held.values_list("pk", "poll_at"))
        rescue.run()
        assert list(held.values_list("pk", "poll_at")) == before, "the rescue touched what is held"

    @rule()
    def wait(self) -> None:
        GeneratedImage.objects.update(not_before=None, page_not_before=None)

    # --- pages -----------------------------------------------------------------------------

    @rule(who=either)
    def take_a_page_step(self, who: int) -> None:
        self.page_works += steps.claim(self.workers[who].pk, 2, ACCESS)[0]

    @rule(
        pick=any_number, how=st.sampled_from(["well", "well", "well", "later", "broken", "flagged"])
    )
    def finish_a_page_step(self, pick: int, how: str) -> None:
        if not self.page_works:
            return
        work = self.page_works.pop(pick % len(self.page_works))
        carry_out(work, how)
        self.done_works.append(work)
        steps.finish([work])

    @rule(pick=any_number)
    def finish_it_twice(self, pick: int) -> None:
        if self.done_works:
            steps.finish([self.done_works[pick % len(self.done_works)]])

    @rule(who=either)
    def ask_for_a_text(self, who: int) -> None:
        ProviderAccount.objects.filter(pk=self.account.pk).update(stop_code="")
        answer = opening.open_call(self.text_pool, self.workers[who].pk)
        if isinstance(answer, Permit):
            self.texts.append(TextWork(answer, "", ACCESS, "", texts.finish))

    @rule(
        pick=any_number,
        how=st.sampled_from(["well", "well", "unknown", "unknown", "overloaded", "refused"]),
        forget=st.booleans(),
    )
    def a_text_comes(self, pick: int, how: str, forget: bool) -> None:
        if not self.texts:
            return
        work = self.texts[pick % len(self.texts)]
        if forget:
            self.texts.remove(work)
        work.written = Written(text_for(work.permit.image_id)) if how == "well" else None
        work.error = None if how == "well" else TEXT_ERRORS[how]
        texts.finish(work)

    # --- staff -----------------------------------------------------------------------------

    @rule(how=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def press_for_the_job(self, how: str) -> None:
        {"pause": lifecycle.pause, "resume": lifecycle.resume, "cancel": lifecycle.cancel}[how](
            self.job.pk, by=self.person
        )

    @rule(pick=any_number)
    def retry(self, pick: int) -> None:
        if image := self.picked(self.images(), pick):
            self.retried.add(image.pk)
            pictures.retry_failed(self.job.pk, [image.pk], by=self.person)

    @rule(pick=any_number)
    def reroll(self, pick: int) -> None:
        if image := self.picked(self.images(), pick):
            newest = max(
                self.images().filter(position=image.position).values_list("variant", flat=True)
            )
            pictures.reroll(self.job.pk, image.pk, seen_variant=newest, by=self.person)
            assert (
                pictures.reroll(self.job.pk, image.pk, seen_variant=newest, by=self.person) is None
            ), "pressed twice, it bought twice"

    @rule(pick=any_number)
    def buy_again(self, pick: int) -> None:
        if image := self.picked(self.images().filter(status=ImageStatus.UNKNOWN), pick):
            if (
                pictures.buy_again(
                    self.job.pk, image.pk, seen_attempt=image.attempt, by=self.person
                )
                == Decided.QUEUED
            ):
                self.asked.add((image.pk, image.attempt))
            assert (
                pictures.buy_again(
                    self.job.pk, image.pk, seen_attempt=image.attempt, by=self.person
                )
                == Decided.STALE
            )

    @rule(pick=any_number)
    def accept_as_lost(self, pick: int) -> None:
        if image := self.picked(self.images(), pick):
            pictures.accept_as_lost(
                self.job.pk, image.pk, seen_attempt=image.attempt, by=self.person
            )

    @rule(pick=any_number, wanted=st.booleans())
    def keep_or_drop(self, pick: int, wanted: bool) -> None:
        if image := self.picked(self.images(), pick):
            decisions.decide(self.job.pk, [image.pk], keep=wanted, by=None)

    @rule(pick=any_number)
    def delete(self, pick: int) -> None:
        if image := self.picked(self.images(), pick):
            trash.trash_images(self.job.pk, [image.pk], by=self.person)

    @rule(how=st.sampled_from(["create", "create", "stop", "retry"]), every=st.booleans())
    def press_for_pages(self, how: str, every: bool) -> None:
        before = set(self.images().filter(page_status__in=OPEN_PAGES).values_list("pk", flat=True))
        if how == "stop":
            page_queue.stop_pages(self.job.pk, by=self.person)
        elif how == "retry":
            page_queue.retry_pages(self.job.pk, by=self.person)
        else:
            page_queue.create_pages(self.job.pk, every_kept=every, by=self.person)
        self.page_presses.update(
            set(self.images().filter(page_status=PageStatus.QUEUED).values_list("pk", flat=True))
            - before
        )

    # --- what must always be so ------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "job"):
            assert audit() == []

    @invariant()
    def no_cap_is_passed(self) -> None:
        if not hasattr(self, "job"):
            return
        self.job.refresh_from_db()
        assert (
            self.job.budget_cap is None or self.job.spent + self.job.reserved <= self.job.budget_cap
        )
        for row in Spend.objects.filter(scope="account"):
            assert self.account.day_cap is None or row.spent + row.reserved <= self.account.day_cap

    @invariant()
    def revisions_only_grow_and_tell_of_every_change(self) -> None:
        if not hasattr(self, "job"):
            return
        self.job.refresh_from_db()
        assert self.job.revision >= self.revision
        rows = {row.pop("id"): row for row in GeneratedImage.objects.values(*SHOWN)}
        for pk, row in rows.items():
            assert row["revision"] <= self.job.revision
            if pk in self.rows and row != self.rows[pk]:
                assert row["revision"] > self.revision, (
                    f"image {pk} changed from {self.rows[pk]} to {row} and no poll is told"
                )
        self.rows, self.revision = rows, self.job.revision

    @invariant()
    def a_job_with_nothing_to_do_has_ended(self) -> None:
        if (
            hasattr(self, "job")
            and not self.images()
            .filter(status__in=(ImageStatus.QUEUED, ImageStatus.GENERATING))
            .exists()
            and self.job.total
        ):
            self.job.refresh_from_db()
            assert self.job.status in ("completed", "failed", "cancelled")

    @invariant()
    def what_is_completed_is_there_and_was_delivered(self) -> None:
        for image in GeneratedImage.objects.filter(status=ImageStatus.COMPLETED):
            call_id = image.picture_key.rsplit("/", 1)[-1]
            assert ProviderCall.objects.get(pk=call_id).state == CallState.DELIVERED

    @invariant()
    def what_was_delivered_is_shown(self) -> None:
        shown = set(
            GeneratedImage.objects.exclude(picture_key="").values_list("picture_key", flat=True)
        )
        for call in ProviderCall.objects.filter(kind="image", state=CallState.DELIVERED).exclude(
            image=None
        ):
            assert call.picture_key in shown, f"{call} was delivered, and no tile shows it"

    @invariant()
    def a_page_step_is_held_by_who_works_on_it(self) -> None:
        alive = {worker.pk for worker in getattr(self, "workers", [])}
        under_way = {work.image_id for work in self.page_works}
        in_call = set(
            ProviderCall.objects.filter(kind="text", state=CallState.OPEN).values_list(
                "image_id", flat=True
            )
        )
        for image in GeneratedImage.objects.filter(page_status__in=OPEN_PAGES):
            if image.page_owner_id in alive:
                assert image.pk in under_way | in_call, (
                    f"{image} is {image.page_status}, held by a worker that does nothing for it"
                )
            if image.page_owner_id is None and image.page_status == PageStatus.WRITING:
                assert image.pk not in in_call, (
                    f"{image} could be taken while a text for it is on its way"
                )

    @invariant()
    def no_page_twice_and_none_without_its_row(self) -> None:
        made = set(
            GeneratedImage.objects.filter(page_status=PageStatus.CREATED).values_list(
                "page_id", flat=True
            )
        )
        pages = Prompt.objects.exclude(source_ref="").values_list("pk", flat=True)
        assert set(map(str, pages)) == made

    @invariant()
    def a_text_is_bought_three_times_at_most(self) -> None:
        bought = Counter(
            ProviderCall.objects.filter(kind="text")
            .exclude(billed=Billed.NO)
            .values_list("image_id", flat=True)
        )
        for image_id, times in bought.items():
            assert image_id is None or times <= TEXT_CALLS_UNASKED * max(
                1, self.page_presses[image_id]
            )

    def images(self) -> Any:
        return GeneratedImage.objects.filter(job=self.job).order_by("pk")

    def picked(self, rows: Any, pick: int) -> Any:
        found = list(rows)
        return found[pick % len(found)] if found else None


SHOWN = (
    "id",
    "revision",
    "status",
    "variant",
    "selected",
    "error_code",
    "picture_key",
    "attempt",
    "page_status",
    "page_error_code",
    "cost",
    "page_id",
)
TEXT_ERRORS = {
    "unknown": ServiceError("No answer.", code=Code.UNKNOWN, billed="unknown"),
    "overloaded": ServiceError("Later.", code=Code.OVERLOADED, billed="no"),
    "refused": ServiceError("No.", code=Code.REJECTED, billed="no"),
}


def text_for(image_id: int) -> Content:
    return Content(
        f"A quiet lighthouse at dusk, picture {image_id}",
        "It stands. It shines.",
        ["sea"],
        "A lighthouse",
        "ai",
    )


def carry_out(work: PageWork, how: str) -> None:
    """What ``PageWork.run`` would have come to."""
    if how in ("later", "broken"):
        work.error = ServiceError(
            "The storage did not answer.",
            code=Code.STORAGE_DOWN if how == "later" else Code.BROKEN,
            billed="no",
        )
        return
    work.moderation = (
        work.moderation
        or Verdict(
            "flagged" if how == "flagged" else "passed", ["violence"] if how == "flagged" else []
        ).to_json()
    )
    if work.content and not work.is_flagged:
        variants = [
            publishing.Variant(f"pages/{work.image_id}-{side}.webp", side, side, b"")
            for side in publishing.SIDES
        ]
        keys = {f"pages/{work.image_id}.png", *(variant.key for variant in variants)}
        work.files = publishing.PageFiles(
            f"pages/{work.image_id}.png", "image/png", 8, 8, b"", variants, keys
        )


@pytest.mark.django_db
def test_no_order_of_events_breaks_a_promise() -> None:
    phases = [
        phase
        for phase in Phase
        if phase != Phase.shrink or "HYPOTHESIS_NO_SHRINKING" not in os.environ
    ]
    # The same walks each time, or a change would be refused for a fault that was there before it;
    # STORIES=1000 walks new ones.
    stories = int(os.environ.get("STORIES", 0))
    bounds = settings(
        max_examples=stories or 10,
        derandomize=not stories,
        database=None,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    quick = {"LOOK_AGAIN": [0.0, 0.0], "RETRY_BACKOFF": 0.0}
    with override_settings(BULK=django_settings.BULK | quick):
        run_state_machine_as_test(Story, settings=bounds)
