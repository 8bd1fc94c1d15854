"""What zoom says beside a picture: what was asked, sent, revised, paid and tried."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from bulk_admin import codes
from bulk_admin.formats import duration
from bulk_admin.models import Billed, CallKind, CallState, ProviderCall
from bulk_admin.money import usd
from bulk_admin.selectors import picture_facts
from bulk_admin.services import page_adapter
from bulk_admin.services.drafting.settings import compose_prompt

from .views import HERE, job_or_404

MOST_WORDS = 800  # comparing takes the square of them


@require_safe
def about(request: HttpRequest, job_id: uuid.UUID, image_id: int) -> HttpResponse:
    """The panel beside one picture."""
    job = job_or_404(request, job_id)
    image = picture_facts.picture(job, image_id)
    if image is None:
        raise Http404
    sent = compose_prompt(job, image.prompt_text)
    context = {
        "job": job,
        "image": image,
        "sent": around(sent, image.prompt_text),
        "revised": word_changes(sent, image.revised_prompt),
        "quality": image.quality or job.quality,
        "cost": usd(image.cost),
        "took": duration(image.seconds) if image.seconds else "not known",
        "page_url": page_adapter.url(image.page_id) if image.page_id else "",
        "calls": [call_line(call) for call in picture_facts.calls(image)],
    }
    return TemplateResponse(request, f"{HERE}/_about.html", context)


@dataclass(frozen=True, slots=True)
class Sent:
    """The prompt as it was sent; ``before`` and ``after`` are the job's own texts."""

    before: str
    text: str
    after: str

    @property
    def is_as_written(self) -> bool:
        return not (self.before or self.after)


def around(composed: str, text: str) -> Sent:
    """Which part of what was sent the row itself says; its last full stop may have gone."""
    text = text.strip()
    own = text if text in composed else text.rstrip(".,; ")
    before, found, after = composed.partition(own)
    return Sent(before, found, after)


@dataclass(frozen=True, slots=True)
class Words:
    """``kind``: "same", "ins" or "del"."""

    kind: str
    text: str


def word_changes(old: str, new: str) -> list[Words]:
    """How ``new`` comes from ``old``, word by word; nothing when there is no new text."""
    before, after = old.split(), new.split()
    if not after or before == after or max(len(before), len(after)) > MOST_WORDS:
        return [Words("same", new)] if after else []
    found: list[Words] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, False).get_opcodes():
        if tag == "equal":
            found.append(Words("same", " ".join(after[j:j_end])))
            continue
        gone, come = " ".join(before[i:i_end]), " ".join(after[j:j_end])
        found += [Words(kind, text) for kind, text in (("del", gone), ("ins", come)) if text]
    return found


# --- calls ---------------------------------------------------------------------------------------

UNDER_WAY, UNKNOWN, MADE, REFUSED = "run", "unk", "ok", "off"
TONES = {
    CallState.OPEN: UNDER_WAY,
    CallState.HELD: UNDER_WAY,
    CallState.UNKNOWN: UNKNOWN,
    CallState.DELIVERED: MADE,
    CallState.REFUSED: REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call. ``took`` and ``person`` are empty where they are not known."""

    title: str
    tone: str
    money: str
    sent_at: dt.datetime
    took: str
    person: str


def call_line(call: ProviderCall) -> CallLine:
    took = call.finished_at and duration((call.finished_at - call.sent_at).total_seconds())
    return CallLine(
        title=_title(call),
        tone=TONES[CallState(call.state)],
        money=_money(call),
        sent_at=call.sent_at,
        took=took or "",
        person=call.person_label,
    )


def _title(call: ProviderCall) -> str:
    if call.error_code:
        return codes.about(call.error_code).title or "Failed"
    if call.state == CallState.DELIVERED:
        return "Picture made" if call.kind == CallKind.IMAGE else "Page's text"
    return "Refused" if call.state == CallState.REFUSED else str(call.get_state_display())


def _money(call: ProviderCall) -> str:
    if call.billed == Billed.NO:
        return "not billed"
    if call.state in CallState.UNSETTLED:
        return f"{usd(call.reserved)} reserved"
    if call.actual is None:
        return f"{usd(call.reserved)} counted"
    return usd(call.actual)
