"""The way back in when the last superuser has lost phone and recovery codes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from prompts_manager.logins import two_factor


class Command(BaseCommand):
    help = "Forget a person's second factor; they set up a new one at their next login."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="their user name")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        person = get_user_model().objects.filter(username=user).first()
        if person is None:
            raise CommandError(f"There is no user {user!r}.")
        two_factor.reset(person, by=None)
        self.stdout.write(f"The second factor of {user} is reset.")
