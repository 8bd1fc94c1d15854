"""Lists of the admin that answer every address.

They stand outside the admin package, whose modules register on a site when they are imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.text import capfirst

NOTHING_CHOSEN = (("", "Choose an action…"),)


class SoundChangeList(ChangeList):
    """A list whose address says what no database can be asked for answers as Django's does for a
    filter that does not exist. Its title says what it lists.
    """

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        try:
            super().__init__(request, *args)
        except OverflowError as error:  # an id, or a year, of twenty digits
            raise IncorrectLookupParameters(error) from error

        if not self.is_popup:
            # Django's says what to do: "Select job to change".
            self.title = str(capfirst(self.opts.verbose_name_plural))

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except ValueError as error:  # the year after 9999
            raise IncorrectLookupParameters(error) from error


class SoundLists:
    """Mixin of a ModelAdmin."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SoundChangeList

    def get_action_choices(
        self, request: HttpRequest, default_choices: Sequence[tuple[str, str]] = NOTHING_CHOSEN
    ) -> list[tuple[str, str]]:
        base: Any = super()  # ModelAdmin's
        choices: list[tuple[str, str]] = base.get_action_choices(request, list(default_choices))
        return choices
