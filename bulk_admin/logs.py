"""What a log line looks like: a message and the fields beside it, for a person or for a machine."""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

from bulk_admin.redaction import redact

# What Django and Django-Q hang on their records: objects, not facts.
NOT_FIELDS = {*RESERVED_ATTRS, "request", "server_time", "status_code"}


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as ``extra``."""
    found: dict[str, Any] = merge_record_extra(record, {}, NOT_FIELDS)
    return {name: value for name, value in found.items() if value not in (None, "")}


class PlainLines(logging.Formatter):
    """For a laptop: the message, then its fields as name=value."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        return redact(" ".join(part for part in (super().formatMessage(record), fields) if part))

    def formatException(self, ei: Any) -> str:
        return redact(super().formatException(ei))


class JsonLines(JsonFormatter):
    """One JSON object a line, a traceback inside it."""

    def __init__(self) -> None:
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names, reserved_attrs=sorted(NOT_FIELDS))
        self.json_ensure_ascii = False

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatException(self, ei: Any) -> str:
        return redact(str(super().formatException(ei)))
