"""Prompts from a file become a job, without a browser."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bulk_admin.addresses import absolute
from bulk_admin.management import ordering, watching
from bulk_admin.management.ordering import Order, Refused
from bulk_admin.models import GeneratedImage
from bulk_admin.money import parse_usd
from bulk_admin.numbers import whole_argument
from bulk_admin.services.accounts import ensure_platform_accounts
from bulk_admin.services.drafting.intake import (
    FORMATS,
    MAX_BYTES,
    MAX_COUNT,
    Intake,
    IntakeError,
    Problem,
    parse_file,
)
from bulk_admin.services.drafting.settings import NAMES
from bulk_admin.services.image_providers.base import MAX_SEED
from bulk_admin.services.jobs.report import job_report

BAD_INPUT = 2
# Settings whose option has another name than the job's.
OPTIONS = {
    "images_per_prompt": "per_prompt",
    "budget_cap": "cap",
    "create_pages_when_done": "create_pages",
}


class Command(BaseCommand):
    help = (
        "Generate pictures of the prompts in a file: one per line, blocks separated by a line of"
        " ---, a .csv or .json. The workers do the work."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a .txt, .csv or .json file, or - for standard input")
        parser.add_argument(
            "--format",
            default="",
            choices=FORMATS,
            help="default: what the file's ending says, else what its text looks like",
        )
        parser.add_argument(
            "--user", default="", help="whose job it is; default: the only superuser"
        )
        parser.add_argument("--name", default="", help="the job's name; default: the file's")
        parser.add_argument(
            "--account",
            default="",
            help=(
                "label, id or provider of the account that pays, the user's own first; default:"
                " the platform's"
            ),
        )
        parser.add_argument("--model", default="", help="default: the provider's")
        parser.add_argument("--quality", default="", help="default: the model's")
        parser.add_argument("--size", default="", metavar="WxH", help="default: the model's")
        parser.add_argument(
            "--per-prompt",
            type=whole_argument(1, MAX_COUNT),
            default=1,
            metavar="N",
            help=f"pictures of each prompt, 1-{MAX_COUNT}",
        )
        parser.add_argument(
            "--seed",
            type=whole_argument(0, MAX_SEED),
            metavar="N",
            help="of the first picture of each prompt, for models that take one",
        )
        parser.add_argument(
            "--cap", type=dollars, metavar="USD", help="pause before it would cost more"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show rows and price, create nothing"
        )
        parser.add_argument("--wait", action="store_true", help="watch until the job has ended")
        parser.add_argument(
            "--create-pages",
            action="store_true",
            help="make draft pages of what is kept when the job is done",
        )
        parser.add_argument(
            "--json", action="store_true", help="one line of JSON on standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            intake = read(options["file"], options["format"])
            order = self.order(intake, options)
        except (IntakeError, Refused) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        self.tell_left_out(order.left_out)
        self.tell_flags(order.images)
        if options["dry_run"]:
            self.stdout.write(
                json.dumps(rehearsed(order))
                if options["json"]
                else "\n".join([*map(row_line, order.images), price_line(order)])
            )
            return
        self.finish(order, wait=options["wait"], as_json=options["json"])

    def order(self, intake: Intake, options: dict[str, Any]) -> Order:
        if not intake.rows:
            self.tell_left_out(intake.problems)
            raise Refused("No row can be used. Nothing was created.")
        ensure_platform_accounts()
        user = ordering.choose_user(options["user"])
        account = ordering.choose_account(user, options["account"])
        settings = ordering.settings_for(
            account,
            ordering.choose_model(account, options["model"]),
            {
                **{
                    name: options[option]
                    for name in NAMES
                    if (option := OPTIONS.get(name, name)) in options
                },
                "name": (options["name"] or default_name(options["file"]))[:120],
            },
        )
        act = ordering.rehearse if options["dry_run"] else ordering.place
        return act(settings, intake, user=user)

    def finish(self, order: Order, *, wait: bool, as_json: bool) -> None:
        job = order.job
        if wait:
            self.say(f"{job.name}: {price_line(order)}")
            job = watching.watch(job.pk, self.say, is_terminal=self.stderr.isatty())
        self.stdout.write(
            json.dumps(job_report(job))
            if as_json
            else watching.summary(job)
            if wait
            else accepted(order)
        )
        if wait and (code := watching.exit_code(job)):
            sys.exit(code)

    def tell_left_out(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.say(f"line {problem.line} skipped: {problem.message}")

    def tell_flags(self, images: list[GeneratedImage]) -> None:
        """There is no review sheet here: what it would point out goes to standard error."""
        for image in images:
            if image.flags:
                flags = ", ".join(flag["text"] for flag in image.flags)
                self.say(f"prompt {image.position} stays as it is: {flags}")

    def say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)


def read(name: str, file_format: str) -> Intake:
    """Raises IntakeError."""
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
            return parse_file("standard input", data, file_format)
        with Path(name).open("rb") as file:
            return parse_file(name, file.read(MAX_BYTES + 1), file_format)
    except (OSError, ValueError) as error:
        raise IntakeError(
            f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error


def dollars(text: str) -> int:
    try:
        return parse_usd(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def default_name(file: str) -> str:
    return "Prompts" if file == "-" else Path(file).stem


def row_line(image: GeneratedImage) -> str:
    own = [image.size, image.quality, f"{image.count} each" if image.count else ""]
    settings = ", ".join(part for part in own if part)
    text = " ".join(image.prompt_text.split())
    shown = text if len(text) <= 100 else f"{text[:99]}…"
    return f"{image.position:>4}  {shown}{f'  [{settings}]' if settings else ''}"


def price_line(order: Order) -> str:
    pictures = order.estimate.pictures
    return (
        f"{pictures:,} {'picture' if pictures == 1 else 'pictures'}, about"
        f" {order.estimate.total.text}"
    )


def accepted(order: Order) -> str:
    return (
        f"{order.job.name}: {price_line(order)}. The workers make"
        f" them.\n{absolute(order.job.get_absolute_url())}"
    )


def rehearsed(order: Order) -> dict[str, str | int]:
    """The contract's keys for a job that does not exist: no id, no address."""
    return {**job_report(order.job), "job": "", "status": "draft", "url": ""}
