"""One mail to whoever made a job, when it took long or needs a person: how it stands and where.

Nothing of its prompts and pictures is in it. A job is claimed before its mail is sent, and never
again: a crash in between loses that mail, and no crash and no second worker sends two.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from bulk_admin import codes, mail, progress
from bulk_admin.addresses import absolute
from bulk_admin.codes import Code
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.money import usd_total
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.person_settings import Name, remembered
from bulk_admin.text import clean_text

logger = logging.getLogger(__name__)
LONG = dt.timedelta(minutes=2)
# What is older was missed while no mail was set up, or was there before notices were.
STILL_NEWS = dt.timedelta(days=1)
MOST_AT_ONCE = 10  # the next tick goes on; a mail server may take its time for each
LONGEST_SUBJECT = 150


def send_due() -> int:
    """Send what is due; how many were sent. What a mail server does is logged, and breaks nothing.

    It waits for a mail server, so call it outside any transaction.
    """
    if not mail.is_sent():
        return 0
    due = _due(database_now()).select_related("created_by")
    return sum(_notify(job) for job in due[:MOST_AT_ONCE])


def _due(now: dt.datetime) -> QuerySet[BulkGenerationJob]:
    """Jobs that have come to their end, or that stopped without anyone pressing Pause."""
    ended = Q(status__in=(JobStatus.COMPLETED, JobStatus.FAILED), pages_open=0)
    trouble = (
        Q(status=JobStatus.FAILED)
        | Q(failed_count__gt=0)
        | Q(unknown_count__gt=0)
        | Q(pages_failed__gt=0)
        | Q(pages_blocked__gt=0)
    )
    took_long = Q(finished__gt=F("started") + LONG)
    stopped = Q(status=JobStatus.PAUSED) & ~Q(status_reason=Code.PAUSED)
    return (
        BulkGenerationJob.objects.filter(stopped | ended & (trouble | took_long))
        .alias(last=Coalesce("finished", "served", "started", "created"))
        .filter(notified_at=None, created_by__isnull=False, last__gte=now - STILL_NEWS)
        .order_by("created")
    )


@whole_step
def claim(job: BulkGenerationJob) -> bool:
    """Whether this call is the one that may send the job's mail."""
    mine = BulkGenerationJob.objects.filter(pk=job.pk, notified_at=None)
    return mine.update(notified_at=database_now()) == 1


def _notify(job: BulkGenerationJob) -> bool:
    if not claim(job):
        return False
    person: Any = job.created_by
    address = getattr(person, person.get_email_field_name(), "") or ""
    if not (address and person.is_active and remembered(person, Name.MAIL_NOTICES) != "off"):
        return False
    ids = {"job": str(job.pk)}
    try:
        message(job, address).send()
    except Exception:  # a server, a library and a network may raise anything
        logger.exception("a notice could not be sent", extra=ids)
        return False
    logger.info("notice sent", extra=ids)
    return True


def message(job: BulkGenerationJob, address: str) -> EmailMessage:
    """Plain text: a name may hold anything, and nothing here reads it as markup or as a header."""
    name = clean_text(job.name, LONGEST_SUBJECT)
    lines = [
        name,
        "",
        f"{progress.pill(job).label}. {progress.counts(job)}",
        *_remedy(job),
        f"Spent: {usd_total(job.spent + job.text_spent)} of about {usd_total(job.estimate)}.",
        *_pages(job),
        "",
        absolute(job.get_absolute_url()),
        "",
        "You made this job. Under More on its page these mails are switched off.",
    ]
    return EmailMessage(
        subject=f"{progress.pill(job).label}: {name}",
        body="\n".join(lines),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    )


def _remedy(job: BulkGenerationJob) -> list[str]:
    """Our own words; what a provider said may quote a prompt."""
    remedy = codes.about(job.status_reason).remedy if job.status == JobStatus.PAUSED else ""
    return [remedy] if remedy else []


def _pages(job: BulkGenerationJob) -> list[str]:
    told = (
        (job.pages_created, "created"),
        (job.pages_blocked, "blocked"),
        (job.pages_failed, "failed"),
    )
    return [f"{counted(count, 'page')} {word}." for count, word in told if count]
