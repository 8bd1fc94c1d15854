"""Where files live: any of Django's storage backends, or the durable local files below. What goes
wrong there is one of two errors: FileNotFoundError or StorageUnavailable.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import (
    FileSystemStorage,
    InvalidStorageError,
    Storage,
    storages,
)

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

    def put(self, key: str, content: bytes | File[bytes], content_type: str) -> None:
        """Write a whole object under exactly this key; the same bytes again are harmless.

        An open file is read from its beginning, in pieces, and left open.
        """
        file: File[bytes] = (
            ContentFile(content, name=key)
            if isinstance(content, bytes)
            else File(content.file, name=key)
        )
        file.content_type = content_type  # type: ignore[attr-defined]  # the S3 backend reads it
        try:
            with faults():
                saved_as = self.backend.save(key, file)
                if saved_as == key:
                    return
                # Nobody would find it there. A backend that overwrites nothing answers so, too.
                self.backend.delete(saved_as)
            if self.exists(key) and self._holds(key, file):
                return
        except FileNotFoundError as error:
            # A folder or a bucket that went away under us: nothing that a caller could have known.
            raise StorageUnavailable(_reason(error)) from error
        raise StorageUnavailable(f"It does not save {key} under that name.")

    def _holds(self, key: str, file: File[bytes]) -> bool:
        with faults(), self.backend.open(key, "rb") as kept:
            file.seek(0)
            return all(kept.read(len(piece)) == piece for piece in file.chunks()) and not kept.read(
                1
            )

    def get(self, key: str) -> bytes:
        """An object's bytes. Raises FileNotFoundError too."""
        with faults(), self.backend.open(key, "rb") as file:
            return bytes(file.read())

    def open(self, key: str) -> IO[Any]:
        """An open file for streaming, to be closed. Raises FileNotFoundError too."""
        with faults():
            return cast(IO[Any], self.backend.open(key, "rb"))

    def exists(self, key: str) -> bool:
        with suppress(FileNotFoundError), faults():
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
        with suppress(FileNotFoundError), faults():
            self.backend.delete(key)

    def url(self, key: str, **how: Any) -> str:
        """An address under which the backend serves the object."""
        with faults():
            return str(self.backend.url(key, **how))


@contextmanager
def faults() -> Iterator[None]:
    """Whatever a backend raises is one of the two errors, for a backend's own file too."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        status = _status_of(error)
        if status == HTTPStatus.NOT_FOUND:
            raise FileNotFoundError(_reason(error)) from error
        denied = status == HTTPStatus.FORBIDDEN
        raise (StorageDenied if denied else StorageUnavailable)(_reason(error)) from error


def _status_of(error: Exception) -> int:
    """The HTTP status behind an error: botocore's ClientError carries an answer in parts, other
    clouds' errors a number. 0 where there is none; no package of theirs may be installed.
    """
    answer = getattr(error, "response", None)
    if isinstance(answer, Mapping):
        if _within(answer, "Error", "Code") in ("404", "NoSuchKey", "NotFound"):
            return HTTPStatus.NOT_FOUND
        # Any other 404 is about the bucket.
        status = _within(answer, "ResponseMetadata", "HTTPStatusCode")
        return HTTPStatus.FORBIDDEN if status == HTTPStatus.FORBIDDEN else 0
    found = (
        getattr(error, "status_code", None),
        getattr(answer, "status_code", None),
        getattr(error, "code", None),
    )
    return next((status for status in found if isinstance(status, int)), 0)


def _within(answer: object, *names: str) -> object:
    for name in names:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer


def _reason(error: Exception) -> str:
    with suppress(Exception):
        return clean_text(str(error)) or type(error).__name__
    return type(error).__name__


def is_set_up(alias: str) -> bool:
    """Whether STORAGES has a backend of that name that can be made; asks it for nothing."""
    return not what_is_wrong(alias)


def what_is_wrong(alias: str) -> str:
    """Why no backend of that name can be made; "" where one can."""
    try:
        return "" if storages[alias] is not None else "there is none"
    except Exception as error:  # noqa: BLE001  # no such alias, or its module, class or options
        return f"{type(error).__name__}: {error}"


def is_shown(alias: str) -> bool:
    """Whether it is known of a backend that its files lie where the site shows files to everybody.

    Without a MEDIA_ROOT the site's own lie in the folder of the process, and only there.
    """
    if alias == "default":
        return True
    ours: Any = storages[alias]
    public: Any = storages["default"] if is_set_up("default") else None
    if not isinstance(ours, FileSystemStorage) or not isinstance(public, FileSystemStorage):
        return False
    where, shown = Path(ours.location), Path(public.location)
    return where == shown or (bool(settings.MEDIA_ROOT) and where.is_relative_to(shown))


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
    with faults():
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
        with faults():
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
        config = options["client_config"]
        options["client_config"] = config.merge(type(config)(retries={"total_max_attempts": 1}))
    return storages.create_storage({**how, "OPTIONS": options})
