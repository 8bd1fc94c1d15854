"""The only writer to private storage: originals, thumbnails, and what is not published."""

from __future__ import annotations

from django.utils.http import content_disposition_header

from bulk_admin import storages
from bulk_admin.conf import conf
from bulk_admin.storages import ObjectStore

LINK_SECONDS = 900

_objects = ObjectStore(conf.STORAGE)
put, get, exists, delete, open_file, hides_missing = (
    _objects.put,
    _objects.get,
    _objects.exists,
    _objects.delete,
    _objects.open,
    _objects.hides_missing,
)


def is_set_up() -> bool:
    return storages.is_set_up(conf.STORAGE)


def link(key: str, *, content_type: str = "", download_name: str = "") -> str | None:
    """A presigned address, good for 15 minutes; None where files are local and a view must serve
    them.
    """
    if not (is_set_up() and hasattr(_objects.backend, "querystring_auth")):
        return None
    parameters = {"ResponseContentType": content_type} if content_type else {}
    if disposition := content_disposition_header(bool(download_name), download_name):
        parameters["ResponseContentDisposition"] = disposition
    return _objects.url(key, parameters=parameters, expire=LINK_SECONDS)  # S3Storage's arguments
