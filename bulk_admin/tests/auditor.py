"""Holds every counter and every day against a recount from the rows, call by call."""

from __future__ import annotations

from collections import defaultdict

from bulk_admin.models import BulkGenerationJob, CallKind, CallState, GeneratedImage, ImageStatus, JobStatus, ProviderCall, Spend
from bulk_admin.services.ledger import spend_keys

from .factories import counters


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
        expected[f"{prefix}reserved"] = sum(call.reserved for call in mine if call.state == CallState.OPEN)
        expected[f"{prefix}spent"] = sum(call.actual or 0 for call in mine if call.state != CallState.OPEN)
    findings = [f"job {job.name}: {name} is {getattr(job, name)}, recounted {value}" for name, value in expected.items() if getattr(job, name) != value]
    open_images = {call.image_id for call in calls if call.state == CallState.OPEN and call.kind == CallKind.IMAGE}
    generating = set(GeneratedImage.objects.filter(job=job, status=ImageStatus.GENERATING).values_list("pk", flat=True))
    if open_images != generating:
        findings.append(f"job {job.name}: images {generating} are generating, open calls are for {open_images}")
    costs: dict[int | None, int] = defaultdict(int)
    for call in calls:
        if call.kind == CallKind.IMAGE and call.state != CallState.OPEN:
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
                row[0] += call.actual or 0 if call.state != CallState.OPEN else 0
                row[1] += call.reserved if call.state == CallState.OPEN else 0
    actual = {(row.scope, row.key, row.day): [row.spent, row.reserved] for row in Spend.objects.all()}
    return [
        f"spend {key}: is {actual.get(key, [0, 0])}, recounted {expected.get(key, [0, 0])}"
        for key in {*actual, *expected}
        if actual.get(key, [0, 0]) != expected.get(key, [0, 0])
    ]
