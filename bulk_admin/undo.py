"""Undo, for a site's own actions: record what changed, and say how it is put back."""

from __future__ import annotations

from bulk_admin.services.changes import RowChange, Undone, last, record, undo, undo_last, undoes

__all__ = ["RowChange", "Undone", "last", "record", "undo", "undo_last", "undoes"]
