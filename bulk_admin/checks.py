"""System checks: settings that would lose work, buy twice or hide pictures are reported before
anything starts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import Schedule

from bulk_admin import mail
from bulk_admin.addresses import is_origin
from bulk_admin.background import CLUSTER
from bulk_admin.conf import conf
from bulk_admin.models import ImageModel, ProviderAccount
from bulk_admin.services.drafting.settings import OPTIONAL
from bulk_admin.services.image_providers import PROVIDERS
from bulk_admin.services.pricing import rules

QUEUE_TAG = "queue"
FIRST = import_module("bulk_admin.migrations.0001_squashed_0022_rewriting")
UNSERVED = dt.timedelta(hours=1)


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
def check_history(
    app_configs: Sequence[AppConfig] | None,
    *,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """The wheel has one migration for all the first ones: it begins a database, or goes on where
    all of them are applied.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    applied = {
        name
        for app, name in MigrationRecorder(connection).applied_migrations()
        if app == "bulk_admin"
    }
    missing = [name for _, name in FIRST.Migration.replaces if name not in applied]
    if not applied or not missing or find_spec(f"bulk_admin.migrations.{missing[0]}"):
        return []
    hint = (
        "Run migrate once with this release's repository, which still has them, and then go on with"
        " the wheel."
    )
    told = (
        f"The database is older than the wheel can go on with: {len(missing)} of its first"
        f" migrations are not applied, from {missing[0]} on."
    )
    return [Error(told, hint=hint, id="bulk_admin.E023")]


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


@register(Tags.urls)
def check_site_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if conf.SITE_URL and not is_origin(conf.SITE_URL):
        hint = "Write the scheme and the host alone, as https://example.com."
        told = f"SITE_URL is {conf.SITE_URL!r:.100}."
        return [Error(told, hint=hint, id="bulk_admin.E024")]
    if conf.SITE_URL or not mail.has_server():
        return []
    hint = "Set it to the site's address, as https://example.com: until then no notice is sent."
    return [Warning("Mail is set up and SITE_URL is not.", hint=hint, id="bulk_admin.W009")]


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
