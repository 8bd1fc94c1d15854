"""The New job form: what staff paste and choose, checked line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.urls import reverse

from bulk_admin.admin.fields import UsdField
from bulk_admin.models import ImageModel
from bulk_admin.selectors.offers import (
    AccountChoice,
    ModelChoice,
    account_choices,
    default_model,
    first_possible,
    model_choices,
)
from bulk_admin.services.drafting.intake import (
    MAX_BYTES,
    Intake,
    IntakeError,
    Problem,
    Row,
    parse_file,
    parse_text,
)
from bulk_admin.services.drafting.settings import NAMES, OPTIONAL, JobSettings
from bulk_admin.services.image_providers.base import MAX_SEED
from bulk_admin.services.pricing.estimate import UnknownPrice, price_of_image
from prompts.models import Category, Prompt

from .widgets import RadioCards, SelectWithReasons, shape

# Settings whose field on the form has another name than the job's.
FIELDS = {"account_id": "account", "model_name": "model", "category_id": "category"}
SHOWN_PROBLEMS = 20


def _text(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "dir": "auto", **attrs})


class NewJobForm(forms.Form):
    """Bound or not, its choices follow the account and the model that it holds."""

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
    account = forms.ChoiceField(
        widget=SelectWithReasons, help_text="This account is billed; its rate limit sets the speed."
    )
    model = forms.ChoiceField(widget=SelectWithReasons)
    size = forms.ChoiceField(label="Shape", widget=RadioCards)
    quality = forms.ChoiceField(required=False, widget=RadioCards)
    output_format = forms.ChoiceField(label="File format", required=False)
    background = forms.ChoiceField(required=False)
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        help_text=(
            "The same seed and prompt make nearly the same picture again. Each further picture of a"
            " prompt counts one up. Empty: chance."
        ),
    )
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
    category = forms.ModelChoiceField(
        Category.objects.all(), required=False, empty_label="No category"
    )
    page_tags = forms.CharField(
        label="Tags for every page",
        required=False,
        max_length=300,
        help_text="Separate with commas. Each page also gets tags of its own.",
    )
    page_visibility = forms.ChoiceField(
        label="Visibility", choices=Prompt.Visibility.choices, initial=Prompt.Visibility.PUBLIC
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

    def __init__(self, *args: Any, person: Any, on: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.on = person, on
        # A NUL is reported with its line, like everything else that is wrong in a paste.
        self.fields["prompts"].validators = [
            each
            for each in self.fields["prompts"].validators
            if not isinstance(each, ProhibitNullCharactersValidator)
        ]
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.refused = ""  # why nothing of a paste or a file could be read
        self.accounts = account_choices(person)
        self.account_choice = self._chosen_account()
        self.models = (
            model_choices(self.account_choice.account.provider, on) if self.account_choice else []
        )
        self.model_choice = self._chosen_model()
        self._offer()
        self._follow_choices()
        if not self.is_bound and self.initial.get("prompts"):
            self._read_initial(str(self.initial["prompts"]))

    def _follow_choices(self) -> None:
        """Another account or model fetches what it offers; the text stays where it is."""
        fetch = {
            "hx-post": reverse("admin:bulk_admin_bulkgenerationjob_options"),
            "hx-params": "not prompts,file",
            "hx-target": "#model-options",
        }
        fetch |= {"hx-select": "#model-options", "hx-swap": "outerHTML", "hx-disabled-elt": "unset"}
        for name in ("account", "model"):
            self.fields[name].widget.attrs |= fetch

    def _read_initial(self, text: str) -> None:
        try:
            found = parse_text(text)
        except IntakeError as error:
            self.refused = error.message
            return
        self.rows, self.problems = found.rows, found.problems

    # --- what can be chosen ----------------------------------------------------------------------

    def _value(self, name: str) -> str:
        value = (
            self.data.get(name)
            if self.is_bound
            else self.get_initial_for_field(self.fields[name], name)
        )
        return "" if value is None else str(value)

    def _chosen_account(self) -> AccountChoice | None:
        wanted = self._value("account")
        named = next((choice for choice in self.accounts if str(choice.account.pk) == wanted), None)
        return named or first_possible(self.accounts)

    def _chosen_model(self) -> ModelChoice | None:
        wanted = self._value("model")
        named = next((choice for choice in self.models if choice.model.name == wanted), None)
        return named or default_model(self.models)

    def _offer(self) -> None:
        self._options(
            "account", [(str(choice.account.pk), choice.label) for choice in self.accounts]
        )
        self._options("model", [(choice.model.name, choice.label) for choice in self.models])
        self._close(
            "account", (str(choice.account.pk) for choice in self.accounts if choice.why_not)
        )
        self._close("model", (choice.model.name for choice in self.models if choice.why_not))
        if self.account_choice:
            self.initial["account"] = str(self.account_choice.account.pk)
        if self.model_choice:
            self.initial["model"] = self.model_choice.model.name
            self._offer_model(self.model_choice)

    def _offer_model(self, choice: ModelChoice) -> None:
        model = choice.model
        self._options("size", [(size, size) for size in model.sizes], initial=model.default_size)
        self._options(
            "quality",
            [(quality, quality) for quality in model.qualities],
            initial=model.default_quality,
            fewest=1,
        )
        self._options(
            "output_format", [(name, name.upper()) for name in model.output_formats], fewest=2
        )
        self._options(
            "background", [(name, name.capitalize()) for name in model.backgrounds], fewest=2
        )
        for name in OPTIONAL.keys() - set(model.takes):
            self.fields[name].widget = forms.HiddenInput()
            self.initial.pop(name, None)
        self.fields["size"].widget.describe = shape
        self.fields["quality"].widget.describe = self._price_of_quality
        self.fields["size"].error_messages["invalid_choice"] = (
            f"%(value)s is not a size of {model.label}. Choose one of its shapes."
        )
        self.fields["quality"].error_messages["invalid_choice"] = (
            f"%(value)s is not a quality of {model.label}. Choose one of those shown."
        )
        self.fields["quality"].required = bool(model.qualities)

    def _price_of_quality(self, quality: str) -> dict[str, str]:
        """The price on a quality's card, at the shape that is chosen; the live price keeps it up to
        date.
        """
        model = self.model_choice.model if self.model_choice else None
        size = self._value("size")
        return (
            {
                "small": each_text(
                    model, quality, size if size in model.sizes else model.default_size, self.on
                ),
                "small_id": f"each-{quality}",
            }
            if model
            else {}
        )

    def _options(
        self, name: str, choices: list[tuple[str, str]], initial: str = "", fewest: int = 0
    ) -> None:
        """What may be chosen; with fewer than ``fewest`` nothing is shown."""
        cast(forms.ChoiceField, self.fields[name]).choices = choices
        if len(choices) < fewest:
            self.fields[name].widget = forms.HiddenInput()
        offered = [value for value, _ in choices]
        if self.initial.get(name) not in offered and offered:
            self.initial[name] = initial if initial in offered else offered[0]

    def _close(self, name: str, values: Iterable[str]) -> None:
        self.fields[name].widget.closed = frozenset(values)  # SelectWithReasons

    # --- checking --------------------------------------------------------------------------------

    def clean_account(self) -> str:
        choice = self.account_choice
        if choice and choice.why_not:
            raise ValidationError(
                f"{choice.account.label} cannot be used: {choice.why_not}. Choose another account."
            )
        return str(self.cleaned_data["account"])

    def clean_model(self) -> str:
        if self.model_choice and self.model_choice.why_not:
            raise ValidationError(self.model_choice.why_not)
        return str(self.cleaned_data["model"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.model_choice:  # of another model, before this one was chosen
            data |= dict.fromkeys(OPTIONAL.keys() - set(self.model_choice.model.takes))
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
        account, category = said["account_id"], said["category_id"]
        return {
            **said,
            "account_id": int(account) if account else None,
            "category_id": getattr(category, "pk", category),
        }

    # --- how it is laid out ----------------------------------------------------------------------

    @property
    def helper(self) -> FormHelper:
        return _helper(
            Fieldset("", Field("prompts"), Field("file"), css_class="first"),
            Fieldset("Pictures", "account", self.options_layout(), "images_per_prompt"),
            Fieldset(
                "Around every prompt",
                "character_description",
                Div("prompt_prefix", "prompt_suffix", css_class="pair"),
                css_class="quiet-set",
            ),
            Fieldset(
                "Pages",
                Div("category", "page_visibility", css_class="pair"),
                "page_tags",
                "page_for_every_kept",
                "create_pages_when_done",
            ),
            Fieldset("Job", Div("name", "budget_cap", css_class="pair")),
        )

    @property
    def options_helper(self) -> FormHelper:
        return _helper(self.options_layout())

    def options_layout(self) -> Div:
        return Div(
            "model",
            "size",
            "quality",
            Div("output_format", "background", css_class="pair"),
            *OPTIONAL,
            css_id="model-options",
        )


def initial_of(settings: JobSettings) -> dict[str, Any]:
    """What the form starts with to say these settings."""
    return {FIELDS.get(name, name): value for name, value in asdict(settings).items()}


def each_text(model: ImageModel, quality: str, size: str, on: dt.date) -> str:
    try:
        return f"{price_of_image(model, quality, size, '', on).text} each"
    except UnknownPrice:
        return "price unknown"


def _helper(*layout: Any) -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True  # the page's own form carries the token
    helper.layout = Layout(*layout)
    return helper
