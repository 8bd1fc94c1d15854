"""The second factor: demanded by a setting or by its owner, and worth something only if no view
knows the person before it was given.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import time
from base64 import b32decode
from binascii import unhexlify
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from bulk_admin.models import JobStatus
from bulk_admin.testing.factories import make_job, make_user
from prompts_manager.logins import two_factor

pytestmark = pytest.mark.django_db
LOGIN, CODE, ENROL = "/admin/login/", "/admin/login/code/", "/admin/login/two-factor/"
PASSWORD = "a long enough pass phrase"


@pytest.fixture
def ann(db):
    person = make_user("ann", is_superuser=True)
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def demanded(settings):
    settings.STAFF_TWO_FACTOR = True


def give_password(client, back="/admin/"):
    answer = client.post(LOGIN, {"username": "ann", "password": PASSWORD, "next": back})
    assert answer.status_code == 302
    return client


def code_of(key, steps=0):
    totp = TOTP(unhexlify(key))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def fields_of(answer):
    found = re.findall(r'name="(key|next)" value="([^"]*)"', answer.content.decode())
    return {name: html.unescape(value) for name, value in found}


def key_on(answer):
    letters = re.search(r"<code>([A-Z2-7 ]+)</code>", answer.content.decode()).group(1)
    return b32decode(letters.replace(" ", "")).hex()


def set_up(client):
    """Enrol through the page; the key, and the recovery codes that it showed."""
    page = client.get(ENROL)
    key = key_on(page)
    shown = client.post(ENROL, fields_of(page) | {"code": code_of(key)}).content.decode()
    return key, re.findall(r"<li><code>(\w+)</code>", shown)


@pytest.fixture
def enrolled(ann):
    key, codes = set_up(give_password(Client()))
    # The first code is used up; the next one is half a minute away.
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=31)):
        yield key, codes


def is_in(client):
    return client.get("/admin/").status_code == 200


def test_not_demanded_and_not_set_up_the_password_is_enough(client, ann):
    assert is_in(give_password(client))


def test_demanded_it_must_be_set_up_before_anything_else(client, ann, demanded):
    back = reverse("admin:bulk_admin_bulkgenerationjob_changelist")
    give_password(client, back)
    answer = client.get(back, follow=True)
    assert answer.redirect_chain[-1] == (f"{ENROL}?next={quote(back, safe='')}", 302)
    assert fields_of(answer)["next"] == back
    _, codes = set_up(client)
    assert len(set(codes)) == 10
    assert is_in(client)
    assert LogEntry.objects.get().change_message == "Set up two-factor login."


def test_only_where_it_is_not_demanded_it_can_wait(client, ann, settings):
    page = give_password(client).get(ENROL).content.decode()
    assert "Not now" in page
    settings.STAFF_TWO_FACTOR = True
    assert "Not now" not in client.get(ENROL).content.decode()


def test_half_a_login_is_nobody_everywhere(client, ann, demanded):
    job = make_job(1, JobStatus.PROCESSING)
    give_password(client)
    poll = reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk])
    assert "/admin/login/" in client.get(poll, headers={"HX-Request": "true"})["HX-Redirect"]
    for address in ("/admin/health/", "/admin/auth/user/", "/admin/password_change/"):
        assert client.get(address).url.startswith(LOGIN)
        assert client.post(address).url.startswith(LOGIN)
    assert not client.get("/").wsgi_request.user.is_authenticated


def test_the_page_changes_nothing_and_its_key_is_good_for_its_person_alone(client, ann, demanded):
    page = give_password(client).get(ENROL)
    assert "data:image/svg+xml" in page.content.decode()
    assert not TOTPDevice.objects.exists()
    other = Client()
    other.force_login(make_user("bob", is_superuser=True))
    other.post(ENROL, fields_of(page) | {"code": code_of(key_on(page))})
    assert not TOTPDevice.objects.exists()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        client.post(ENROL, fields_of(page) | {"code": code_of(key_on(page))})
    assert not TOTPDevice.objects.exists()


def test_a_wrong_first_code_keeps_the_key_and_sets_up_nothing(client, ann):
    page = give_password(client).get(ENROL)
    again = client.post(ENROL, fields_of(page) | {"code": "000000"})
    assert "was not accepted" in again.content.decode()
    assert key_on(again) == key_on(page)
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("asked_for_all", [True, False])
def test_who_has_set_it_up_is_asked_for_it(client, enrolled, settings, asked_for_all):
    settings.STAFF_TWO_FACTOR = asked_for_all
    key, _ = enrolled
    back = "/admin/health/"
    page = give_password(client, back).get(back, follow=True)
    assert page.redirect_chain[-1] == (f"{CODE}?next={quote(back, safe='')}", 302)
    assert not is_in(client)
    assert client.get(ENROL).url == CODE  # no second app without the first one's code
    answer = client.post(
        CODE, fields_of(page) | {"code": code_of(key)[:3] + " " + code_of(key)[3:]}
    )
    assert answer.url == back
    assert is_in(client)


@pytest.mark.parametrize("next_page", ["home", "index", "fox"])
def test_where_to_go_is_an_address_and_no_name_of_a_view(client, enrolled, next_page):
    give_password(client)
    answer = client.post(CODE, {"code": code_of(enrolled[0]), "next": next_page})
    assert (answer.status_code, answer.url) == (302, next_page)


def test_a_code_works_once(client, enrolled):
    key, _ = enrolled
    give_password(client).post(CODE, {"code": code_of(key)})
    assert is_in(client)
    second = give_password(Client())
    second.post(CODE, {"code": code_of(key)})
    assert not is_in(second)


def test_a_recovery_code_works_once(enrolled):
    _, codes = enrolled
    first, second = give_password(Client()), give_password(Client())
    first.post(CODE, {"code": codes[0].upper()})
    second.post(CODE, {"code": codes[0]})
    assert (is_in(first), is_in(second)) == (True, False)
    assert StaticToken.objects.count() == 9


@pytest.mark.parametrize("wrong", ["000000", "", "abcdefgh", "１２３４５６", "0" * 21, "\0"])
def test_wrong_codes_are_refused(client, enrolled, wrong):
    answer = give_password(client).post(CODE, {"code": wrong})
    assert answer.status_code == 200
    assert not is_in(client)


def test_after_wrong_codes_even_the_right_one_waits(client, enrolled):
    key, _ = enrolled
    give_password(client)
    for _ in range(5):
        client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": code_of(key)})
    assert not is_in(client)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5)):
        client.post(CODE, {"code": code_of(key)})
        assert is_in(client)


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(client, enrolled, back):
    key, _ = enrolled
    assert give_password(client).post(CODE, {"code": code_of(key), "next": back}).url == "/admin/"


def test_half_a_login_can_be_left(client, enrolled):
    assert give_password(client).post(CODE, {"leave": "1"}).url == LOGIN
    assert client.get(CODE).url == LOGIN


def test_a_superuser_resets_it_and_nobody_else(client, enrolled, ann, client_of, demanded):
    device = TOTPDevice.objects.get()
    address = reverse("admin:otp_totp_totpdevice_changelist")
    reset = {"action": "reset", "_selected_action": [device.pk]}
    give_password(client).post(CODE, {"code": code_of(enrolled[0])})
    person = Client()
    person.force_login(make_user("bob", "otp_totp.view_totpdevice", "otp_totp.delete_totpdevice"))
    assert person.post(address, reset).status_code in (302, 403)
    assert TOTPDevice.objects.exists()
    shown = client.get(reverse("admin:otp_totp_totpdevice_change", args=[device.pk]))
    assert device.key not in shown.content.decode()
    client.post(address, reset)
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()
    assert LogEntry.objects.filter(change_message="Reset two-factor login.").exists()
    assert not is_in(client)


def test_the_command_resets_it(enrolled, ann, capsys):
    call_command("reset_two_factor", "ann")
    assert not two_factor.is_enrolled(ann)
    with pytest.raises(CommandError):
        call_command("reset_two_factor", "nobody")


def test_the_pages_hold_to_the_content_policy(client, ann, demanded):
    policy = give_password(client).get(ENROL)["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "data:" in policy.split("img-src")[1].split(";")[0]
