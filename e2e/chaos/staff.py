"""Staff who press everything, at random, while things go wrong.

What they decided is written down.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import Error as DatabaseError
from django.db import connections

from bulk_admin.models import BulkGenerationJob, GeneratedImage
from bulk_admin.services.jobs import decisions, lifecycle, pictures
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.queue import page_queue
from bulk_admin.storages import StorageUnavailable

MOST_REROLLS = 2
PATIENCE = 0.12


@dataclass
class Decisions:
    """``bought_again``: (image, attempt) whose second purchase a person ordered; ``retried``:
    images.
    """

    bought_again: set[tuple[int, int]] = field(default_factory=set)
    retried: set[int] = field(default_factory=set)
    pages_pressed: int = 0
    broken: list[str] = field(default_factory=list)


class Presser(threading.Thread):
    """One person. ``note_stale``: a press whose answer may have been lost counts as a decision."""

    def __init__(
        self,
        job_id: uuid.UUID,
        chance: random.Random,
        decisions: Decisions,
        enough: threading.Event,
        *,
        note_stale: bool,
    ) -> None:
        super().__init__(daemon=True)
        self.job_id, self.chance, self.decisions, self.enough, self.note_stale = (
            job_id,
            chance,
            decisions,
            enough,
            note_stale,
        )
        self.person = BulkGenerationJob.objects.get(pk=job_id).created_by
        self.rerolls = 0
        self.actions: list[Callable[[GeneratedImage], object]] = [
            *[
                self.pause,
                self.resume,
                self.resume,
                self.resume,
                self.retry,
                self.retry_all,
                self.reroll,
            ],
            *[
                self.buy_again,
                self.buy_again,
                self.lose,
                self.keep,
                self.drop,
                self.pages,
                self.stop_pages,
                self.retry_pages,
            ],
        ]

    def run(self) -> None:
        try:
            while not self.enough.wait(self.chance.uniform(0, PATIENCE)):
                self.press()
        finally:
            connections.close_all()

    def press(self) -> None:
        action = self.cancel if self.chance.random() < 0.01 else self.chance.choice(self.actions)
        pick = self.chance.random()
        try:
            images = list(GeneratedImage.objects.filter(job=self.job_id).order_by("pk"))
            action(images[int(pick * len(images))])
        except (DatabaseError, StorageUnavailable):
            connections.close_all()  # the page would say: try again
        except Exception as error:  # noqa: BLE001  # anything else is a finding
            self.decisions.broken.append(f"{action.__name__}: {type(error).__name__}: {error}")

    def pause(self, image: GeneratedImage) -> None:
        lifecycle.pause(self.job_id, by=self.person)

    def resume(self, image: GeneratedImage) -> None:
        lifecycle.resume(self.job_id, by=self.person)

    def cancel(self, image: GeneratedImage) -> None:
        lifecycle.cancel(self.job_id, by=self.person)

    def retry(self, image: GeneratedImage) -> None:
        self.decisions.retried.add(image.pk)
        pictures.retry_failed(self.job_id, [image.pk], by=self.person)

    def retry_all(self, image: GeneratedImage) -> None:
        failed = GeneratedImage.objects.filter(job=self.job_id, status="failed").values_list(
            "pk", flat=True
        )
        self.decisions.retried.update(failed)
        pictures.retry_failed(self.job_id, list(failed), by=self.person)

    def reroll(self, image: GeneratedImage) -> None:
        if self.rerolls < MOST_REROLLS:
            newest = (
                GeneratedImage.objects.filter(job=self.job_id, position=image.position)
                .order_by("-variant")
                .values_list("variant", flat=True)[0]
            )
            self.rerolls += bool(
                pictures.reroll(self.job_id, image.pk, seen_variant=newest, by=self.person)
            )

    def buy_again(self, image: GeneratedImage) -> None:
        press = (image.pk, image.attempt)
        if self.note_stale:
            self.decisions.bought_again.add(press)
        if (
            pictures.buy_again(self.job_id, image.pk, seen_attempt=image.attempt, by=self.person)
            == Decided.QUEUED
        ):
            self.decisions.bought_again.add(press)

    def lose(self, image: GeneratedImage) -> None:
        pictures.accept_as_lost(self.job_id, image.pk, seen_attempt=image.attempt, by=self.person)

    def keep(self, image: GeneratedImage) -> None:
        decisions.decide(self.job_id, [image.pk], keep=True, by=None)

    def drop(self, image: GeneratedImage) -> None:
        decisions.decide(self.job_id, [image.pk], keep=False, by=None)

    def pages(self, image: GeneratedImage) -> None:
        self.decisions.pages_pressed += 1
        page_queue.create_pages(self.job_id, by=self.person)

    def stop_pages(self, image: GeneratedImage) -> None:
        page_queue.stop_pages(self.job_id, by=self.person)

    def retry_pages(self, image: GeneratedImage) -> None:
        self.decisions.pages_pressed += 1
        page_queue.retry_pages(self.job_id, by=self.person)


def raise_caps_and_resume(job_id: uuid.UUID) -> None:
    """What a person does who reads why the job is paused."""
    BulkGenerationJob.objects.filter(pk=job_id).update(budget_cap=None)
    lifecycle.resume(job_id, by=None)
