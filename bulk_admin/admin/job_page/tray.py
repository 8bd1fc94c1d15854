"""The failure tray's groups: what was not made, by cause, and what helps a whole group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bulk_admin import codes
from bulk_admin.admin import permissions
from bulk_admin.causes import Cause
from bulk_admin.models import BulkGenerationJob, GeneratedImage
from bulk_admin.money import usd, usd_total
from bulk_admin.selectors import not_made
from bulk_admin.services.jobs import failures

from .tiles import Prices

UNSETTLED = (Cause.UNKNOWN, Cause.NOT_FETCHED)  # they may have been billed
REWORDED = (Cause.BLOCKED, Cause.OTHER)
TO_ANOTHER_JOB = (Cause.BLOCKED, Cause.BAD_REQUEST, Cause.OTHER, Cause.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button of a group. ``action`` is the last part of the address; ``group`` is what it is
    pressed on, as its answer takes it: "image id:attempt,...".
    """

    action: str
    label: str
    price: str = ""
    group: str = ""
    image_id: int | None = None  # for a tile's own action


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``said``: what came back for most of them."""

    cause: Cause
    images: Sequence[GeneratedImage]
    booked: str
    said: str
    presses: Sequence[Press]

    @property
    def is_unsettled(self) -> bool:
        return self.cause in UNSETTLED


def groups(user: permissions.Person, job: BulkGenerationJob) -> list[Group]:
    prices = Prices(job)
    return [
        Group(
            cause=cause,
            images=images,
            booked=_booked(cause, images),
            said=_said(images),
            presses=list(_presses(user, job, cause, images, prices)),
        )
        for cause, images in not_made.by_cause(job).items()
    ]


def written(images: Iterable[GeneratedImage]) -> str:
    """As a press carries its pictures, each with the attempt that was shown."""
    return ",".join(f"{image.pk}:{image.attempt}" for image in images)


def _booked(cause: Cause, images: Sequence[GeneratedImage]) -> str:
    cost = sum(image.cost for image in images)
    money = usd(cost) if len(images) == 1 else usd_total(cost)
    if cause in UNSETTLED:
        return f"{money} stays counted as spent." if cost else ""
    return f"Billed {money}." if cost else "Not billed."


def _said(images: Sequence[GeneratedImage]) -> str:
    messages = Counter(image.error_message for image in images if _says_more(image))
    return messages.most_common(1)[0][0] if messages else ""


def _says_more(image: GeneratedImage) -> bool:
    """Than the code's own sentence, which the cause's advice stands for."""
    return image.error_message not in ("", codes.about(image.error_code).sentence)


def _presses(
    user: permissions.Person,
    job: BulkGenerationJob,
    cause: Cause,
    images: Sequence[GeneratedImage],
    prices: Prices,
) -> Iterator[Press]:
    can_act, can_spend = permissions.can_act(user, job), permissions.can_spend(user, job)
    if cause is Cause.NOT_FETCHED and permissions.can_manage_account(user, job):
        yield from _downloads(images, prices.hosts)
    if cause in UNSETTLED:
        if can_spend:
            yield _press("buy_again", "Buy again", images, prices)
        if can_act:
            yield _press("accept_as_lost", "Mark as lost", images)
        return
    again = [image for image in images if failures.can_retry(image)]
    if again and can_spend:
        word = "Generate" if cause is Cause.CANCELLED else "Retry"
        yield _press("retry", f"{word} {len(again)}", again, prices)
    if cause in REWORDED and can_spend:
        yield Press(action="reword", label=f"Reword {len(images)}…")
    if cause in TO_ANOTHER_JOB and permissions.has(user, "generate"):
        yield Press(action="new_job", label="Open as new job")
    if can_act:
        yield _press("dismiss", "Dismiss", images)


def _press(
    action: str, label: str, images: Sequence[GeneratedImage], prices: Prices | None = None
) -> Press:
    price = prices.text(images) if prices else ""
    return Press(action=action, label=label, price=price, group=written(images))


def _downloads(images: Sequence[GeneratedImage], allowed: Sequence[str]) -> Iterator[Press]:
    """A server must be allowed first."""
    known = [image for image in images if image.download_host in allowed]
    if known:
        yield _press("download_again", f"Download {len(known)} again", known)
    others = {image.download_host: image for image in images if image not in known}
    for host, image in others.items():
        yield Press(action="allow_host", label=f"Allow {host}", image_id=image.pk)
