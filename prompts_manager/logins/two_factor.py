"""The second factor of a login: codes of an authenticator app (TOTP), and recovery codes."""

from __future__ import annotations

import time
from base64 import b32encode
from binascii import unhexlify
from typing import Any

import django_otp
import segno
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.db import transaction
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

DIGITS = 6  # a recovery code is longer
RECOVERY_CODES = 10
TOLERANCE = 1  # time steps of half a minute, either way


def is_enrolled(person: Any) -> bool:
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).exists())


def device_of(person: Any) -> TOTPDevice:
    """The enrolled person's app. Raises TOTPDevice.DoesNotExist."""
    return TOTPDevice.objects.get(user=person, confirmed=True)


def app_address(person: Any, key: str) -> str:
    """What an authenticator app reads: an otpauth:// address with the key."""
    return str(TOTPDevice(user=person, key=key).config_url)


def readable(key: str) -> str:
    """The key as apps take it by hand: letters and digits in groups of four."""
    letters = b32encode(unhexlify(key)).decode()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def qr_code(text: str) -> str:
    """A QR code as the address of an SVG picture, dark on light in every theme."""
    return segno.make(text, error="m").svg_data_uri(scale=5, border=4, light="#fff")


@transaction.atomic
def enrol(person: Any, key: str, code: str) -> list[str]:
    """Make an app's key the person's second factor, in place of an earlier one.

    Returns fresh recovery codes, which are shown once; none when the code is not the key's, and
    nothing has changed then.
    """
    get_user_model().objects.select_for_update(no_key=True).get(pk=person.pk)
    totp = TOTP(unhexlify(key), digits=DIGITS)
    totp.time = time.time()
    if not (code.isdecimal() and totp.verify(int(code), TOLERANCE)):
        return []
    _remove_devices(person)
    TOTPDevice.objects.create(user=person, name="Authenticator app", key=key, last_t=totp.t())
    device = StaticDevice.objects.create(user=person, name="Recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=each) for each in codes)
    _log(person, person, "Set up two-factor login.")
    return codes


def accept(person: Any, code: str) -> Any:
    """The device whose code this is, or None. A code works once; wrong ones make the next wait."""
    kind = TOTPDevice if len(code) == DIGITS else StaticDevice
    device = kind.objects.filter(user=person, confirmed=True).first()
    return django_otp.verify_token(person, device.persistent_id, code) if device else None


@transaction.atomic
def reset(person: Any, by: Any | None) -> None:
    """Forget the person's second factor: a lost phone. Without ``by``: from the command line."""
    _remove_devices(person)
    where = "" if by else " on the command line"
    _log(person, by or person, f"Reset two-factor login{where}.")


def _remove_devices(person: Any) -> None:
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user=person).delete()


def _log(person: Any, by: Any, what: str) -> None:
    LogEntry.objects.log_actions(by.pk, [person], CHANGE, what, single_object=True)
