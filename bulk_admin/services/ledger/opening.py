"""The money.

One short transaction decides whether a call may leave; one more says what became of it.

Lock order, everywhere: pool -> job (several by pk) -> image -> call -> spend of the day last. A
lock is a statement of its own; counting and reading the clock come after it (docs/architecture.md).
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from bulk_admin.codes import ACCOUNT_STOPS, Code
from bulk_admin.conf import conf
from bulk_admin.models import (
    ACTIVE_JOBS,
    TEXT_STEPS,
    BulkGenerationJob,
    CallKind,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    Pool,
    ProviderCall,
)
from bulk_admin.models.images import ImageQuerySet
from bulk_admin.models.ledger import PERSON_LABEL
from bulk_admin.services import page_adapter
from bulk_admin.services.database import Clock, whole_step
from bulk_admin.services.drafting.settings import compose_prompt
from bulk_admin.services.ledger import brakes
from bulk_admin.services.ledger.pacing import gate
from bulk_admin.services.ledger.pausing import pause_account, pause_if_only_of, pause_locked
from bulk_admin.services.ledger.permits import Answer, Idle, Permit, Stop, Wait, Why, boottime
from bulk_admin.services.ledger.spend import CapReached, reserve
from bulk_admin.services.pricing import estimate
from bulk_admin.services.pricing.catalogue import ModelNotAvailable, model_for
from bulk_admin.services.queue.job_row import count, lock_job, save

logger = logging.getLogger(__name__)
CANDIDATES = 10


def open_call(pool_id: int, worker_id: uuid.UUID) -> Answer:
    """Decide about the pool's next call and, with a Permit, book it as about to leave.

    Everything is decided and written in one transaction: account, cooldown, pace, calls in flight,
    caps with what is reserved, the job's status, and the claim of the next due image or page text.
    A job at its own cap is passed over, and paused when nothing that is reserved can give it room
    again. What a person at their cap asked for is passed over too; a job pauses for that once
    nothing else is left in it. No permit, no call.
    """
    capped = _Capped()
    while True:
        try:
            answer = _open_call(pool_id, worker_id, capped.passed_over)
        except CapReached as cap:
            if capped.make_way(cap):
                continue
            answer = _cap_answer(cap)
        if isinstance(answer, Permit):
            logger.info("call opened", extra=answer.ids)
        if isinstance(answer, Stop) and answer.code in ACCOUNT_STOPS:
            pause_account(pool_id, answer.code)
        return (
            Wait(0.5, Why.CAP_RESERVED)
            if isinstance(answer, Idle) and capped.passed_over
            else answer
        )


@dataclass(frozen=True, slots=True)
class _Capped:
    """The persons that an opening found at their cap; ``spent_up``: nothing that is reserved can
    give them room again.
    """

    passed_over: set[int] = field(default_factory=set)
    spent_up: set[int] = field(default_factory=set)

    def make_way(self, cap: CapReached) -> bool:
        """Whether the opening is worth another attempt, for others' pictures or texts."""
        person_id, job_id = cap.call.person_id, cap.call.job_ref
        if cap.code != Code.PERSON_CAP or person_id is None:
            return False
        if not cap.may_come_back:
            if cap.call.kind == CallKind.TEXT:
                return False  # no pause of the job holds its page texts back: they fail
            self.spent_up.add(person_id)
            if pause_if_only_of(job_id, self.spent_up):
                return True
        self.passed_over.add(person_id)
        return True


def _cap_answer(cap: CapReached) -> Wait | Stop:
    if cap.may_come_back:
        return Wait(0.5, Why.CAP_RESERVED)
    return Stop(cap.code, cap.call.person_id if cap.code == Code.PERSON_CAP else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opening:
    """One attempt to open a call: its locked pool, and who asks when.

    ``now`` is the database's clock, ``stamp`` is ``boottime`` at the moment the lock was had.
    """

    pool: Pool
    worker_id: uuid.UUID
    now: dt.datetime
    stamp: float
    passed_over: Collection[int]  # persons at their cap

    def queued(self) -> ImageQuerySet:
        """The images that may be bought: nobody who asked for one is at their cap."""
        queued = GeneratedImage.objects.filter(status=ImageStatus.QUEUED)
        return queued.exclude(requested_by__in=self.passed_over)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """What the next call is for. ``price`` is an upper bound, in micro-dollars."""

    job: BulkGenerationJob
    image: GeneratedImage
    model: ImageModel
    price: int


@whole_step
def _open_call(pool_id: int, worker_id: uuid.UUID, passed_over: Collection[int] = ()) -> Answer:
    pool = Pool.objects.select_for_update(no_key=True).get(pk=pool_id)
    stamp = boottime()  # a wait for the lock is not age; a stop before the commit is
    now = gate(pool)
    if not isinstance(now, dt.datetime):
        return now
    opening = _Opening(
        pool=pool, worker_id=worker_id, now=now, stamp=stamp, passed_over=passed_over
    )
    return _claim_image(opening) if pool.kind == CallKind.IMAGE else _claim_text(opening)


def due(now: dt.datetime) -> Q:
    return Q(not_before=None) | Q(not_before__lte=now)


def _claim_image(opening: _Opening) -> Answer:
    """The next due image, of the job that was served least recently."""
    account = opening.pool.account
    waiting = BulkGenerationJob.objects.filter(
        account=account, status__in=ACTIVE_JOBS, queued__gt=0
    )
    if opening.passed_over:
        waiting = waiting.filter(Exists(opening.queued().filter(job=OuterRef("pk"))))
    models = set(waiting.order_by().values_list("model_name", flat=True).distinct())
    starting = brakes.starting_models(opening.pool, models, opening.now)
    candidates = list(
        waiting.exclude(model_name__in=starting)
        .order_by(F("served").asc(nulls_first=True))
        .values_list("pk", flat=True)[:CANDIDATES]
    )
    held_back = False
    for job_id in candidates:
        claim = _next_image(opening, job_id)
        if claim is None:
            continue
        job, price = claim.job, claim.price
        if job.budget_cap is not None and job.spent + job.reserved + price > job.budget_cap:
            if job.spent + price > job.budget_cap:
                pause_locked(job, Code.JOB_CAP, opening.now)
            else:
                held_back = True
                BulkGenerationJob.objects.filter(pk=job.pk).update(served=Clock())
            continue
        return _open_image_call(opening, claim)
    if held_back:
        return Wait(0.5, Why.CAP_RESERVED)
    if starting:
        return Wait(0.5, Why.SLOW_START)
    return _wait_for_the_next(opening) if candidates else Idle()


def _next_image(opening: _Opening, job_id: uuid.UUID) -> _Claim | None:
    """The job, locked, with its next due image and price; None when it has none to buy."""
    job = (
        BulkGenerationJob.objects.select_for_update(no_key=True)
        .filter(pk=job_id, status__in=ACTIVE_JOBS)
        .first()
    )
    if job is None:
        return None
    image = (
        opening.queued()
        .filter(due(opening.now), job_id=job_id)
        .order_by("position", "variant")
        .first()
    )
    return _price_or_pause(opening, job, image) if image is not None else None


def _price_or_pause(
    opening: _Opening, job: BulkGenerationJob, image: GeneratedImage
) -> _Claim | None:
    """The claim with its price; or the job is paused with the reason."""
    on = opening.now.date()
    try:
        model = model_for(opening.pool.account, job.model_name, on)
        price = estimate.reserve_for(
            model,
            image.quality or job.quality,
            image.size or job.size,
            compose_prompt(job, image.prompt_text),
            on,
        )
    except ModelNotAvailable:
        pause_locked(job, Code.MODEL_RETIRED, opening.now)
    except estimate.UnknownPrice:
        pause_locked(job, Code.BAD_REQUEST, opening.now)
    else:
        return _Claim(job=job, image=image, model=model, price=price)
    return None


def _wait_for_the_next(opening: _Opening) -> Answer:
    """Images are queued but none is due: until the first one is."""
    now = opening.now
    queued = opening.queued().filter(
        job__account=opening.pool.account, job__status__in=ACTIVE_JOBS, job__queued__gt=0
    )
    first = (
        queued.order_by(F("not_before").asc(nulls_first=True))
        .values_list("not_before", flat=True)
        .first()
    )
    return Wait(max((first - now).total_seconds(), 0.05) if first else 0.2, Why.NOT_DUE)


def _open_image_call(opening: _Opening, claim: _Claim) -> Permit | Wait:
    job, image = claim.job, claim.image
    job.revision += 1
    claimed = GeneratedImage.objects.filter(
        pk=image.pk, status=ImageStatus.QUEUED, attempt=image.attempt
    ).move(
        ImageStatus.GENERATING,
        attempt=image.attempt + 1,
        owner_id=opening.worker_id,
        not_before=None,
        revision=job.revision,
    )
    if not claimed:
        return Wait(0.05, Why.TAKEN)
    count(job, ImageStatus.QUEUED, ImageStatus.GENERATING)
    job.reserved += claim.price
    job.served = opening.now
    save(job, opening.now, status=JobStatus.PROCESSING)
    call = _write_call(opening, claim, attempt=image.attempt + 1)
    return Permit.for_image(call, opening.pool, job, image, stamp=opening.stamp)


def _claim_text(opening: _Opening) -> Answer:
    """The next image whose page waits for its text.

    Pause and cancel of its job leave page work alone.
    """
    on = opening.now.date()
    try:
        model = model_for(opening.pool.account, conf.OPENAI_TEXT_MODEL, on, kind=CallKind.TEXT)
    except ModelNotAvailable:
        return Stop(Code.MODEL_RETIRED)
    waiting = pages_waiting_for_text(opening.now).exclude(page_requested_by__in=opening.passed_over)
    for image_id, job_id in waiting.values_list("pk", "job_id")[:CANDIDATES]:
        job = lock_job(job_id)
        image = waiting.filter(pk=image_id).first()
        if image is None:
            continue
        try:
            price = estimate.text_reserve(model, image.prompt_text, page_adapter.style_note(), on)
        except estimate.UnknownPrice:
            return Stop(Code.NO_PRICE)
        return _open_text_call(opening, _Claim(job=job, image=image, model=model, price=price))
    return Idle()


def _open_text_call(opening: _Opening, claim: _Claim) -> Permit:
    job, image = claim.job, claim.image
    job.revision += 1
    GeneratedImage.objects.filter(pk=image.pk).update(
        page_owner_id=opening.worker_id, revision=job.revision
    )
    job.text_reserved += claim.price
    save(job, opening.now)
    attempt = ProviderCall.objects.filter(image=image, kind=CallKind.TEXT).count() + 1
    call = _write_call(opening, claim, attempt=attempt)
    return Permit.for_text(call, opening.pool, image, stamp=opening.stamp)


def pages_waiting_for_text(now: dt.datetime) -> QuerySet[GeneratedImage]:
    due_pages = Q(page_not_before=None) | Q(page_not_before__lte=now)
    return GeneratedImage.objects.filter(
        due_pages, page_status__in=TEXT_STEPS, page_owner=None, job__pages_open__gt=0
    ).order_by(F("job__served").asc(nulls_first=True), "job_id", "position")


def _write_call(opening: _Opening, claim: _Claim, *, attempt: int) -> ProviderCall:
    """The ledger row and, last of all, the day's counters of the account and of who asked for it;
    raises CapReached when they have no room.
    """
    pool, job, image = opening.pool, claim.job, claim.image
    person = image.requested_by if pool.kind == CallKind.IMAGE else image.page_requested_by
    call = ProviderCall.objects.create(
        kind=pool.kind,
        image=image,
        account=pool.account,
        pool=pool,
        person=person,
        owner_id=opening.worker_id,
        job_ref=job.pk,
        place=f"{image.position}.{image.variant}",
        job_label=job.name,
        account_label=pool.account.label,
        person_label=person.get_username()[:PERSON_LABEL] if person else "",
        model_name=claim.model.name,
        attempt=attempt,
        day=opening.now.date(),
        sent_at=Clock(),
        reserved=claim.price,
    )
    reserve(pool.account, call)
    return call
