"""System checks: settings that would lose work, buy twice or hide pictures are reported before
anything starts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.utils import timezone
from django_q.models import Schedule

from bulk_admin.background import CLUSTER
from bulk_admin.conf import DEFAULTS, conf
from bulk_admin.models import ImageModel, ProviderAccount
from bulk_admin.services.drafting.settings import OPTIONAL
from bulk_admin.services.image_providers import PROVIDERS
from bulk_admin.services.pricing import rules
from bulk_admin.storages import is_set_up

QUEUE_TAG = "queue"
UNSERVED = dt.timedelta(hours=1)


@register()
def check_bulk(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A name that nothing reads would change nothing, in silence."""
    own = getattr(settings, "BULK", {})
    if not isinstance(own, Mapping):
        hint = 'Write BULK = {"NAME": value}.'
        return [Error(f"BULK is a {type(own).__name__}.", hint=hint, id="bulk_admin.E018")]
    return [
        message
        for name, value in own.items()
        for message in ([_unknown(name)] if name not in DEFAULTS else _of_a_kind(name, value))
    ]


def _unknown(name: object) -> CheckMessage:
    near = get_close_matches(str(name).upper(), DEFAULTS, n=1, cutoff=0.5)
    hint = f"Is {near[0]!r} meant?" if near else "docs/configuration.md lists the names."
    return Error(f"BULK has no setting {name!r}.", hint=hint, id="bulk_admin.E017")


KINDS: dict[type, tuple[str, tuple[type, ...]]] = {
    bool: ("True or False", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    str: ("a text", (str, Path)),
    tuple: ("a list", (list, tuple)),
}


def _of_a_kind(name: str, value: object) -> list[CheckMessage]:
    wanted, kinds = KINDS[type(DEFAULTS[name])]
    if isinstance(value, kinds) and (isinstance(value, bool) == (bool in kinds)):
        return []
    hint = f"It takes {wanted}, as {DEFAULTS[name]!r}."
    return [Error(f"BULK[{name!r}] is {value!r:.60}.", hint=hint, id="bulk_admin.E018")]


@register(QUEUE_TAG)
def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    hint = "Remove the option: the worker forks, and a pool's connections do not survive that."
    pooled = [
        alias
        for alias, database in settings.DATABASES.items()
        if database.get("OPTIONS", {}).get("pool")
    ]
    return [
        Error(f"The database {alias!r} uses a connection pool.", hint=hint, id="bulk_admin.E007")
        for alias in pooled
    ]


@register(Tags.database)
def check_accounts(
    app_configs: Sequence[AppConfig] | None,
    *,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Reads rows, so it runs only where a database is named: ``check --database default``, and
    migrate.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        used = set(ProviderAccount.objects.values_list("provider", flat=True))
    except DatabaseError:  # not migrated yet
        return []
    hint = f"Correct or delete the account. Registered are {', '.join(sorted(PROVIDERS))}."
    return [
        Error(
            f"An account names the provider {name!r}, which does not exist.",
            hint=hint,
            id="bulk_admin.E009",
        )
        for name in sorted(used - set(PROVIDERS))
    ]


@register(Tags.database)
def check_schedules(
    app_configs: Sequence[AppConfig] | None,
    *,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Reads rows, as ``check_accounts`` does. A worker of the cluster would have run the schedule;
    a laptop's is off at night.
    """
    if settings.DEBUG or DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    overdue = Schedule.objects.filter(
        cluster__isnull=False, next_run__lt=timezone.now() - UNSERVED
    ).exclude(repeats=0)
    try:
        names = sorted(set(overdue.values_list("cluster", flat=True)))
    except DatabaseError:  # not migrated yet
        return []
    start = {CLUSTER: "manage.py bulk_worker"}
    return [
        Warning(
            f"Schedules name the cluster {name!r}, which no worker has served for an hour.",
            hint=f"Start {start.get(name, f'manage.py qcluster --name {name}')}, or correct the"
            " schedules.",
            id="bulk_admin.W007",
        )
        for name in names
    ]


@register(Tags.database)
def check_catalogue(
    app_configs: Sequence[AppConfig] | None,
    *,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """The form refuses such a name; a fixture or a script does not. It would turn a setting off, in
    silence.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        models = list(ImageModel.objects.values_list("name", "takes"))
    except DatabaseError:  # not migrated yet
        return []
    hint = "Correct “Takes” on the model's page in the catalogue."
    return [
        Warning(f"What {name} takes: {problem}", hint=hint, id="bulk_admin.W004")
        for name, takes in models
        if (problem := rules.names(takes, OPTIONAL))
    ]


@register("storage")
def check_storage(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    aliases = [conf.STORAGE, *([conf.PAGE_STORAGE] if conf.PAGE_STORAGE else [])]
    not_set_up = [alias for alias in aliases if not is_set_up(alias)]
    if not_set_up:
        hint = "Add it to STORAGES: nothing is bought while pictures cannot be kept."
        return [
            Error(f"STORAGES has no {alias!r} that can be used.", hint=hint, id="bulk_admin.E010")
            for alias in not_set_up
        ]
    return []


@register(Tags.security)
def check_credential_keys(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    if conf.CREDENTIAL_KEYS or settings.DEBUG:
        return []
    hint = (
        "Set CREDENTIAL_KEYS to a long random text: without it they are encrypted with SECRET_KEY,"
        " and lost when that changes."
    )
    return [Warning("Stored provider keys depend on SECRET_KEY.", hint=hint, id="bulk_admin.W002")]
