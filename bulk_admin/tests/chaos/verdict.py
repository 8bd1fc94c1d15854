"""What only this suite can judge: it knows what was pressed and who was killed."""

from __future__ import annotations

import itertools
from collections import defaultdict

from bulk_admin.models import Billed, CallState, ProviderCall
from bulk_admin.services.pump import GONE

from .stage import Stage


def bought_unasked(stage: Stage) -> list[str]:
    """Calls after one that was, or may have been, paid for: each needs somebody who ordered it."""
    findings = []
    asked, retried = stage.decisions.bought_again, stage.decisions.retried
    by_image: dict[int, list[ProviderCall]] = defaultdict(list)
    for call in ProviderCall.objects.filter(kind="image").select_related("image"):
        image = call.image
        if image is None:
            continue
        # A late answer's call went to a tile of its own: what it was first bought for is that tile's parent.
        is_late = image.parent_id is not None and image.attempt == call.attempt and not image.prompt_text.endswith("rerolled") and _was_moved(call)
        by_image[image.parent_id if is_late else image.pk].append(call)
    for image_id, calls in by_image.items():
        calls.sort(key=lambda call: call.sent_at)
        for call, after in itertools.pairwise(calls):
            may_be_paid = call.billed != Billed.NO
            was_asked = (image_id, call.attempt) in asked or (call.state == CallState.REFUSED and image_id in retried)
            if may_be_paid and not was_asked:
                findings.append(f"{after} was bought although {call} was {call.state}, and nobody asked for it")
    return findings


def _was_moved(call: ProviderCall) -> bool:
    return call.image is not None and call.image.picture_key == call.picture_key and call.image.parent is not None and _has_later(call)


def _has_later(call: ProviderCall) -> bool:
    return ProviderCall.objects.filter(kind="image", image_id=call.image.parent_id, attempt__gt=call.attempt).exists()


def unknown_without_cause(stage: Stage) -> list[str]:
    """Calls that ended unknown although the provider answered well and their worker did not die over them."""
    told = {entry.client_request_id: entry.outcome for entry in stage.server.till.calls()}
    findings = []
    for call in ProviderCall.objects.filter(kind="image", state=CallState.UNKNOWN).select_related("owner"):
        outcome = told.get(str(call.pk), "never arrived")
        by_provider = outcome not in ("ok", "never arrived")
        died = call.owner is not None and call.owner.beat_at.isoformat().replace("+00:00", "Z") != GONE
        by_death = died and (stage.scenario.has_deaths or stage.scenario.has_stops)
        by_freezing = stage.scenario.has_stops
        if not by_provider and not by_death and not by_freezing:
            findings.append(f"{call} is unknown without a cause: at the provider {outcome}, its worker {'died' if died else 'lives or left in order'}")
    return findings
