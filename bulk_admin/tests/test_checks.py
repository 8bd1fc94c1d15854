"""Each check: silent on the settings as they are, and naming the one that is wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.checks import Error, Warning, run_checks
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import Schedule

from bulk_admin import checks, installation, mail
from bulk_admin.conf import DEFAULTS, conf, pump_lock
from bulk_admin.testing.factories import make_account, make_model


def found(check):
    return [message.id for message in check(None)]


@pytest.mark.django_db  # Django 6.1 asks the database too
def test_the_settings_as_they_are_give_no_complaint(settings):
    settings.DEBUG = True  # pytest-django switches it off
    settings.EMAIL_BACKEND = mail.NONE  # and collects mail
    assert [message for message in run_checks() if message.id.startswith("bulk_admin.")] == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [("LEASES", "LEASE"), ("lease", "LEASE"), ("BULK_LEASE", "LEASE"), ("MAX_INFLIGHT", "MAX_IN")],
)
def test_a_name_that_bulk_does_not_have_is_an_error_that_names_the_nearest(settings, name, meant):
    settings.BULK = settings.BULK | {name: 1}
    [message] = installation.check_bulk(None)
    assert (message.id, isinstance(message, Error)) == ("bulk_admin.E017", True)
    assert repr(name) in message.msg and f"'{meant}" in message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEASE", "90"),
        ("LEASE", None),
        ("MAX_IN_FLIGHT", 2.5),
        ("SLOW_START", True),
        ("LOOK_AGAIN", 120.0),
        ("CREDENTIAL_KEYS", "a long random text"),
        ("STORAGE", 3),
    ],
)
def test_a_value_of_another_kind_is_an_error_that_says_which_it_takes(settings, name, value):
    settings.BULK = settings.BULK | {name: value}
    [message] = installation.check_bulk(None)
    assert message.id == "bulk_admin.E018"
    assert name in message.msg and "It takes a" in message.hint


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"MAX_IN_FLIGHT": 0}, "more than 0"),
        ({"LEASE": -1.0}, "more than 0"),
        ({"NO_USE_AFTER": -1}, "0 or more"),
        ({"HEARTBEAT": 50.0, "LEASE": 90.0}, "two heartbeats"),
    ],
)
def test_a_number_with_which_nothing_would_be_bought_is_an_error(settings, own, told):
    settings.BULK = settings.BULK | own
    [message] = installation.check_bulk(None)
    assert message.id == "bulk_admin.E018"
    assert told in message.hint


def test_a_brake_may_be_turned_off(settings):
    settings.BULK = settings.BULK | {"NO_USE_AFTER": 0, "RETRY_BACKOFF": 0.0}
    assert found(installation.check_bulk) == []


def test_a_storage_that_cannot_be_made_is_told_with_its_reason(settings):
    durable = "bulk_admin.storages.DurableFileStorage"
    wrong = {"BACKEND": durable, "OPTIONS": {"locaton": "private"}}
    settings.STORAGES = settings.STORAGES | {"private": wrong}
    [message] = installation.check_storage(None)
    assert message.id == "bulk_admin.E010"
    assert "Correct it" in message.hint and "locaton" in message.hint


def test_pictures_where_everybody_sees_them_are_warned_of(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    backend = {"BACKEND": "bulk_admin.storages.DurableFileStorage"}
    public = {**backend, "OPTIONS": {"location": tmp_path / "public"}}

    def told(where):
        private = {**backend, "OPTIONS": {"location": where}} if where else backend
        settings.STORAGES = settings.STORAGES | {"default": public, "private": private}
        return found(installation.check_installation)

    assert told(tmp_path / "private") == []
    assert told(tmp_path / "public" / "drafts") == ["bulk_admin.W008"]
    public.pop("OPTIONS")
    assert told("") == ["bulk_admin.W008"]  # the line with its location is missing
    settings.BULK = settings.BULK | {"STORAGE": "default"}
    assert "bulk_admin.W008" in found(installation.check_installation)


def test_a_site_that_sets_nothing_has_the_defaults_and_no_complaint(settings):
    del settings.BULK
    assert found(installation.check_bulk) == []
    assert DEFAULTS["LEASE"] == conf.LEASE
    settings.BULK = "LEASE"
    assert found(installation.check_bulk) == ["bulk_admin.E018"]
    assert DEFAULTS["LEASE"] == conf.LEASE


def test_the_lock_of_a_host_s_pump_hangs_on_the_database(settings, monkeypatch):
    settings.BULK = {}
    ours = pump_lock()
    assert ours == pump_lock()
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "another")
    assert pump_lock() != ours
    settings.BULK = {"PUMP_LOCK": "/run/pump.lock"}
    assert str(pump_lock()) == "/run/pump.lock"


def test_another_database_than_the_two_is_refused_by_its_name(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql", raising=False)
    monkeypatch.setattr(connection, "display_name", "MySQL", raising=False)
    (message,) = installation.check_installation(None)
    assert (message.id, isinstance(message, Error)) == ("bulk_admin.E020", True)
    assert "MySQL" in message.msg and "PostgreSQL" in message.hint


class ReadsOurRowsFromACopy:
    def db_for_read(self, model, **hints):
        return {"bulk_admin": "copy", "prompts": "archive"}.get(model._meta.app_label)


def test_rows_of_ours_in_another_database_are_an_error_and_pages_may_be_there(settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.ReadsOurRowsFromACopy"]
    (message,) = installation.check_installation(None)
    assert (message.id, isinstance(message, Error)) == ("bulk_admin.E021", True)
    assert "bulk_admin" in message.msg and "copy" in message.msg


def test_a_clock_without_a_time_zone_is_an_error(settings):
    settings.USE_TZ = False
    (message,) = installation.check_installation(None)
    assert message.id == "bulk_admin.E022"


def test_a_connection_pool_is_an_error(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {"pool": True})
    assert found(checks.check_database) == ["bulk_admin.E007"]


def test_missing_credential_keys_are_warned_of_unless_it_is_a_laptop(settings):
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": []}
    settings.DEBUG = True
    assert found(checks.check_credential_keys) == []
    settings.DEBUG = False
    assert found(checks.check_credential_keys) == ["bulk_admin.W002"]
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["a long random text"]}
    assert found(checks.check_credential_keys) == []


@pytest.mark.django_db
def test_an_account_of_a_provider_that_does_not_exist_is_found_where_a_database_is_named():
    assert checks.check_accounts(None, databases=["default"]) == []
    make_account("dreamworks")
    assert checks.check_accounts(None) == []
    [message] = checks.check_accounts(None, databases=["default"])
    assert (message.id, isinstance(message, Error)) == ("bulk_admin.E009", True)
    assert "'dreamworks'" in message.msg
    assert "openai, openai_compatible, placeholder, replicate" in message.hint


@pytest.mark.django_db
def test_a_database_that_the_wheel_cannot_go_on_with_is_named(monkeypatch):
    def found():
        return checks.check_history(None, databases=["default"])

    replaced = [name for _, name in checks.FIRST.Migration.replaces]
    ours = MigrationRecorder.Migration.objects.filter(app="bulk_admin")
    monkeypatch.setattr(checks, "find_spec", lambda name: None)  # the wheel has none of them
    assert found() == [] == checks.check_history(None)
    ours.exclude(name__in=replaced[:4]).delete()
    (message,) = found()
    assert (message.id, isinstance(message, Error)) == ("bulk_admin.E023", True)
    assert replaced[4] in message.msg and replaced[3] not in message.msg
    monkeypatch.undo()
    assert found() == []  # the repository has them
    ours.delete()
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert found() == []  # a new database


@pytest.mark.django_db
def test_a_cluster_that_nobody_has_served_for_an_hour_is_warned_of(settings):
    def warnings():
        return [message.msg for message in checks.check_schedules(None, databases=["default"])]

    def due(minutes_ago, **of):
        moment = timezone.now() - dt.timedelta(minutes=minutes_ago)
        Schedule.objects.filter(**of).update(next_run=moment)

    settings.DEBUG = False
    due(59, cluster="bulk")
    Schedule.objects.create(func="math.sqrt", name="the site's own", schedule_type="I", minutes=1)
    due(61, cluster=None)
    assert warnings() == []
    due(61, name="bulk-tick")
    (message,) = warnings()
    assert "'bulk'" in message
    Schedule.objects.filter(name="the site's own").update(cluster="mistyped")
    assert len(warnings()) == 2
    settings.DEBUG = True
    assert warnings() == [] == checks.check_schedules(None)


@pytest.mark.django_db
def test_a_setting_that_a_model_takes_by_a_wrong_name_is_found_where_a_database_is_named():
    assert checks.check_catalogue(None, databases=["default"]) == []
    model = make_model("openai", takes=["sed"])
    assert checks.check_catalogue(None) == []
    [message] = checks.check_catalogue(None, databases=["default"])
    assert (message.id, isinstance(message, Warning)) == ("bulk_admin.W004", True)
    assert message.msg == f"What {model.name} takes: “sed” is none of: seed."


@pytest.mark.parametrize(
    ("site_url", "backend", "host", "said"),
    [
        ("", "smtp", "localhost", []),  # as Django comes
        ("", "dummy", "mail.example", []),
        ("", "smtp", "mail.example", ["bulk_admin.W009"]),
        ("", "console", "localhost", ["bulk_admin.W009"]),
        ("https://pictures.example", "smtp", "mail.example", []),
        ("http://[::1]:8000/", "smtp", "mail.example", []),
        ("pictures.example", "smtp", "mail.example", ["bulk_admin.E024"]),
        ("https://pictures.example/admin", "smtp", "localhost", ["bulk_admin.E024"]),
    ],
)
def test_mail_without_an_address_of_the_site_is_told(settings, site_url, backend, host, said):
    settings.BULK = settings.BULK | {"SITE_URL": site_url}
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    settings.EMAIL_HOST = host
    assert found(checks.check_site_url) == said
