"""System checks: is everything there that the generator needs of the project?

One run names all that is missing, with what to write. This module imports nothing of what may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection, router
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template

from bulk_admin.conf import DEFAULTS, conf, page_adapter
from bulk_admin.storages import is_set_up, is_shown, may_rename, what_is_wrong

NEEDED_APPS = ("django_q", "crispy_forms", "django_htmx")
# One of each folder of ours.
OUR_TEMPLATES = ("admin/bulk_admin/job_page/page.html", "adminpack/field.html")
Found = Iterator[CheckMessage]


def missing_apps() -> list[str]:
    """The apps that ours needs and INSTALLED_APPS does not have: nothing of ours can be imported
    that uses their models.
    """
    return [name for name in NEEDED_APPS if not apps.is_installed(name)]


@register()
def check_bulk(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A name that nothing reads would change nothing, in silence."""
    own = getattr(settings, "BULK", {})
    if not isinstance(own, Mapping):
        hint = 'Write BULK = {"NAME": value}.'
        return [Error(f"BULK is a {type(own).__name__}.", hint=hint, id="bulk_admin.E018")]
    found = [
        message
        for name, value in own.items()
        for message in ([_unknown(name)] if name not in DEFAULTS else _of_a_kind(name, value))
    ]
    return found or [*_too_small(own)] or [*_heartbeat()]


def _unknown(name: object) -> CheckMessage:
    near = get_close_matches(str(name).upper(), DEFAULTS, n=1, cutoff=0.5)
    hint = f"Is {near[0]!r} meant?" if near else "docs/configuration.md lists the names."
    return Error(f"BULK has no setting {name!r}.", hint=hint, id="bulk_admin.E017")


# Beside those whose default is 0: it turns a brake off, or waits for nothing.
MAY_BE_ZERO = ("NO_USE_AFTER", "BREAKER_AFTER", "SLOW_START", "GUARD", "GRACE", "RETRY_BACKOFF")
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


def _too_small(own: Mapping[str, Any]) -> Found:
    """A worker with such a number would start, and never buy anything."""
    for name, value in own.items():
        if type(DEFAULTS[name]) not in (int, float):
            continue
        may_be_zero = name in MAY_BE_ZERO or not DEFAULTS[name]
        if value < 0 or (value == 0 and not may_be_zero):
            hint = f"It takes 0 or more, as {DEFAULTS[name]!r}."
            hint = hint if may_be_zero else f"It takes more than 0, as {DEFAULTS[name]!r}."
            yield Error(f"BULK[{name!r}] is {value!r}.", hint=hint, id="bulk_admin.E018")


def _heartbeat() -> Found:
    if conf.HEARTBEAT * 2 > conf.LEASE:
        hint = "Let the lease be at least two heartbeats: else workers at work are taken for dead."
        told = f"BULK['LEASE'] is {conf.LEASE!r} at a HEARTBEAT of {conf.HEARTBEAT!r} seconds."
        yield Error(told, hint=hint, id="bulk_admin.E018")


@register("storage")
def check_storage(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    aliases = [conf.STORAGE, *([conf.PAGE_STORAGE] if conf.PAGE_STORAGE else [])]
    return [
        Error(
            f"STORAGES has no {alias!r} that can be used.",
            hint=f"{todo}: nothing is bought while pictures cannot be kept.",
            id="bulk_admin.E010",
        )
        for alias in aliases
        if (todo := _todo_for(alias))
    ]


def _todo_for(alias: str) -> str:
    if alias not in settings.STORAGES:
        return "Add it to STORAGES"
    wrong = what_is_wrong(alias)
    return f"Correct it ({wrong})" if wrong else ""


@register()
def check_installation(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    found = [*_apps(), *_templates(), *_adapter(), *_storage(), *_database()]
    return found if missing_apps() else [*found, *_addresses(), *_page_model()]


def _apps() -> Found:
    for name in missing_apps():
        hint = f'Add "{name}" to INSTALLED_APPS, before "bulk_admin".'
        yield Error(f"bulk_admin needs the app {name!r}.", hint=hint, id="bulk_admin.E015")


def _templates() -> Found:
    for name in OUR_TEMPLATES:
        try:
            get_template(name)
        except (TemplateDoesNotExist, ImproperlyConfigured):
            hint = 'Set "APP_DIRS": True in TEMPLATES, with the backend DjangoTemplates.'
            yield Error(f"The template {name} is not found.", hint=hint, id="bulk_admin.E014")
        except TemplateSyntaxError:
            pass  # a tag of an app that is missing, which is told above


def _adapter() -> Found:
    from bulk_admin.services.page_adapter import PageAdapter

    if not conf.PAGES:
        hint = 'Write BULK = {"PAGES": "yourapp.bulk.YourPages"}, a PageAdapter of yours.'
        yield Error("BULK names no page adapter.", hint=hint, id="bulk_admin.E011")
        return
    try:
        adapter: object = page_adapter()
    except Exception as error:  # noqa: BLE001  # it is the project's code that runs
        hint = f"Correct BULK['PAGES'], or its module: {type(error).__name__}: {error}"
        yield Error(f"{conf.PAGES!r} cannot be imported.", hint=hint, id="bulk_admin.E012")
        return
    if not isinstance(adapter, PageAdapter):
        hint = "Derive it from bulk_admin.adapter.PageAdapter."
        yield Error(f"{conf.PAGES!r} is no page adapter.", hint=hint, id="bulk_admin.E012")
        return
    if type(adapter).create is PageAdapter.create:
        hint = "Write create(self, draft, stored), which returns the page that it makes."
        yield Error(f"{conf.PAGES!r} makes no pages.", hint=hint, id="bulk_admin.E013")
    try:
        if adapter.model:
            apps.get_model(adapter.model)
    except (LookupError, ValueError):
        hint = f'Its model is {adapter.model!r}: write "app_label.ModelName" of an installed app.'
        yield Error(f"{conf.PAGES!r} has no such model.", hint=hint, id="bulk_admin.E012")


def _storage() -> Found:
    """One that cannot be made is told by ``check_storage``."""
    if is_set_up(conf.STORAGE) and is_shown(conf.STORAGE):
        hint = 'Give it a "location" in its OPTIONS that no web server shows.'
        told = f"STORAGES[{conf.STORAGE!r}] keeps pictures where the site shows files to everybody."
        yield Warning(told, hint=hint, id="bulk_admin.W008")
    if is_set_up(conf.STORAGE) and may_rename(conf.STORAGE):
        hint = (
            'Use "bulk_admin.storages.DurableFileStorage", or a backend with file_overwrite=True:'
            " a picture is stored under exactly its key, also the second time."
        )
        told = f"STORAGES[{conf.STORAGE!r}] gives a file another name when one is there."
        yield Warning(told, hint=hint, id="bulk_admin.W004")


def _database() -> Found:
    if connection.vendor == "sqlite":
        yield from _sqlite()
    elif connection.vendor != "postgresql":
        hint = "Let DATABASES['default'] be PostgreSQL, or SQLite for a site on one machine."
        told = f"The generator does not run on {connection.display_name}."
        yield Error(told, hint=hint, id="bulk_admin.E020")
    for label in ("bulk_admin", "django_q"):
        if elsewhere := _databases_of(label) - {DEFAULT_DB_ALIAS}:
            hint = (
                f'Let db_for_read and db_for_write of DATABASE_ROUTERS answer "default" for the app'
                f" {label!r}: money is counted in transactions there, and a copy is behind."
            )
            told = f"Rows of {label} are in the database {', '.join(sorted(elsewhere))}."
            yield Error(told, hint=hint, id="bulk_admin.E021")
    if not settings.USE_TZ:
        hint = "Set USE_TZ = True: days and leases are counted in UTC, where no hour comes twice."
        yield Error("USE_TZ is off.", hint=hint, id="bulk_admin.E022")


def _databases_of(label: str) -> set[str]:
    models = apps.get_app_config(label).get_models() if apps.is_installed(label) else ()
    ask = (router.db_for_read, router.db_for_write)
    return {database(model) for model in models for database in ask}


def _sqlite() -> Found:
    options = connection.settings_dict["OPTIONS"]
    if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        hint = (
            'Set "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}: else a transaction'
            ' that writes after it has read fails with "database is locked" beside a worker.'
        )
        told = "SQLite begins transactions as readers."
        yield Warning(told, hint=hint, id="bulk_admin.W006")


def _addresses() -> Found:
    from bulk_admin.addresses import NotMounted, admin_site

    try:
        admin_site()
    except (NotMounted, AttributeError):  # no ROOT_URLCONF
        hint = (
            'Add path("admin/", admin.site.urls) to the urlpatterns of ROOT_URLCONF; for an admin'
            " site of your own, call bulk_admin.admin.register_on(site) too."
        )
        told = "The generator's pages have no address."
        yield Error(told, hint=hint, id="bulk_admin.E019")
    except ImportError:
        return  # Django's own checks tell of addresses that cannot be imported


def _page_model() -> Found:
    from bulk_admin.addresses import admin_site
    from bulk_admin.services.page_adapter import PageAdapter

    try:
        adapter, site = page_adapter(), admin_site()
        has_addresses = not adapter.model or type(adapter).url is not PageAdapter.url
        is_known = has_addresses or site.is_registered(adapter.page_model)
    except Exception:  # noqa: BLE001  # told above
        return
    if not is_known:
        hint = "Register it, or override url() of the page adapter: links to pages are empty."
        told = f"The admin does not show {adapter.model}."
        yield Warning(told, hint=hint, id="bulk_admin.W005")
