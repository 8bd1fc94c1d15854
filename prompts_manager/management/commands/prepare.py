"""Make a laptop ready: database, a login for staff, a job to look at."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from bulk_admin.models import BulkGenerationJob
from bulk_admin.numbers import whole_argument
from prompts_manager.management import sample

NAME = "staff"


class Command(BaseCommand):
    help = (
        "Migrate, create the login of .staff-login and the sample job; a second run only tells them"
        " again. For laptops: needs DEBUG."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=whole_argument(1, 65_535),
            default=8000,
            help="where the web server will listen; refused when it is taken",
        )

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "This sets up a laptop and writes a password to a file: it needs DEBUG=true (see"
                " .env)."
            )
        refuse_taken(port)
        call_command("migrate", interactive=False, verbosity=0)
        password = login(settings.BASE_DIR / ".staff-login")
        job = sample.find() if BulkGenerationJob.objects.exists() else sample.start(NAME)
        here = f"http://127.0.0.1:{port}"
        self.stdout.write(f"\n  PromptFinder   {here}{reverse('admin:index')}")
        self.stdout.write(f"  Log in as      {NAME}   password {password}")
        if job:
            self.stdout.write(f"  Sample job     {here}{job.get_absolute_url()}")
        self.stdout.write("  Ctrl-C stops it.\n")


def refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Stop what uses it, or choose another one: PORT={port + 1}"
                " make run"
            ) from error


def login(file: Path) -> str:
    """The password of the superuser; user and file are made when they are missing, and left alone
    when they are there.
    """
    users = get_user_model().objects
    user = users.filter(username=NAME).first()
    password = file.read_text().strip() if file.exists() else ""
    if user and password:
        return password
    password = password or secrets.token_urlsafe(12)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(password + "\n")
    user = user or users.create_superuser(NAME, password=password)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password
