"""Where a picture's bytes are while the storage has not taken them."""

from __future__ import annotations

import uuid

from bulk_admin.models import UnstoredImage


def in_outbox(picture_key: str) -> UnstoredImage | None:
    """The bytes of a picture that the storage has not taken yet. Its key ends in its call's id."""
    try:
        call_id = uuid.UUID(picture_key.rpartition("/")[2])
    except ValueError:
        return None
    return UnstoredImage.objects.filter(pk=call_id).first()
