"""Wrong passwords lock out one account at one address, and nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from bulk_admin.testing.factories import make_user
from prompts_manager.logins import cleaning

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
RIGHT, WRONG = "a long enough pass phrase", "a wrong one"


@pytest.fixture(autouse=True)
def ann(db):
    person = make_user("ann")
    person.set_password(RIGHT)
    person.save()
    return person


def try_login(client, password=WRONG, username="ann", **how):
    return client.post(LOGIN, {"username": username, "password": password}, **how)


def lock_out(client, **how):
    answers = [try_login(client, **how).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_the_fifth_wrong_password_locks_out_and_says_for_how_long(client):
    lock_out(client)
    answer = try_login(client, RIGHT)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "Try again in 15 minutes" in answer.content.decode()


def test_the_right_password_ends_the_count(client):
    for _ in range(4):
        try_login(client)
    assert try_login(client, RIGHT).status_code == 302
    client.logout()
    assert try_login(client).status_code == 200


def test_the_account_stays_open_at_another_address_and_the_address_for_another_account(client):
    other = make_user("bob")
    other.set_password(RIGHT)
    other.save()
    lock_out(client)
    assert try_login(client, RIGHT, REMOTE_ADDR="127.0.0.2").status_code == 302
    client.logout()
    assert try_login(client, RIGHT, username="bob").status_code == 302


def test_it_opens_after_15_minutes_and_trying_does_not_put_that_off(client):
    start = timezone.now()
    lock_out(client)
    with time_machine.travel(start + dt.timedelta(minutes=14)):
        assert try_login(client).status_code == 429
    with time_machine.travel(start + dt.timedelta(minutes=16)):
        assert try_login(client, RIGHT).status_code == 302


@pytest.mark.parametrize("forged", ["9.9.9.{}", "9.9.9.{}, 8.8.8.8", "{}"])
def test_without_proxies_a_forged_address_changes_nothing(client, forged):
    for number in range(5):
        answer = try_login(client, headers={"X-Forwarded-For": forged.format(number)})
    assert answer.status_code == 429


def test_behind_a_proxy_only_what_it_saw_counts(client, settings):
    settings.PROXY_COUNT = 1
    for number in range(5):
        answer = try_login(client, headers={"X-Forwarded-For": f"9.9.9.{number}, 203.0.113.7"})
    assert answer.status_code == 429
    forwarded = {"X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
    assert try_login(client, RIGHT, headers=forwarded).status_code == 302


def test_an_unlocked_account_is_open_at_once_and_its_unlocking_is_logged(client, client_of):
    for agent in ("one", "two"):
        for _ in range(4):
            try_login(client, headers={"User-Agent": agent})
    assert try_login(client, RIGHT).status_code == 429
    attempt = AccessAttempt.objects.first()
    keeper = client_of("axes.view_accessattempt", "axes.delete_accessattempt")
    address = reverse("admin:axes_accessattempt_changelist")
    keeper.post(address, {"action": "unlock", "_selected_action": [attempt.pk]})
    assert not AccessAttempt.objects.exists()
    assert LogEntry.objects.filter(content_type__app_label="axes").count() == 2
    assert try_login(client, RIGHT).status_code == 302


def test_who_may_only_look_unlocks_nobody(client, client_of):
    lock_out(client)
    reader = client_of("axes.view_accessattempt")
    address = reverse("admin:axes_accessattempt_changelist")
    row = AccessAttempt.objects.get()
    assert reader.get(address).status_code == 200
    reader.post(address, {"action": "unlock", "_selected_action": [row.pk]})
    delete = reverse("admin:axes_accessattempt_delete", args=[row.pk])
    assert reader.post(delete, {"post": "yes"}).status_code == 403
    assert try_login(client, RIGHT).status_code == 429


def test_logins_and_failures_are_listed_without_what_was_typed(client, client_of):
    try_login(client, "hunter2hunter2")
    try_login(client, RIGHT)
    root = client_of(is_superuser=True)
    for model in ("accesslog", "accessfailurelog"):
        address = reverse(f"admin:axes_{model}_changelist")
        assert ">ann<" in root.get(address).content.decode()
        assert root.get(reverse(f"admin:axes_{model}_add")).status_code == 403
    row = AccessLog.objects.filter(username="ann").get()
    assert root.post(reverse("admin:axes_accesslog_delete", args=[row.pk])).status_code == 403
    try_login(client, "hunter2hunter2")
    row = AccessAttempt.objects.get()
    shown = root.get(reverse("admin:axes_accessattempt_change", args=[row.pk])).content.decode()
    assert "hunter2" not in shown
    assert "csrfmiddlewaretoken=" not in shown
    assert "hunter2" not in row.post_data


def test_old_lines_of_the_log_go_and_younger_ones_stay(client):
    with time_machine.travel(timezone.now() - dt.timedelta(days=181)):
        try_login(client)
        try_login(client, RIGHT)
    try_login(client)
    try_login(client, RIGHT)
    cleaning.clean()
    assert (AccessLog.objects.count(), AccessFailureLog.objects.count()) == (1, 1)


@pytest.mark.parametrize("password", ["short", "password1234", "493827492837492", "ann.smith.1"])
def test_weak_passwords_are_refused(password):
    person = get_user_model()(username="ann.smith.12")
    with pytest.raises(ValidationError):
        validate_password(password, person)


def test_admin_names_the_lists_in_words(admin_client):
    for app, words in (("axes", "Login log"), ("otp_totp", "Two-factor login")):
        page = admin_client.get(reverse("admin:app_list", args=[app])).content.decode()
        assert f"<caption>{words}</caption>" in page


@pytest.mark.parametrize("then", ["", "?next=https://evil.example/", "?next=//evil.example/"])
def test_a_login_that_leads_nowhere_else_leads_to_the_admin(client, then):
    answer = client.post(f"{LOGIN}{then}", {"username": "ann", "password": RIGHT})
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))
