"""How New job is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Fieldset, Layout

from bulk_admin.services.drafting.settings import OPTIONAL


def whole_form(page_options: Sequence[str]) -> FormHelper:
    """``page_options``: the fields that the site adds for a job's pages."""
    pairs = [page_options[n : n + 2] for n in range(0, len(page_options), 2)]
    return _helper(
        Fieldset("", Field("prompts"), Field("file"), css_class="first"),
        Fieldset("Pictures", "account", _options(), "images_per_prompt"),
        Fieldset(
            "Around every prompt",
            "character_description",
            Div("prompt_prefix", "prompt_suffix", css_class="pair"),
            css_class="quiet-set",
        ),
        Fieldset(
            "Pages",
            *(Div(*pair, css_class="pair") if len(pair) == 2 else pair[0] for pair in pairs),
            "page_for_every_kept",
            "create_pages_when_done",
        ),
        Fieldset("Job", Div("name", "budget_cap", css_class="pair")),
    )


def model_options() -> FormHelper:
    """Only the part that follows the model, as it is fetched when another one is chosen."""
    return _helper(_options())


def _options() -> Div:
    return Div(
        "model",
        "size",
        "quality",
        Div("output_format", "background", css_class="pair"),
        *OPTIONAL,
        css_id="model-options",
    )


def _helper(*layout: Any) -> FormHelper:
    helper = FormHelper()
    helper.template_pack = "adminpack"  # whatever the project has chosen for its own forms
    helper.form_tag = False
    helper.disable_csrf = True  # the page's own form carries the token
    helper.layout = Layout(*layout)
    return helper
