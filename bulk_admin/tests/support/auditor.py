"""Holds the rows against a recount, the till and the storage, call by call."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

from bulk_admin.models import (
    ACTIVE_JOBS,
    OPEN_PAGES,
    Billed,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    ProviderCall,
    Spend,
    UnstoredImage,
)
from bulk_admin.models.ledger import spend_keys
from bulk_admin.services.storage import private
from bulk_admin.testing.factories import counters
from bulk_admin.testing.loopback.openai_server import OpenAIServer


def audit() -> list[str]:
    """What does not add up, in words; empty when everything does."""
    findings = [*_days()]
    for job in BulkGenerationJob.objects.exclude(status=JobStatus.DRAFT):
        findings += _job(job)
    return findings


def _job(job: BulkGenerationJob) -> list[str]:
    calls = list(ProviderCall.objects.filter(job_ref=job.pk))
    expected: dict[str, int] = dict(counters(job))
    for prefix, kind in (("", CallKind.IMAGE), ("text_", CallKind.TEXT)):
        mine = [call for call in calls if call.kind == kind]
        expected[f"{prefix}reserved"] = sum(
            call.reserved for call in mine if call.state in CallState.UNSETTLED
        )
        expected[f"{prefix}spent"] = sum(
            call.actual or 0 for call in mine if call.state not in CallState.UNSETTLED
        )
    findings = [
        f"job {job.name}: {name} is {getattr(job, name)}, recounted {value}"
        for name, value in expected.items()
        if getattr(job, name) != value
    ]
    under_way = {
        call.image_id
        for call in calls
        if call.state in CallState.UNSETTLED and call.kind == CallKind.IMAGE
    }
    generating = set(
        GeneratedImage.objects.filter(job=job, status=ImageStatus.GENERATING).values_list(
            "pk", flat=True
        )
    )
    if under_way != generating:
        findings.append(
            f"job {job.name}: images {generating} are generating, calls under way for {under_way}"
        )
    findings += [
        f"{call} is held, and yet a worker owns it"
        for call in calls
        if call.state == CallState.HELD and call.owner_id is not None
    ]
    costs: dict[int | None, int] = defaultdict(int)
    for call in calls:
        if call.kind == CallKind.IMAGE and call.state not in CallState.UNSETTLED:
            costs[call.image_id] += call.actual or 0
    for image in GeneratedImage.objects.filter(job=job):
        if image.cost != costs[image.pk]:
            findings.append(f"image {image}: cost {image.cost}, its calls {costs[image.pk]}")
    return findings


def _days() -> list[str]:
    expected: dict[tuple[str, str, object], list[int]] = defaultdict(lambda: [0, 0])
    for call in ProviderCall.objects.all():
        account_key, person_key = spend_keys(call.account_id or 0, call.person_id)
        for scope, key in ((Spend.Scope.ACCOUNT, account_key), (Spend.Scope.PERSON, person_key)):
            if key:
                row = expected[(scope, key, call.day)]
                row[0] += call.actual or 0 if call.state not in CallState.UNSETTLED else 0
                row[1] += call.reserved if call.state in CallState.UNSETTLED else 0
    actual = {
        (row.scope, row.key, row.day): [row.spent, row.reserved] for row in Spend.objects.all()
    }
    return [
        f"spend {key}: is {actual.get(key, [0, 0])}, recounted {expected.get(key, [0, 0])}"
        for key in {*actual, *expected}
        if actual.get(key, [0, 0]) != expected.get(key, [0, 0])
    ]


def audit_against_till(server: OpenAIServer) -> list[str]:
    """Joined call by call: what the ledger calls billed was charged, what it calls not billed was
    not.
    """
    findings = []
    for kind in CallKind.values:
        charged = Counter(entry.client_request_id for entry in server.till.billed(kind))
        arrived = Counter(entry.client_request_id for entry in server.till.calls(kind))
        calls = {str(call.pk): call for call in ProviderCall.objects.filter(kind=kind)}
        findings += [
            f"{kind} call {call_id} was sent {times} times"
            for call_id, times in arrived.items()
            if times > 1
        ]
        findings += [
            f"{kind} call {call_id} left without a row in the ledger"
            for call_id in arrived
            if call_id not in calls
        ]
        for call_id, call in calls.items():
            if (
                call.state not in CallState.UNSETTLED
                and call.billed != Billed.UNKNOWN
                and charged[call_id] != (call.billed == Billed.YES)
            ):
                findings.append(
                    f"{kind} call {call_id} ({call}, {call.error_code}): billed {call.billed} in"
                    f" the ledger, charged {charged[call_id]} times"
                )
    return findings


def audit_pictures(server: OpenAIServer) -> list[str]:
    """Every picture that the ledger calls delivered is in the storage or the outbox, and is that
    call's; nothing is stored without a row.
    """
    findings = []
    good = {entry.client_request_id for entry in server.till.billed() if entry.outcome == "ok"}
    for call in ProviderCall.objects.filter(kind=CallKind.IMAGE):
        held = UnstoredImage.objects.filter(call=call).first()
        stored = private.get(call.picture_key) if private.exists(call.picture_key) else None
        if call.state in CallState.UNSETTLED:
            continue
        if call.state != CallState.DELIVERED:
            if held or stored:
                findings.append(f"{call} is {call.state}, but its bytes are there")
            continue
        content = bytes(held.content) if held else stored
        image = GeneratedImage.objects.filter(picture_key=call.picture_key).first()
        if content is None:
            findings.append(f"{call} was delivered, but its bytes are nowhere")
        elif image is None and call.image_id is not None:
            findings.append(f"{call} was delivered, but no tile shows it")
        elif image is not None and image.sha256 != hashlib.sha256(content).hexdigest():
            findings.append(f"{call}: what is stored is not what its tile says")
        elif str(call.pk) in good and image is not None and content != _sent(server, call, image):
            findings.append(f"{call}: what is stored is another call's picture")
    return findings


def _sent(server: OpenAIServer, call: ProviderCall, image: GeneratedImage) -> bytes:
    return server.picture(image.size or image.job.size, image.job.output_format, str(call.pk))


def audit_ends() -> list[str]:
    """For when everything should be over: no job, image, call or page step still waits for a
    person.
    """
    jobs = BulkGenerationJob.objects.filter(status__in=(*ACTIVE_JOBS, JobStatus.PAUSED))
    images = GeneratedImage.objects.filter(status__in=(ImageStatus.QUEUED, ImageStatus.GENERATING))
    pages = GeneratedImage.objects.filter(page_status__in=OPEN_PAGES)
    calls = ProviderCall.objects.filter(state__in=CallState.UNSETTLED)
    return [
        f"{row._meta.verbose_name} {row} has no end"
        for rows in (jobs, images, pages, calls)
        for row in rows
    ]
