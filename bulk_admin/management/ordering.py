"""What a person orders from a terminal: who, with which account and model, and the job that comes
of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import BulkGenerationJob, CallKind, GeneratedImage, ProviderAccount
from bulk_admin.selectors.offers import (
    AccountChoice,
    ModelChoice,
    account_choices,
    default_model,
    first_possible,
    model_choices,
)
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.flags import STARTS_OFF
from bulk_admin.services.drafting.intake import Intake, Problem, Row
from bulk_admin.services.drafting.settings import JobSettings, compose_prompt
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.pricing.catalogue import (
    ModelNotAvailable,
    is_offered,
    model_for,
    validate_size,
)
from bulk_admin.services.pricing.estimate import Estimate, UnknownPrice, estimate_job


class Refused(Exception):
    """Nothing was created; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """A job and the rows that go into it; a rehearsed one is not in the database."""

    job: BulkGenerationJob
    images: list[GeneratedImage]
    left_out: list[Problem]
    estimate: Estimate


def choose_user(name: str) -> Any:
    """The user of that name, or without one the only superuser. Raises Refused."""
    model = get_user_model()
    users = model._default_manager.filter(is_active=True).order_by(model.USERNAME_FIELD)
    if name:
        user = users.filter(**{model.USERNAME_FIELD: name}).first()
        if user is None:
            raise Refused(f"There is no active user {name}. {_known(users)}")
        return user
    superusers = list(users.filter(is_superuser=True)[:2])
    if len(superusers) != 1:
        raise Refused(f"Name the user with --user. {_known(users.filter(is_staff=True))}")
    return superusers[0]


def _known(users: Iterable[Any]) -> str:
    names = [user.get_username() for user in users]
    return (
        f"There are: {', '.join(names[:20])}."
        if names
        else "There is none yet: manage.py createsuperuser"
    )


def choose_account(user: Any, name: str) -> AccountChoice:
    """By label, id or provider, the person's own first; without a name the default one.

    Raises Refused.
    """
    choices = account_choices(user)
    found = _named(choices, name) if name else first_possible(choices)
    if found is None:
        known = ", ".join(choice.account.label for choice in choices)
        raise Refused(
            f"There is no account {name}. There are: {known}."
            if name
            else f"No account can be used. There are: {known or 'none'}."
        )
    if found.why_not:
        raise Refused(
            f"The account {found.account.label} cannot be used: {found.why_not}. Fix that, or"
            " choose another one."
        )
    return found


def _named(choices: list[AccountChoice], name: str) -> AccountChoice | None:
    for read in (
        lambda account: account.label,
        lambda account: str(account.pk),
        lambda account: account.provider,
    ):
        found = [choice for choice in choices if read(choice.account) == name]
        own = [choice for choice in found if not choice.account.is_platform]
        found = own or found
        if len(found) > 1:
            known = ", ".join(f"{choice.account.pk} ({choice.account.label})" for choice in found)
            raise Refused(f"{name} means several accounts. Name one of them by its id: {known}.")
        if found:
            return found[0]
    return None


def choose_model(account: AccountChoice, name: str) -> ModelChoice:
    """By name; without one the provider's default. Raises Refused."""
    choices = model_choices(account.account.provider, database_now().date())
    found = (
        next((choice for choice in choices if choice.model.name == name), None)
        if name
        else default_model(choices)
    )
    if found is None:
        known = ", ".join(choice.model.name for choice in choices if not choice.why_not)
        raise Refused(f"{account.account.label} has no model {name}. There are: {known or 'none'}.")
    if found.why_not:
        raise Refused(found.why_not)
    return found


def settings_for(
    account: AccountChoice, model: ModelChoice, named: Mapping[str, Any]
) -> JobSettings:
    """What was named, with the model's own size and quality where neither was."""
    found = model.model
    own = {
        "size": named["size"] or found.default_size,
        "quality": named["quality"] or found.default_quality,
    }
    return JobSettings(
        **{**named, **own, "account_id": account.account.pk, "model_name": found.name}
    )


@whole_step
def place(settings: JobSettings, intake: Intake, *, user: Any) -> Order:
    """Make the job and start it, or neither. Raises Refused."""
    order = _draft(settings, intake, user)
    try:
        lifecycle.generate(order.job.pk, by=user)
    except lifecycle.CannotStart as error:
        raise Refused(error.message) from error
    except KeyUnreadable as error:
        raise Refused(f"{error} Enter the key of {order.job.account.label} again.") from error
    order.job.refresh_from_db()
    return order


def rehearse(settings: JobSettings, intake: Intake, *, user: Any) -> Order:
    """The same checks and the same price; nothing stays. Raises Refused."""
    with transaction.atomic():
        order = place(settings, intake, user=user)
        transaction.set_rollback(True)
    return order


def _draft(settings: JobSettings, intake: Intake, user: Any) -> Order:
    try:
        good, refused = _sort_out(settings, intake.rows)
        problems = [*intake.problems, *refused]
        # The separator stands also after a lone prompt: its lines stay together on the way back to
        # the form.
        source = "".join(f"{row.text}\n---\n" for row in good)
        job = drafts.create_draft(
            settings, good, by=user, source_text=source, skipped=len(problems)
        )
        rows = list(job.images.order_by("position"))
        images = [row for row in rows if row.included]
        estimate = _estimate(job, images)
    except (drafts.DraftRefused, ModelNotAvailable, UnknownPrice) as error:
        raise Refused(str(error)) from error
    problems += [
        Problem(good[row.position - 1].line, _why_off(row.flags))
        for row in rows
        if not row.included
    ]
    return Order(job, images, sorted(problems, key=lambda problem: problem.line), estimate)


def _sort_out(settings: JobSettings, rows: Iterable[Row]) -> tuple[list[Row], list[Problem]]:
    """Rows whose own size or quality the model does not make are left out, each with its reason."""
    account = ProviderAccount.objects.get(pk=settings.account_id)
    model = model_for(account, settings.model_name, database_now().date())
    good: list[Row] = []
    problems: list[Problem] = []
    for row in rows:
        size, quality = row.size or settings.size, row.quality or settings.quality
        if not (row.size or row.quality) or is_offered(model, quality, size):
            good.append(row)
        else:
            choices = ", ".join(model.qualities) or "none to choose"
            no_quality = f"{model.label} has no quality {quality}. It has {choices}."
            why = validate_size(model, size) or no_quality
            problems.append(Problem(row.line, why))
    return good, problems


def _estimate(job: BulkGenerationJob, images: list[GeneratedImage]) -> Estimate:
    today = database_now().date()
    pool = job.account.pools.filter(kind=CallKind.IMAGE).first()
    prompts = [compose_prompt(job, image.prompt_text) for image in images]
    return estimate_job(
        job, model_for(job.account, job.model_name, today), images, prompts, today, pool
    )


def _why_off(flags: Iterable[Mapping[str, str]]) -> str:
    return (
        f"{', '.join(flag['text'] for flag in flags if flag['code'] in STARTS_OFF).capitalize()}."
    )
