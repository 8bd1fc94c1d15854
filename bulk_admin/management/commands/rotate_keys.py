"""Encrypt the stored keys and addresses again after a change of CREDENTIAL_KEYS."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from bulk_admin import credentials
from bulk_admin.models import ProviderAccount, ProviderCall


class Command(BaseCommand):
    help = (
        "Encrypt every stored key and address with the newest of CREDENTIAL_KEYS. Afterwards the"
        " older ones can go."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        rotated = 0
        for account in ProviderAccount.objects.exclude(encrypted_key="").order_by("label"):
            try:
                fresh = credentials.rotate(account.encrypted_key)
            except credentials.KeyUnreadable as error:
                unreadable += 1
                self.stderr.write(f"{account.label}: {error} Enter the key again.")
                continue
            # A key that was entered in the meantime is newer than the one that was read.
            rotated += ProviderAccount.objects.filter(
                pk=account.pk, encrypted_key=account.encrypted_key
            ).update(encrypted_key=fresh)
        for call in ProviderCall.objects.exclude(encrypted_address="").iterator():
            try:
                fresh = credentials.rotate(call.encrypted_address)
            except credentials.KeyUnreadable:
                unreadable += 1
                self.stderr.write(f"The address of a picture of {call} cannot be read any more.")
                continue
            rotated += ProviderCall.objects.filter(
                pk=call.pk, encrypted_address=call.encrypted_address
            ).update(encrypted_address=fresh)
        self.stdout.write(f"{rotated} encrypted again, {unreadable} cannot be read.")
        if unreadable:
            sys.exit(1)
