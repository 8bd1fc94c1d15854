"""The worker's part of publishing: it publishes pages that are due, and takes the pictures of those
that are not public off the public web.

One worker at a time works on a page's files: ``files_claim`` is its mark, and no other one takes
them before ``files_not_before``. After that, what a killed worker left behind is taken up. No
storage is asked inside a transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid

from django.db.models import Case, F, Q, QuerySet, When

from bulk_admin.adapter import database_now, draining, reach, whole_step
from bulk_admin.storages import StorageUnavailable
from bulk_admin.wording import cut_at_word
from prompts.models import DeletedPage, Prompt
from prompts.services import page_files
from prompts.services.doorbell import ring
from prompts.services.publish_queue import LEASE, log
from prompts.services.publishing import why_not_publish

logger = logging.getLogger(__name__)
# After these seconds of a claim no file is begun; one that is has ended long before the lease.
WORK_SECONDS = 60.0
SLICE = 240.0
PAUSE, LONGEST_PAUSE = dt.timedelta(minutes=1), dt.timedelta(hours=1)
MOST_TRIES = 5  # to publish, the last one a quarter of an hour after the first
AT_A_LOOK = 10
MISSING = "Its picture is missing from the storage."
NOT_COPIED = "The picture storage does not take its files."
BROKEN = "Its files could not be copied: the worker's log says why."
REASON_LIMIT = 200
FAILURES = (MISSING, NOT_COPIED, BROKEN)


def run() -> None:
    """Everything that is due, a page at a time; safe anywhere, any number of times at once."""
    end = time.monotonic() + SLICE
    # One of each in turn: a long list of one kind does not hold up the others.
    while any([publish_next(), hide_next(), delete_next()]):
        if draining.is_asked() or time.monotonic() > end:
            ring()
            return


# --- publishing -----------------------------------------------------------------------------------


def publish_next() -> bool:
    """Publish a page that is due; whether there was one."""
    now = database_now()
    # An earlier page of the same picture: its files have the same names, and are being deleted.
    due = Prompt.objects.due(now).exclude(image__in=DeletedPage.objects.values("image"))
    page = _claim(due.order_by("publish_at", "pk"), now)
    if page is None:
        return False
    is_public = page.visibility == Prompt.Visibility.PUBLIC
    try:
        if is_public:
            page_files.copy_to_public(page, _until())
        reach("public_files_copied")
    except FileNotFoundError:
        _publish(page, with_files=is_public, fault=MISSING)
    except Exception as error:  # noqa: BLE001  # one odd page stops no other
        _put_off(page, error)
    else:
        _publish(page, with_files=is_public)
    return True


@whole_step
def _publish(claimed: Prompt, *, with_files: bool, fault: str = "") -> None:
    """The status, if nothing speaks against it now; a page that may not be published stays a draft
    and says why.
    """
    page = _still_ours(claimed)
    now = database_now()
    if page is None:
        return
    if page.publish_at is None or page.publish_at > now:  # taken back while its files were copied
        _release(page)
    elif reason := fault or why_not_publish(page, page.publish_confirmed):
        _release(
            page, publish_at=None, publish_error=cut_at_word(reason, REASON_LIMIT), updated=now
        )
    elif page.visibility == Prompt.Visibility.PUBLIC and not with_files:
        _release(page)  # made public just now: once more, with its files
    else:
        _release(
            page,
            status=Prompt.Status.PUBLISHED,
            published=page.published or now,
            publish_at=None,
            publish_error="",
            updated=now,
        )
        log(page.publish_by_id, [page], "Published.")
        logger.info("page published", extra={"page": page.pk})


# --- taking back ----------------------------------------------------------------------------------


def hide_next() -> bool:
    """Take the pictures of a page that is not public off the public web; whether there was one.

    Their private copies are safe, and noted, before the first one is deleted.
    """
    now = database_now()
    page = _claim(Prompt.everything.exposed(now).order_by("pk"), now)
    if page is None:
        return False
    until = _until()
    try:
        if not page.draft_folder and page_files.keys_of(page):
            _note_folder(page, page_files.copy_to_private(page, until))
        reach("private_copy_noted")
        page_files.delete_public(_keys_of_its_own(page), until)
    except Exception as error:  # noqa: BLE001  # one odd page stops no other
        _put_off(page, error)
    else:
        _hidden(page)
    return True


def _keys_of_its_own(page: Prompt) -> list[str]:
    """Without those that a published page shows too."""
    others = Prompt.objects.published().filter(image=page.image).exclude(pk=page.pk)
    return [] if others.exists() else page_files.keys_of(page)


@whole_step
def _note_folder(page: Prompt, folder: str) -> None:
    mine = Prompt.everything.filter(pk=page.pk, files_claim=page.files_claim)
    if not mine.update(draft_folder=folder):
        raise page_files.TooLate("Another worker has the page.")


@whole_step
def _hidden(claimed: Prompt) -> None:
    page = _still_ours(claimed)
    if page is not None:
        _release(page, has_public_copy=False)
        logger.info("page's pictures taken off the public web", extra={"page": page.pk})


def exposed() -> int:
    """How many pages are not public and have, or may have, pictures on the public web."""
    return Prompt.everything.exposed(database_now()).count()


@whole_step
def try_again_now() -> None:
    """End the pauses after failures."""
    waiting = Prompt.everything.exposed(database_now()).filter(files_claim=None)
    waiting.update(files_not_before=None)


# --- files of deleted pages -----------------------------------------------------------------------


def delete_next() -> bool:
    """Delete the files of a page that was deleted; whether there was one.

    At once, and again when no worker of that time can still be copying them.
    """
    now = database_now()
    row = DeletedPage.objects.filter(not_before__lte=now).order_by("not_before", "pk").first()
    if row is None:
        return False
    mine = DeletedPage.objects.filter(pk=row.pk, not_before=row.not_before)
    if not mine.update(not_before=now + LEASE):
        return True  # another worker was faster
    mine = DeletedPage.objects.filter(pk=row.pk, not_before=now + LEASE)
    until = _until()
    try:
        if not Prompt.everything.filter(image=row.image, has_public_copy=True).exists():
            page_files.delete_public(row.keys, until)
        if (
            row.draft_folder
            and not Prompt.everything.filter(draft_folder=row.draft_folder).exists()
        ):
            page_files.delete_private(row.keys, row.draft_folder, until)
    except Exception as error:  # noqa: BLE001  # one odd page stops no other
        tries = row.tries + 1
        mine.update(tries=tries, not_before=database_now() + _pause(tries))
        _tell("files of a deleted page are still there", error, page=row.image, tries=tries)
    else:
        if row.final_at > now:
            mine.update(not_before=row.final_at, tries=0)
        else:
            mine.delete()
    return True


# --- claims ---------------------------------------------------------------------------------------


def _claim(due: QuerySet[Prompt], now: dt.datetime) -> Prompt | None:
    """The first page on whose files nobody works, now ours; one statement decides.

    From here on a page that is to be public may have public files, whatever becomes of us.
    """
    free = due.filter(Q(files_not_before=None) | Q(files_not_before__lte=now))
    mark = uuid.uuid4()
    is_to_be_public = When(publish_at__lte=now, visibility=Prompt.Visibility.PUBLIC, then=True)
    for pk in list(free.values_list("pk", flat=True)[:AT_A_LOOK]):
        if (
            free.order_by()
            .filter(pk=pk)
            .update(
                files_claim=mark,
                files_not_before=now + LEASE,
                has_public_copy=Case(is_to_be_public, default=F("has_public_copy")),
            )
        ):
            return Prompt.everything.filter(pk=pk, files_claim=mark).first()
    return None


def _until() -> float:
    return time.monotonic() + WORK_SECONDS


def _still_ours(claimed: Prompt) -> Prompt | None:
    """The row as it is now, locked; None if the page is gone or was given to another worker."""
    return (
        Prompt.everything.select_for_update(no_key=True)
        .filter(pk=claimed.pk, files_claim=claimed.files_claim)
        .first()
    )


def _release(page: Prompt, **changes: object) -> None:
    free = {"files_claim": None, "files_not_before": None, "files_tries": 0}
    Prompt.everything.filter(pk=page.pk).update(**free, **changes)


@whole_step
def _put_off(claimed: Prompt, error: Exception) -> None:
    """Later again, and ever later; publishing is given up after MOST_TRIES, hiding never."""
    page = _still_ours(claimed)
    if page is None:
        return
    now = database_now()
    tries = page.files_tries + 1
    reason = NOT_COPIED if isinstance(error, StorageUnavailable) else BROKEN
    _tell("a page's files could not be moved", error, page=page.pk, tries=tries)
    if page.publish_at is not None and tries >= MOST_TRIES:
        _release(
            page, publish_at=None, publish_error=cut_at_word(reason, REASON_LIMIT), updated=now
        )
        return
    Prompt.everything.filter(pk=page.pk).update(
        files_claim=None,
        files_not_before=now + _pause(tries),
        files_tries=tries,
        updated=now,
        publish_error=reason if page.publish_at is not None else page.publish_error,
    )


def _pause(tries: int) -> dt.timedelta:
    return min(PAUSE * (1 << min(tries - 1, 10)), LONGEST_PAUSE)


def _tell(message: str, error: Exception, **ids: object) -> None:
    level = logging.WARNING if isinstance(error, StorageUnavailable) else logging.ERROR
    logger.log(level, message, extra=ids, exc_info=error)
