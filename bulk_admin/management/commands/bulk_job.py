"""Look at a job, or steer it, from a terminal or a script."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bulk_admin.addresses import absolute
from bulk_admin.conf import page_adapter
from bulk_admin.formats import counted
from bulk_admin.management import ordering, watching
from bulk_admin.models import ACTIVE_JOBS, ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.services.jobs import exports, lifecycle, pictures
from bulk_admin.services.jobs.report import job_report
from bulk_admin.services.queue import page_queue
from bulk_admin.storages import StorageUnavailable

BAD_INPUT = 2
OF_PAGES = ("publish", "take-back")
STOPPED = (*ENDED_JOBS, JobStatus.PAUSED)


class Command(BaseCommand):
    help = (
        "Tell how a job stands, or pause, resume, cancel or retry it, create, publish or take back"
        " its pages, or export it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", help="the job's id")
        parser.add_argument(
            "action",
            nargs="?",
            default="status",
            choices=[
                *("status", "pause", "resume", "cancel", "retry", "create-pages"),
                *(*OF_PAGES, "export"),
            ],
        )
        parser.add_argument(
            "--out",
            default="",
            help="with export: the ZIP to write, - for standard output; default: the job's name",
        )
        parser.add_argument(
            "--per-day", type=int, help="with publish: so many pages a day, the first ones now"
        )
        parser.add_argument(
            "--user",
            default="",
            help="who does it, and pays; default: the only superuser, else who made the job",
        )
        parser.add_argument(
            "--wait", action="store_true", help="watch until nothing more happens on its own"
        )
        parser.add_argument(
            "--json", action="store_true", help="one line of JSON on standard output"
        )

    def handle(self, *args: Any, job: str, action: str, wait: bool, **options: Any) -> None:
        found = find(job)
        if found.status == JobStatus.DRAFT and (wait or action != "status"):
            raise CommandError(
                f"{found.name} is a draft: generate it first, at"
                f" {absolute(found.get_absolute_url())}",
                returncode=BAD_INPUT,
            )
        per_day = options["per_day"]
        if per_day is not None and (action != "publish" or per_day < 1):
            raise CommandError("--per-day goes with publish, from 1 on.", returncode=BAD_INPUT)
        if options["out"] and action != "export":
            raise CommandError("--out goes with export.", returncode=BAD_INPUT)
        if action == "export":
            if not self.export(found, options["out"]):
                return
        elif action in OF_PAGES:
            self.say(of_pages(found, action, person(found, options["user"]), per_day))
        elif action != "status":
            self.say(act(found, action, options["user"]))
        found = (
            watching.watch(found.pk, self.say, is_terminal=self.stderr.isatty())
            if wait
            else find(job)
        )
        self.stdout.write(
            json.dumps(job_report(found)) if options["json"] else watching.summary(found)
        )
        code = watching.exit_code(found) if wait else 0
        if code and not (code == watching.HALTED and action in ("pause", "cancel")):
            sys.exit(code)

    def export(self, job: BulkGenerationJob, out: str) -> bool:
        """False when the archive went to standard output, where nothing else may follow. A file
        appears when it is whole.
        """
        if out == "-":
            for piece in exports.zip_of([job]):
                sys.stdout.buffer.write(piece)
            return False
        target = Path(out or f"{exports.file_name(job)}.zip")
        unfinished = target.with_name(f"{target.name}.part")
        try:
            with unfinished.open("wb") as file:
                file.writelines(exports.zip_of([job]))
            unfinished.replace(target)
        except (OSError, StorageUnavailable) as error:
            unfinished.unlink(missing_ok=True)
            raise CommandError(f"{target} could not be written: {error}") from error
        self.say(f"Written: {target}")
        return True

    def say(self, text: str) -> None:
        if text:
            self.stderr.write(text, style_func=str)


def find(job_id: str) -> BulkGenerationJob:
    try:
        return BulkGenerationJob.objects.get(pk=job_id)
    except (BulkGenerationJob.DoesNotExist, ValidationError) as error:
        raise CommandError(f"There is no job {job_id}.", returncode=BAD_INPUT) from error


def person(job: BulkGenerationJob, name: str) -> Any:
    """In whose name it is done. Raises CommandError for a name that nobody has."""
    try:
        return ordering.choose_user(name)
    except ordering.Refused as refused:
        if name:
            raise CommandError(str(refused), returncode=BAD_INPUT) from refused
        return job.created_by


def act(job: BulkGenerationJob, action: str, user: str) -> str:
    """Do it, and say what came of it.

    Raises CommandError when the job cannot come to the state that was asked for.
    """
    by = person(job, user)
    try:
        return _act(job, action, by)
    except lifecycle.NotYours as refusal:
        raise CommandError(
            f"{refusal.message} Say with --user who that is.", returncode=BAD_INPUT
        ) from refusal


def of_pages(job: BulkGenerationJob, action: str, by: Any, per_day: int | None) -> str:
    """Publish or take back a job's pages, as far as the site lets ``by`` do it.

    Raises CommandError when there is nobody to do it.
    """
    if by is None:
        raise CommandError("Say with --user who does it.", returncode=BAD_INPUT)
    found = job.images.filter(page_id__isnull=False).order_by("position", "variant")
    ids = [image.page_id or "" for image in found.only("page_id")]
    adapter = page_adapter()
    if action == "publish":
        answers, done = adapter.publish(ids, by, per_day), "to be published"
    else:
        answers, done = adapter.unpublish(ids, by), "taken back"
    reasons = Counter(reason for reason in answers.values() if reason)
    lines = [f"{counted(len(answers) - reasons.total(), 'page')} {done}."]
    return "\n".join([*lines, *(f"{n} not: {reason}" for reason, n in reasons.most_common())])


def _act(job: BulkGenerationJob, action: str, by: Any) -> str:
    if action == "pause":
        return (
            "Paused: nothing more is bought."
            if lifecycle.pause(job.pk, by=by)
            else _already(job, STOPPED, "be paused")
        )
    if action == "resume":
        resumed = lifecycle.resume(job.pk, by=by)
        return "Resumed." if resumed else _already(job, ACTIVE_JOBS, "be resumed")
    if action == "cancel":
        return (
            "Cancelled: nothing more is bought."
            if lifecycle.cancel(job.pk, by=by)
            else _already(job, ENDED_JOBS, "be cancelled")
        )
    if action == "retry":
        return f"{pictures.retry_failed(job.pk, by=by)} queued again."
    if action == "create-pages":
        made = page_queue.create_pages(job.pk, by=by)
        return (
            f"{made.queued} pages begun, {made.same_prompt} have the prompt of another,"
            f" {made.skipped} can have none."
        )
    return ""


def _already(job: BulkGenerationJob, wanted: tuple[str, ...], what: str) -> str:
    job.refresh_from_db(fields=["status"])
    if job.status not in wanted:
        raise CommandError(f"{job.name} is {job.status} and cannot {what}.", returncode=BAD_INPUT)
    return f"{job.name} is {job.status} already."
