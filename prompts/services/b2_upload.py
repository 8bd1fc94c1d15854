"""The only writer to public storage: the files of pages, which everybody may read."""

from __future__ import annotations

from bulk_admin.storages import ObjectStore

_objects = ObjectStore("default")
put, get, exists, delete = _objects.put, _objects.get, _objects.exists, _objects.delete


def public_url(key: str) -> str:
    return _objects.url(key)
