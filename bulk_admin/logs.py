"""What a log line looks like: a message and the fields beside it, for a person or for a machine.

No key is in it.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
from pythonjsonlogger.json import JsonFormatter

from bulk_admin.text import storable

# What Django and Django-Q attach to their records: objects, not facts.
NOT_FIELDS = {*RESERVED_ATTRS, "request", "server_time", "status_code"}
# A module that has moved -> its logger's name in JSON lines, which others filter by.
LOGGER_NAMES = {
    "bulk_admin.management.safe_cluster": "bulk_admin.management.commands.bulk_worker",
    "bulk_admin.services.ledger.opening": "bulk_admin.services.ledger",
    "bulk_admin.services.ledger.settling": "bulk_admin.services.settling",
    "bulk_admin.services.pages.steps": "bulk_admin.services.page_steps",
    "bulk_admin.services.pages.work": "bulk_admin.services.page_work",
    "bulk_admin.services.queue.job_row": "bulk_admin.services.counters",
    "bulk_admin.services.storage.deleting": "bulk_admin.services.removal",
    "bulk_admin.services.worker.image_work": "bulk_admin.services.generation",
    "bulk_admin.services.worker.pump": "bulk_admin.services.pump",
    "bulk_admin.services.worker.rescue": "bulk_admin.services.rescue",
    "prompts.admin.publishing_actions": "prompts.admin.publishing_acts",
}
# Whose lines may hold a key: ours, and those of what talks to providers.
SPEAKERS = ("bulk_admin", "openai", "httpx", "httpx2", "httpcore")
SECRET = re.compile(
    r"(sk-[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+|(r8_)[A-Za-z0-9]+|(?i:(bearer\s+))[^\s\"']+|(X-Amz-Signature=)[0-9a-f]+"
)


def redact(text: str) -> str:
    """Without secrets, and without what a terminal or a file would stumble over."""
    return SECRET.sub(
        lambda found: f"{next(group for group in found.groups() if group)}[redacted]",
        storable(text),
    )


class RedactSecrets(logging.Filter):
    """Takes keys, bearer tokens and signatures out of a record's message and its traceback; the
    formatters see to its fields.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


REDACT = RedactSecrets()


class Redacting(logging.Handler):
    """Stands before the site's handlers, which get the record without secrets in its message,
    traceback and fields. A filter of a logger would not see what its children say.
    """

    def emit(self, record: logging.LogRecord) -> None:
        REDACT.filter(record)
        for name, value in fields_of(record).items():
            if isinstance(value, str):
                setattr(record, name, redact(value))
        if not _has_other_handlers(record) and logging.lastResort:
            logging.lastResort.handle(record)  # as if this handler were not there


def _has_other_handlers(record: logging.LogRecord) -> bool:
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None:
        if any(not isinstance(handler, Redacting) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


def keep_secrets() -> None:
    """Redact what we and the clients of providers log, whatever the site does with it. A second
    call changes nothing.
    """
    for name in SPEAKERS:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, Redacting) for handler in logger.handlers):
            logger.handlers.insert(0, Redacting())


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
    """One JSON object per line, a traceback inside it."""

    def __init__(self) -> None:
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields=names,
            reserved_attrs=sorted(NOT_FIELDS),
        )
        self.json_ensure_ascii = False

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["logger"] = LOGGER_NAMES.get(record.name, record.name)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

    def formatException(self, ei: Any) -> str:
        return redact(str(super().formatException(ei)))
