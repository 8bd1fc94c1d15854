"""The only writer to storage: Backblaze B2, or local files where no bucket is set. Safe to use from
many threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils.http import content_disposition_header

from bulk_admin.storages import asking_once

LINK_SECONDS = 900


class StorageUnavailable(Exception):
    """The storage did not take or give it now: nothing is known to be lost, a later try may
    work.
    """


def put(key: str, content: bytes, content_type: str, *, public: bool = False) -> None:
    """Write a whole object under a key; the same bytes again are harmless.

    Raises StorageUnavailable.
    """
    file = ContentFile(content, name=key)
    file.content_type = content_type  # type: ignore[attr-defined]  # the S3 backend reads it
    try:
        with _faults():
            _storage(public).save(key, file)
    except FileNotFoundError as error:
        # A folder or a bucket that went away under us: nothing that a caller could have known.
        raise StorageUnavailable(str(error)) from error


def get(key: str, *, public: bool = False) -> bytes:
    """An object's bytes. Raises FileNotFoundError, StorageUnavailable."""
    with _faults(), _storage(public).open(key, "rb") as file:
        return cast(bytes, file.read())


def exists(key: str, *, public: bool = False) -> bool:
    """Raises StorageUnavailable."""
    with _faults():
        return bool(_storage(public).exists(key))


def delete(key: str, *, public: bool = False) -> None:
    """One object at a time: B2 refuses boto3's multi-object delete. A missing one is no error.
    Raises StorageUnavailable.
    """
    with _faults():
        _storage(public).delete(key)


def round_trip(key: str, content: bytes, *, public: bool = False) -> bytes:
    """Write, read and delete an object, each asked for once: who looks whether the storage works
    will not wait for retries.

    Returns what was read. Raises FileNotFoundError, StorageUnavailable.
    """
    storage = asking_once(_alias(public))
    with _faults():
        storage.save(key, ContentFile(content, name=key))
        with storage.open(key, "rb") as file:
            found = cast(bytes, file.read())
        storage.delete(key)
    return found


def open_private(key: str) -> IO[Any]:
    """An open file for streaming. Raises FileNotFoundError, StorageUnavailable."""
    with _faults():
        return cast(IO[Any], _storage(public=False).open(key, "rb"))


def private_link(key: str, *, content_type: str = "", download_name: str = "") -> str | None:
    """A presigned address, good for 15 minutes; None where files are local and a view must serve
    them.
    """
    storage = _storage(public=False)
    if not hasattr(storage, "querystring_auth"):
        return None
    parameters = {"ResponseContentType": content_type} if content_type else {}
    if disposition := content_disposition_header(bool(download_name), download_name):
        parameters["ResponseContentDisposition"] = disposition
    return str(storage.url(key, parameters=parameters, expire=LINK_SECONDS))  # type: ignore[call-arg]  # S3Storage's own arguments


def public_url(key: str) -> str:
    return str(_storage(public=True).url(key))


def _storage(public: bool) -> Storage:
    return storages[_alias(public)]


def _alias(public: bool) -> str:
    return "default" if public else "private"


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
            raise FileNotFoundError(str(error)) from error
        raise StorageUnavailable(str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailable(str(error)) from error
