"""The New job form: what staff paste and choose, checked line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from bulk_admin.admin.fields import UsdField
from bulk_admin.services.drafting import page_options
from bulk_admin.services.drafting.intake import (
    MAX_BYTES,
    Intake,
    IntakeError,
    Problem,
    Row,
    parse_file,
    parse_text,
)
from bulk_admin.services.drafting.settings import NAMES, JobSettings

from . import layout
from .choices import ChoicesForm
from .widgets import RadioCards

# Settings whose field on the form has another name than the job's.
FIELDS = {"account_id": "account", "model_name": "model"}
SHOWN_PROBLEMS = 20


def _text(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "dir": "auto", **attrs})


class NewJobForm(ChoicesForm):
    field_order = ("prompts", "file", "skip_bad")  # in which errors are listed; then the choices

    prompts = forms.CharField(
        label="Prompts",
        required=False,
        strip=False,
        widget=_text(
            16,
            spellcheck="false",
            wrap="soft",
            placeholder=(
                "One prompt per line.\n\nOr longer ones, separated by a line of three dashes:\n---"
            ),
        ),
        help_text=(
            "One per line, or blocks separated by a line of <code>---</code>. You see and check"
            " every row before anything is bought."
        ),
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(
            attrs={"accept": ".txt,.csv,.tsv,.json,text/plain,text/csv,application/json"}
        ),
        help_text=(
            "Drop a .txt, .csv or .json onto the box, or choose it here: at most 2 MB. A .csv may"
            " have columns prompt, size, quality and count, in any order."
        ),
    )
    skip_bad = forms.BooleanField(required=False)  # a button beside the errors, not a field
    images_per_prompt = forms.TypedChoiceField(
        label="Pictures per prompt",
        choices=[(number, str(number)) for number in range(1, 5)],
        coerce=int,
        initial=1,
        widget=RadioCards,
    )
    character_description = forms.CharField(
        required=False,
        max_length=250,
        widget=_text(2, **{"data-counter": ""}),
        help_text="Placed before every prompt, so that the same character appears in all of them.",
    )
    prompt_prefix = forms.CharField(
        label="Before every prompt", required=False, max_length=500, widget=_text(2)
    )
    prompt_suffix = forms.CharField(
        label="After every prompt", required=False, max_length=500, widget=_text(2)
    )
    page_for_every_kept = forms.BooleanField(
        label="A page for every kept picture",
        required=False,
        help_text="Otherwise the first kept picture of each prompt makes the page.",
    )
    create_pages_when_done = forms.BooleanField(
        label="Create pages when the job is done",
        required=False,
        help_text="Drafts from every picture kept by then. Nothing is published automatically.",
    )
    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    budget_cap = UsdField(
        label="Budget cap",
        required=False,
        help_text="US dollars. The job pauses before it would cost more.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page_fields = page_options.fields()
        self.fields |= self.page_fields
        # A NUL is reported with its line, like everything else that is wrong in a paste.
        self.fields["prompts"].validators = [
            each
            for each in self.fields["prompts"].validators
            if not isinstance(each, ProhibitNullCharactersValidator)
        ]
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.refused = ""  # why nothing of a paste or a file could be read
        if not self.is_bound and self.initial.get("prompts"):
            self._read_initial(str(self.initial["prompts"]))

    def _read_initial(self, text: str) -> None:
        try:
            found = parse_text(text)
        except IntakeError as error:
            self.refused = error.message
            return
        self.rows, self.problems = found.rows, found.problems

    # --- checking --------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        text, upload = data.get("prompts") or "", data.get("file")
        if text.strip():
            self._read("prompts", lambda: parse_text(text))
        if upload is not None:
            self._read("file", lambda: parse_file(upload.name, upload.read(MAX_BYTES + 1)))
        if not text.strip() and upload is None and not self.has_error("file"):
            self.add_error("prompts", "Paste at least one prompt, or choose a file.")
        return data

    def _read(self, name: str, parse: Callable[[], Intake]) -> None:
        try:
            found = parse()
        except IntakeError as error:
            self.refused = error.message
            self.add_error(name, error.message)
            return
        self.rows += found.rows
        self.problems += found.problems
        if found.problems and not (self.cleaned_data.get("skip_bad") and found.rows):
            for problem in found.problems[:SHOWN_PROBLEMS]:
                self.add_error(
                    name,
                    f"Line {problem.line}: {problem.message}" if problem.line else problem.message,
                )
            if len(found.problems) > SHOWN_PROBLEMS:
                self.add_error(
                    name, f"And {len(found.problems) - SHOWN_PROBLEMS:,} more lines like these."
                )

    @property
    def skippable(self) -> int:
        """How many bad lines could be left out, the good ones going on."""
        return len(self.problems) if self.rows and self.problems else 0

    @property
    def source_text(self) -> str:
        """What the form shows again on the way back: the paste, or the rows of the file."""
        pasted = str(self.cleaned_data.get("prompts") or "")
        return (
            "\n---\n".join(row.text for row in self.rows)
            if self.cleaned_data.get("file")
            else pasted
        )

    def job_settings(self) -> JobSettings:
        return JobSettings(**self._settings(self.cleaned_data))

    def settings_so_far(self) -> JobSettings | None:
        """What the form says so far, valid or not; the defaults where it says nothing usable.

        None as long as nothing can be bought with it.
        """
        if self.account_choice is None or self.model_choice is None:
            return None
        model = self.model_choice.model
        said = self._settings(
            self.cleaned_data if self.is_bound and hasattr(self, "cleaned_data") else self.initial
        )
        chosen = {name: value for name, value in said.items() if value not in (None, "")}
        if chosen.get("size") not in model.sizes:
            chosen["size"] = model.default_size
        if chosen.get("quality") not in model.qualities:
            chosen["quality"] = model.default_quality
        account_id = self.account_choice.account.pk
        return JobSettings(
            **{**chosen, "name": "", "account_id": account_id, "model_name": model.name}
        )

    def _settings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: data.get(FIELDS.get(name, name)) for name in NAMES}
        account = said["account_id"]
        return {
            **said,
            "account_id": int(account) if account else None,
            "page_options": page_options.chosen(data),
        }

    @property
    def helper(self) -> FormHelper:
        return layout.whole_form(list(self.page_fields))

    @property
    def options_helper(self) -> FormHelper:
        return layout.model_options()


def initial_of(settings: JobSettings) -> dict[str, Any]:
    """What the form starts with to say these settings."""
    said = {FIELDS.get(name, name): value for name, value in asdict(settings).items()}
    return {**said, **page_options.as_initial(settings.page_options)}
