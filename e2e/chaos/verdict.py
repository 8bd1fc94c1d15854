"""What only this suite can judge: it knows what was pressed and who was killed."""

from __future__ import annotations

import itertools
from collections import defaultdict

from bulk_admin.models import Billed, CallState, ProviderCall

from .stage import SECONDS, Stage


def bought_unasked(stage: Stage) -> list[str]:
    """Calls after one that was, or may have been, paid for: each needs attention who ordered it."""
    findings = []
    asked, retried = stage.decisions.bought_again, stage.decisions.retried
    by_image: dict[int, list[ProviderCall]] = defaultdict(list)
    for call in ProviderCall.objects.filter(kind="image").select_related("image"):
        image = call.image
        if image is None:
            continue
        by_image[image.parent_id if _was_moved(call) else image.pk].append(call)
    for image_id, calls in by_image.items():
        calls.sort(key=lambda call: call.sent_at)
        for call, after in itertools.pairwise(calls):
            may_be_paid = call.billed != Billed.NO
            was_asked = (image_id, call.attempt) in asked or (
                call.state == CallState.REFUSED and image_id in retried
            )
            if may_be_paid and not was_asked:
                findings.append(
                    f"{after} was bought although {call} was {call.state}, and nobody asked for it"
                )
    return findings


def _was_moved(call: ProviderCall) -> bool:
    """Whether a late answer took the call to a tile of its own: then its parent, which it was
    opened for, lacks its attempt.
    """
    parent = call.image.parent if call.image else None
    return (
        parent is not None
        and call.attempt <= parent.attempt
        and not parent.calls.filter(kind="image", attempt=call.attempt).exists()
    )


def unknown_without_cause(stage: Stage) -> list[str]:
    """Calls that ended unknown although the provider answered well and their worker did not die
    over them.
    """
    outcomes = {entry.client_request_id: entry.outcome for entry in stage.server.till.calls()}
    findings = []
    for call in ProviderCall.objects.filter(kind="image", state=CallState.UNKNOWN).select_related(
        "image"
    ):
        outcome = outcomes.get(str(call.pk), "never arrived")
        by_provider = outcome not in ("ok", "never arrived")
        by_death = call.pk in stage.died_over and stage.scenario.has_deaths
        # A starved machine may need longer for an answer than a call is given.
        by_deadline = (
            call.image is not None
            and call.image.attempt == call.attempt
            and call.image.seconds >= float(SECONDS["BULK_CALL_DEADLINE"])
        )
        if not by_provider and not by_death and not by_deadline and not stage.scenario.has_stops:
            findings.append(
                f"{call} is unknown without a cause: at the provider {outcome}, and nobody died"
                " over it"
            )
    return findings
