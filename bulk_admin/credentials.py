"""Keys at rest: encrypted with CREDENTIAL_KEYS, newest first; platform keys come from the
environment.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from bulk_admin.conf import conf


class KeyUnreadable(Exception):
    """A stored key was encrypted with a key that CREDENTIAL_KEYS no longer holds: enter it
    again.
    """


ENVIRONMENT_KEYS = {"openai": "OPENAI_API_KEY", "replicate": "REPLICATE_API_TOKEN"}


def _box() -> MultiFernet:
    keys = conf.CREDENTIAL_KEYS or [settings.SECRET_KEY]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]
    )


def encrypt(key: str) -> str:
    return _box().encrypt(key.encode()).decode()


def decrypt(token: str) -> str:
    """Raises KeyUnreadable."""
    try:
        return _box().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise KeyUnreadable(
            "This key was encrypted with a key that is no longer in CREDENTIAL_KEYS."
        ) from error


def rotate(token: str) -> str:
    """The same key, encrypted with the newest of CREDENTIAL_KEYS. Raises KeyUnreadable."""
    return encrypt(decrypt(token))


def from_environment(provider: str) -> str:
    """The platform's own key for a provider, from the project's settings.

    Empty when they have none, or are not to be asked: a project has keys for purposes of its own.
    """
    name = ENVIRONMENT_KEYS.get(provider) if conf.USE_SITE_KEYS else None
    return str(getattr(settings, name, "") or "") if name else ""
