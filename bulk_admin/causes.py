"""Why a picture was not made, as the failure tray groups it: what the same actions help.

Each code names its cause in ``codes.py``. No Django.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Cause(StrEnum):
    """In the order of the tray. ``heading`` and ``advice`` are a group's words there."""

    heading: str
    advice: str

    def __new__(cls, value: str, heading: str = "", advice: str = "") -> Self:
        cause = str.__new__(cls, value)
        cause._value_ = value
        cause.heading, cause.advice = heading, advice
        return cause

    BLOCKED = (
        "blocked",
        "Blocked by the provider",
        "The prompt was refused. Rewording helps; another model may take it as it is.",
    )
    RATE_LIMITED = (
        "rate_limited",
        "Rate limited",
        "The provider asked to slow down, several times. The same may work now.",
    )
    DOWN = (
        "down",
        "Provider was down",
        "It could not be reached, or was overloaded, several times. The same may work now.",
    )
    UNKNOWN = (
        "unknown",
        "Outcome unknown",
        "It was sent, but no usable answer came. Buying it again may pay twice.",
    )
    NOT_FETCHED = (
        "not_fetched",
        "Not downloaded",
        "It was made and waits on a server. Downloading it again buys nothing.",
    )
    BAD_REQUEST = (
        "bad_request",
        "Setting or model refused",
        "The provider does not take a setting of the job, or its model. A new job with another one"
        " helps.",
    )
    STORAGE = (
        "storage",
        "Storage did not answer",
        "The picture storage was down.",
    )
    OTHER = (
        "other",
        "Failed for another reason",
        "The pictures' tiles say why.",
    )
    CANCELLED = (
        "cancelled",
        "Cancelled",
        "Nobody bought them.",
    )
