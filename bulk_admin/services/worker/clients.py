"""The clients of accounts at their providers, kept as long as key and address stay the same."""

from __future__ import annotations

from typing import Any

from bulk_admin.conf import conf
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import ProviderAccount
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.image_providers import ImageProvider, provider_class


class Clients:
    def __init__(self) -> None:
        self._of_key: dict[tuple[Any, ...], ImageProvider] = {}
        self._of_account: dict[int, tuple[str, ImageProvider]] = {}

    def of(self, account_id: int, *, sealed_key: str | None = None) -> ImageProvider:
        """The account's client, with the key that a permit was given for. Raises KeyUnreadable."""
        known_with, client = self._of_account.get(account_id, ("", None))
        if client is None or sealed_key not in (None, known_with):
            known_with, client = self._read(account_id)
            self._of_account[account_id] = known_with, client
        return client

    def _read(self, account_id: int) -> tuple[str, ImageProvider]:
        account = ProviderAccount.objects.get(pk=account_id)
        credentials = credentials_of(account, under_way=True)
        known = (
            account.provider,
            credentials.api_key,
            credentials.base_url,
            str(credentials.options),
        )
        if known not in self._of_key:
            self._of_key[known] = provider_class(account.provider)(
                credentials, timeout=conf.SLOW_CALL_DEADLINE
            )
        return account.encrypted_key, self._of_key[known]

    def find(self, account_id: int | None) -> ImageProvider | None:
        """As ``of``, but None when there is no such account or its key cannot be read."""
        try:
            return self.of(account_id) if account_id is not None else None
        except (KeyUnreadable, ProviderAccount.DoesNotExist):
            return None

    def look_again(self) -> None:
        """Read the accounts again: a key or an address may have been changed."""
        self._of_account.clear()

    def close(self) -> None:
        """Drop all open connections."""
        for client in self._of_key.values():
            client.close()
