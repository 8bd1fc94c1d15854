"""Where files live: durable local files, or Backblaze B2 through its S3 protocol. What goes wrong
there is one of two errors: FileNotFoundError or StorageUnavailable.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import (
    FileSystemStorage,
    InvalidStorageError,
    Storage,
    storages,
)
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from bulk_admin.text import clean_text

PUBLIC_CACHE_SECONDS = 86_400  # browsers and CDNs: what is taken back is gone within a day


class DurableFileStorage(FileSystemStorage):
    """Local files, each one written to a temporary name, fsynced and renamed.

    Saving a key again replaces the file in one step, as an S3 PUT does; after a crash a key holds
    a whole file or none.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in content.chunks():
                    out.write(chunk)
                out.flush()
                if self.file_permissions_mode is not None:
                    os.fchmod(out.fileno(), self.file_permissions_mode)
                os.fsync(out.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name


class B2Storage(S3Storage):  # type: ignore[misc]  # has no types
    """django-storages' S3 backend for many threads and whole objects.

    One client for all threads, as boto3 allows, where the backend makes one for each; and one plain
    request to write or read, where it starts a pool of threads for every upload and asks three
    times for every download.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._making = threading.Lock()
        self._shared: Any = None

    @property
    def connection(self) -> Any:
        with self._making:
            if self._shared is None:
                self._shared = super().connection
            return self._shared

    def _save(self, name: str, content: File[bytes]) -> str:
        cleaned = str(clean_name(name))
        content.seek(0)
        how = self._get_write_parameters(cleaned, content)
        self.connection.meta.client.put_object(
            Bucket=self.bucket_name, Key=self._normalize_name(cleaned), Body=content.read(), **how
        )
        return cleaned

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("An object is written whole, by save().")
        found = self.connection.meta.client.get_object(
            Bucket=self.bucket_name, Key=self._normalize_name(clean_name(name))
        )
        return ContentFile(found["Body"].read(), name=name)


class StorageUnavailable(Exception):
    """The storage did not take or give it now. Nothing is lost: a later try may work."""


class StorageDenied(StorageUnavailable):
    """It answered 403. S3 answers so for a missing object too, where the key may not list the
    bucket.
    """


class ObjectStore:
    """Whole objects under their keys, in one of STORAGES. Safe to use from many threads.

    Every method raises StorageUnavailable, whatever the backend raises: each has errors of its own.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias

    @property
    def backend(self) -> Storage:
        return storages[self.alias]

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Write a whole object under exactly this key; the same bytes again are harmless."""
        file = ContentFile(content, name=key)
        file.content_type = content_type  # type: ignore[attr-defined]  # the S3 backend reads it
        try:
            with _faults():
                saved_as = self.backend.save(key, file)
                if saved_as == key:
                    return
                # Nobody would find it there. A backend that overwrites nothing answers so, too.
                self.backend.delete(saved_as)
            if self.exists(key) and self.get(key) == content:
                return
        except FileNotFoundError as error:
            # A folder or a bucket that went away under us: nothing that a caller could have known.
            raise StorageUnavailable(_reason(error)) from error
        raise StorageUnavailable(f"It does not save {key} under that name.")

    def get(self, key: str) -> bytes:
        """An object's bytes. Raises FileNotFoundError too."""
        with _faults(), self.backend.open(key, "rb") as file:
            return bytes(file.read())

    def open(self, key: str) -> IO[Any]:
        """An open file for streaming. Raises FileNotFoundError too."""
        with _faults():
            return cast(IO[Any], self.backend.open(key, "rb"))

    def exists(self, key: str) -> bool:
        with suppress(FileNotFoundError), _faults():
            return bool(self.backend.exists(key))
        return False

    def hides_missing(self, probe_key: str) -> bool:
        """Whether it answers 403 for what is missing, and shows what is there: asked with an object
        that is written and deleted.

        Raises StorageUnavailable, and so where it shows nothing at all.
        """
        self.put(probe_key, b"probe", "text/plain")
        try:
            is_shown = self.exists(probe_key)
        finally:
            self.delete(probe_key)
        try:
            self.exists(probe_key)
        except StorageDenied:
            return is_shown
        return False

    def delete(self, key: str) -> None:
        """One object: B2 refuses boto3's multi-object delete. A missing one is not an error."""
        with suppress(FileNotFoundError), _faults():
            self.backend.delete(key)

    def url(self, key: str, **how: Any) -> str:
        """An address under which the backend serves the object."""
        with _faults():
            return str(self.backend.url(key, **how))


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in (
            "404",
            "NoSuchKey",
            "NotFound",
        ):
            raise FileNotFoundError(_reason(error)) from error
        denied = isinstance(error, ClientError) and _status(error) == 403
        raise (StorageDenied if denied else StorageUnavailable)(_reason(error)) from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def _reason(error: Exception) -> str:
    return clean_text(str(error)) or type(error).__name__


def is_set_up(alias: str) -> bool:
    """Whether STORAGES has a backend of that name that can be made; asks it for nothing."""
    try:
        return storages[alias] is not None
    except Exception:  # noqa: BLE001  # no such alias, or its module, class or options are wrong
        return False


def may_rename(alias: str) -> bool:
    """Whether it is known of a backend that it saves a file under another name when one is
    there.
    """
    backend: Any = storages[alias]
    if isinstance(backend, FileSystemStorage):
        return not isinstance(backend, DurableFileStorage)
    return not getattr(backend, "file_overwrite", True)


def round_trip(alias: str, key: str, content: bytes) -> bytes:
    """Write, read and delete an object in one of STORAGES, each asked for once: a health check does
    not wait for retries.

    Returns what was read. Raises FileNotFoundError, StorageUnavailable.
    """
    with _faults():
        storage = asking_once(alias)
        saved_as = storage.save(key, ContentFile(content, name=key))
        with storage.open(saved_as, "rb") as file:
            found = bytes(file.read())
        storage.delete(saved_as)
    if saved_as != key:
        raise StorageUnavailable(f"It does not save {key} under that name.")
    return found


def denies(alias: str, missing_key: str) -> bool:
    """Whether the storage of this name answers 403 for an object that is not there. Raises
    StorageUnavailable for other faults.
    """
    try:
        with _faults():
            asking_once(alias).exists(missing_key)
    except StorageDenied:
        return True
    except FileNotFoundError:
        return False
    return False


def asking_once(alias: str) -> Storage:
    """The storage of this name in STORAGES, with a client of its own that repeats no request."""
    how: dict[str, Any] | None = settings.STORAGES.get(alias)
    if how is None:
        raise InvalidStorageError(f"STORAGES has no {alias!r}.")
    options = dict(how.get("OPTIONS", {}))
    if "client_config" in options:
        options["client_config"] = options["client_config"].merge(
            Config(retries={"total_max_attempts": 1})
        )
    return storages.create_storage({**how, "OPTIONS": options})


def b2_options(
    bucket: str,
    *,
    endpoint_url: str,
    region: str,
    key_id: str,
    application_key: str,
    public_url: str = "",
    retries: int = 4,
) -> dict[str, Any]:
    """Options of django-storages' S3 backend for a B2 bucket.

    ``retries``: of a request, after 0-20 s each.

    B2 refuses boto3's default checksum headers and any object ACL
    (https://github.com/jschneier/django-storages/issues/1498), hence "when_required" and no ACL.
    Public files never change under their key, but may be deleted: caches keep them for a day.
    """
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "endpoint_url": endpoint_url,
        "region_name": region or None,
        "access_key": key_id,
        "secret_key": application_key,
        "default_acl": None,
        "file_overwrite": True,
        "addressing_style": "path",
        "querystring_auth": not public_url,
        "querystring_expire": 900,
        "client_config": Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": 1 + retries},
            connect_timeout=5,
            read_timeout=20,
            max_pool_connections=64,
            tcp_keepalive=True,
        ),
    }
    if public_url:
        parts = urlsplit(public_url)
        options |= {
            "custom_domain": f"{parts.netloc}{parts.path}".rstrip("/"),
            "url_protocol": f"{parts.scheme}:",
            "object_parameters": {"CacheControl": f"public, max-age={PUBLIC_CACHE_SECONDS}"},
        }
    return options
