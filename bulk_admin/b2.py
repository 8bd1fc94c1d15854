"""Backblaze B2 through its S3 protocol. Needs boto3 and django-storages: the extra ``b2``."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import get_session
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from bulk_admin.storages import PUBLIC_CACHE_SECONDS, faults

WHOLE_BYTES = 16 * 1024 * 1024  # written by one request; of more, one part at a time is in memory
PART_BYTES = 8 * 1024 * 1024
IN_PARTS = TransferConfig(
    multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
)


@functools.cache
def descriptions() -> Loader:
    """What boto3 knows of Amazon's services: read once, not again for each client."""
    return Loader()


class B2Storage(S3Storage):  # type: ignore[misc]  # has no types
    """django-storages' S3 backend for many threads and whole objects.

    One client for all threads, as boto3 allows, where the backend makes one for each; and one plain
    request to write or read, where it starts a pool of threads for every upload and asks three
    times for every download. Only what is larger than a picture is written in parts, one after
    the other. What is opened is read as it arrives.
    """

    _making = threading.Lock()  # all of them read the one Loader

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._shared: Any = None

    @property
    def connection(self) -> Any:
        with self._making:
            if self._shared is None:
                self._shared = super().connection
            return self._shared

    def _create_session(self) -> Any:
        if self.session_profile:
            return super()._create_session()
        inner = get_session()
        inner.register_component("data_loader", descriptions())
        return boto3.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.security_token,
            botocore_session=inner,
        )

    def _save(self, name: str, content: File[bytes]) -> str:
        cleaned = str(clean_name(name))
        content.seek(0)
        where = {"Bucket": self.bucket_name, "Key": self._normalize_name(cleaned)}
        how, client = self._get_write_parameters(cleaned, content), self.connection.meta.client
        if content.size > WHOLE_BYTES:
            # It aborts what it could not finish, or the bucket would keep, and bill, the parts.
            client.upload_fileobj(content, **where, ExtraArgs=how, Config=IN_PARTS)
        else:
            client.put_object(**where, Body=content.read(), **how)
        return cleaned

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("An object is written whole, by save().")
        found = self.connection.meta.client.get_object(
            Bucket=self.bucket_name, Key=self._normalize_name(clean_name(name))
        )
        return ObjectFile(found["Body"], name, found["ContentLength"])


class ObjectFile(File):  # type: ignore[type-arg]  # not generic at run time
    """An object that is read as it arrives, once and from its beginning; closing it gives the
    connection back.
    """

    def __init__(self, body: Any, name: str, size: int) -> None:
        super().__init__(body, name)
        self.body = body
        self.size = size

    def read(self, size: int | None = None) -> bytes:
        """Raises StorageUnavailable when the object breaks off."""
        with faults():
            return bytes(self.body.read(size))

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while piece := self.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            yield piece


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
