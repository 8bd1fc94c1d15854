"""What a job will cost, in the words of the form's bill and of the sheet's."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from bulk_admin.admin.bill import Bill, bill_of
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel
from bulk_admin.services.drafting.intake import Problem
from bulk_admin.services.drafting.settings import compose_prompt

from .choices import each_text
from .form import SHOWN_PROBLEMS, NewJobForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What stands beside the form."""

    prompts: int
    bill: Bill
    problems: list[Problem]
    problem_count: int
    sent: str
    each: list[dict[str, str]]
    refused: str = ""

    @property
    def summary(self) -> str:
        if self.refused:
            return self.refused
        if not self.prompts:
            return "No prompts yet"
        return (
            f"{counted(self.bill.pictures, 'picture')} · {self.bill.total}"
            if self.bill.total
            else counted(self.prompts, "prompt")
        )

    @property
    def button(self) -> str:
        return f"Review {counted(self.prompts, 'prompt')}" if self.prompts else "Review prompts"


def of_form(form: NewJobForm) -> Quote:
    """Of a bound form, valid or not: as much as its choices allow."""
    job = _job_of(form)
    images = [
        GeneratedImage(prompt_text=row.text, size=row.size, quality=row.quality, count=row.count)
        for row in form.rows
    ]
    model = form.model_choice.model if form.model_choice else None
    found = bill_of(job, images, model, form.on, form.person.pk) if job and model else Bill()
    for choice in (form.account_choice, form.model_choice):
        found.warnings.extend(
            text for text in (choice.warning, choice.why_not) if text
        ) if choice else None
    return Quote(
        prompts=len(images),
        bill=found,
        problems=form.problems[:SHOWN_PROBLEMS],
        problem_count=len(form.problems),
        sent=compose_prompt(job, images[0].prompt_text)[:2_000] if job and images else "",
        each=_each_quality(job, model, form.on) if job and model else [],
        refused=form.refused,
    )


def _job_of(form: NewJobForm) -> BulkGenerationJob | None:
    """An unsaved job that says what the form says so far."""
    settings = form.settings_so_far()
    if settings is None or form.account_choice is None:
        return None
    job = BulkGenerationJob(**asdict(settings))
    job.account = form.account_choice.account
    job.provider = job.account.provider
    return job


def _each_quality(job: BulkGenerationJob, model: ImageModel, on: dt.date) -> list[dict[str, str]]:
    return [
        {"value": quality, "price": each_text(model, quality, job.size, on)}
        for quality in model.qualities
    ]
