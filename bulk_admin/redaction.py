"""Keeps keys out of the logs."""

from __future__ import annotations

import logging
import re

SECRET = re.compile(r"(sk-[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+|(r8_)[A-Za-z0-9]+|(?i:(bearer\s+))[^\s\"']+|(X-Amz-Signature=)[0-9a-f]+")


def redact(text: str) -> str:
    return SECRET.sub(lambda found: f"{next(group for group in found.groups() if group)}[redacted]", text)


class RedactSecrets(logging.Filter):
    """Takes keys, bearer tokens and signatures out of a record's message and its traceback; the formatters see to its fields."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True
