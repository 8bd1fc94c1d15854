"""What a tile says and offers: one view of one image, made from its row alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.utils import timezone

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.formats import duration
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ImageStatus, PageStatus
from bulk_admin.money import usd, usd_total
from bulk_admin.selectors import job_page
from bulk_admin.services import page_adapter
from bulk_admin.services.pricing import estimate

STATES = {
    ImageStatus.DRAFT: "wait",
    ImageStatus.QUEUED: "wait",
    ImageStatus.GENERATING: "run",
    ImageStatus.COMPLETED: "done",
    ImageStatus.FAILED: "bad",
    ImageStatus.UNKNOWN: "unk",
    ImageStatus.CANCELLED: "off",
}
MANAGED = ("allow_host", "download_again")  # for who manages accounts
FREE = ("accept_as_lost", "download", "take_back")  # for who may act without spending
PAGE_STEPS = {
    PageStatus.QUEUED: "Page: waiting its turn",
    PageStatus.CHECKING: "Page: checking the picture",
    PageStatus.WRITING: "Page: writing its text",
    PageStatus.SAVING: "Page: saving",
    PageStatus.REWRITING: "Page: rewriting its text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """``action`` is the last part of the address it posts to; ``values`` are ids and numbers
    only.
    """

    action: str
    label: str
    price: str = ""
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return f"{self.label} {self.price}" if self.price not in ("", "free") else self.label

    @property
    def json(self) -> str:
        return json.dumps(dict(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    image: GeneratedImage
    state: str
    title: str = ""
    message: str = ""
    billed: str = ""
    price: str = ""
    buttons: list[Button] = field(default_factory=list)
    page_step: str = ""
    page_retry: bool = False
    page_url: str = ""

    @property
    def is_done(self) -> bool:
        return self.state == "done"

    @property
    def name(self) -> str:
        """For labels: "prompt 12" or "prompt 12, variant 2"."""
        variant = f", variant {self.image.variant}" if self.image.variant > 1 else ""
        return f"prompt {self.image.position}{variant}"

    @property
    def place(self) -> str:
        """As the ledger writes it; another variant does not change it."""
        return f"{self.image.position}.{self.image.variant}"

    @property
    def decision(self) -> str:
        """Of a picture that is there: "kept", "dropped" or "to-decide", as the filters say it."""
        image = self.image
        if not self.is_done:
            return ""
        if not image.selected:
            return "dropped"
        return "kept" if image.decided_at or image.page_id else "to-decide"

    @property
    def is_kept(self) -> bool:
        return self.decision == "kept"

    @property
    def is_dropped(self) -> bool:
        return self.decision == "dropped"

    @property
    def word(self) -> str:
        return self.decision.replace("-", " ").capitalize()

    @property
    def is_small(self) -> bool:
        """Nothing to look at, and nothing to come."""
        return self.state in ("bad", "unk", "off")

    @property
    def figures(self) -> str:
        """Cost and time on one line: "$0.04 · 12 s"."""
        image = self.image
        parts = []
        if self.is_done or image.cost:
            parts.append(usd(image.cost))
        elif self.was_not_billed:
            parts.append("not billed")
        if self.is_done and image.seconds:
            parts.append(duration(image.seconds))
        return " · ".join(parts)

    @property
    def needs_attention(self) -> bool:
        """As the selector read it with the image."""
        return bool(self.image.needs_attention)  # type: ignore[attr-defined]  # annotated there

    @property
    def was_not_billed(self) -> bool:
        """Nothing is booked for it, and nothing can be billed later."""
        return (
            self.state in ("off", "bad")
            and not self.image.cost
            and not self.image.picture_key
            and self.image.error_code != Code.LOST
        )


MOST_IN_A_STACK = 3


@dataclass(frozen=True, slots=True)
class Group:
    """The variants of one prompt. ``newest``: what a re-roll button answers."""

    position: int
    tiles: list[Tile]

    @property
    def newest(self) -> int:
        return self.tiles[-1].image.variant

    @property
    def is_small(self) -> bool:
        return len(self.tiles) == 1 and self.tiles[0].is_small


def grouped(tiles: Iterable[Tile]) -> list[Group]:
    """By their prompt; the tiles come in order."""
    return [
        Group(position, list(variants))
        for position, variants in groupby(tiles, key=lambda tile: tile.image.position)
    ]


def places(groups: Iterable[Group]) -> list[list[Group]]:
    """What shares a place of the grid: a group has its own, but failures that follow each other
    share one, up to three of them.
    """
    found: list[list[Group]] = []
    for group in groups:
        stack = found[-1] if found else []
        if (
            group.is_small
            and stack
            and stack[-1].is_small
            and stack[-1].position == group.position - 1
            and len(stack) < MOST_IN_A_STACK
        ):
            stack.append(group)
        else:
            found.append([group])
    return found


class Prices:
    """The price of one more picture of a job, as text; "" when it is not known."""

    def __init__(self, job: BulkGenerationJob) -> None:
        self.job = job
        self.known: dict[tuple[str, str], int | None] = {}
        self.model: ImageModel | None = None

    def of(self, quality: str, size: str) -> int | None:
        """Micro-dollars, the likely upper end."""
        key = (quality or self.job.quality, size or self.job.size)
        if key not in self.known:
            self.known[key] = self._ask(*key)
        return self.known[key]

    @property
    def hosts(self) -> list[str]:
        """Where pictures of the job may be downloaded from, besides their provider's own server."""
        return self.job.account.download_hosts if self.job.account else []

    def text(self, images: Iterable[GeneratedImage]) -> str:
        """What buying these once more costs."""
        prices = [self.of(image.quality, image.size) for image in images]
        known = [price for price in prices if price is not None]
        if not prices or len(known) < len(prices):
            return ""
        if not sum(known):
            return "free"
        return usd(known[0]) if len(known) == 1 else usd_total(sum(known))

    def _ask(self, quality: str, size: str) -> int | None:
        self.model = self.model or job_page.catalogue_model(self.job)
        if self.model is None:
            return None
        try:
            return estimate.price_of_image(
                self.model, quality, size, "", timezone.now().date()
            ).high
        except estimate.UnknownPrice:
            return None


def make_tiles(
    images: Iterable[GeneratedImage],
    prices: Prices,
    *,
    can_act: bool = True,
    can_spend: bool = True,
    can_manage: bool = False,
) -> list[Tile]:
    return [
        make_tile(
            image,
            prices,
            can_act=can_act,
            can_spend=can_spend,
            can_manage=can_manage,
        )
        for image in images
    ]


def make_tile(
    image: GeneratedImage,
    prices: Prices,
    *,
    can_act: bool = True,
    can_spend: bool = True,
    can_manage: bool = False,
) -> Tile:
    state = STATES[ImageStatus(image.status)]
    price = prices.text([image])
    title, message, billed = _what_happened(image)
    buttons = [
        button
        for button in _what_helps(image, price, prices.hosts if image.download_host else ())
        if (
            can_manage
            if button.action in MANAGED
            else can_spend or (can_act and button.action in FREE)
        )
    ]
    return Tile(
        image=image,
        state=state,
        title=title,
        message=message,
        billed=billed,
        price=price,
        buttons=buttons,
        page_step=_page_step(image),
        page_retry=image.page_status == PageStatus.FAILED,
        page_url=page_adapter.url(image.page_id) if image.page_id else "",
    )


def _what_happened(image: GeneratedImage) -> tuple[str, str, str]:
    if image.status == ImageStatus.QUEUED:
        return (
            ("Will be tried again", image.error_message, "") if image.tries else ("Queued", "", "")
        )
    if image.status == ImageStatus.GENERATING:
        return "Generating", "", ""
    if image.status == ImageStatus.CANCELLED:
        return "Cancelled", "", _booked(image) or "Not bought."
    if image.status == ImageStatus.UNKNOWN:
        return (
            Code.UNKNOWN.about.title,
            image.error_message or Code.UNKNOWN.about.sentence,
            _booked(image),
        )
    if image.status == ImageStatus.FAILED:
        title = codes.about(image.error_code).title or "Failed"
        if image.error_code == Code.LOST:
            return title, Code.LOST.about.sentence, _booked(image)
        not_billed = "" if image.picture_key else "Not billed."
        return title, image.error_message, _booked(image) or not_billed
    return "", "", ""


def _booked(image: GeneratedImage) -> str:
    if not image.cost:
        return ""
    is_known = image.status != ImageStatus.UNKNOWN and image.error_code != Code.LOST
    return f"Billed {usd(image.cost)}." if is_known else f"Counted as spent: {usd(image.cost)}."


def _download(image: GeneratedImage, hosts: Sequence[str]) -> list[Button]:
    """For a picture that was made and waits on a server: allow the server first."""
    if not image.download_host:
        return []
    if image.download_host not in hosts:
        return [Button(action="allow_host", label=f"Allow {image.download_host}")]
    seen = {"seen_attempt": image.attempt}
    return [Button(action="download_again", label="Download again", values=seen)]


def _what_helps(image: GeneratedImage, price: str, hosts: Sequence[str] = ()) -> list[Button]:
    seen = {"seen_attempt": image.attempt}
    if image.status == ImageStatus.UNKNOWN:
        return [
            *_download(image, hosts),
            Button(action="buy_again", label="Buy again", price=price, values=seen),
            Button(action="accept_as_lost", label="Mark as lost", values=seen),
        ]
    if image.status == ImageStatus.QUEUED and image.parent_id:
        return [Button(action="take_back", label="Take back")]
    if image.status == ImageStatus.CANCELLED:
        return [Button(action="retry", label="Generate it", price=price, values=seen)]
    if image.status != ImageStatus.FAILED:
        return []
    if image.picture_key:  # billed bytes: a re-roll leaves them where they are
        return [
            Button(action="download", label="Download"),
            Button(action="reroll", label="Re-roll", price=price),
        ]
    if codes.about(image.error_code).helps_to_retry:
        return [
            Button(action="retry", label="Retry", price=price, values=seen),
            Button(action="edit", label="Reword"),
        ]
    if codes.about(image.error_code).helps_to_reword:
        return [Button(action="edit", label="Reword", price=price)]
    return [
        Button(action="reroll", label="Re-roll", price=price),
        Button(action="edit", label="Reword"),
    ]


def _page_step(image: GeneratedImage) -> str:
    if image.page_status in PAGE_STEPS:
        return PAGE_STEPS[PageStatus(image.page_status)]
    if image.page_status == PageStatus.BLOCKED:
        return f"No page: {image.page_error or 'the check found something.'}"
    if image.page_status == PageStatus.FAILED:
        return f"Page failed: {image.page_error or 'it can be tried again.'}"
    if image.page_status == PageStatus.NONE and image.page_error_code == Code.SAME_PROMPT:
        return Code.SAME_PROMPT.about.sentence
    return ""
