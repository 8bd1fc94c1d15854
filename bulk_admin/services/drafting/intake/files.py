"""A file's bytes become text, or a sentence that says what the file is."""

from __future__ import annotations

import re

from .rows import MAX_BYTES, IntakeError

SIGNATURES = {
    b"PK\x03\x04": "a zip file or an office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"%PDF": "a PDF",
    b"{\\rtf": "a rich-text document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or a sound",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a compressed file",
}


def shown_name(name: str) -> str:
    plain = (
        "".join(char for char in name if char.isprintable()).replace("\\", "/").rpartition("/")[2]
    )
    return plain[:80] or "The file"


def decode(shown: str, data: bytes) -> str:
    if not data:
        raise IntakeError(f"{shown} is empty (0 bytes).")
    if len(data) > MAX_BYTES:
        raise IntakeError(f"{shown} is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    if kind := _what_it_is(data):
        raise IntakeError(f"{shown} is {kind}, not text. Save the prompts as .txt or .csv.")
    if _is_utf16(data):
        raise IntakeError(f"{shown} is UTF-16 text. In the program it came from, save it as UTF-8.")
    if b"\0" in data:
        raise IntakeError(
            f"{shown} holds NUL bytes, so it is not text. Save the prompts as .txt or .csv."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise IntakeError(
            f"{shown} is not UTF-8 text (see line {line}). In the program it came from, save it as"
            " UTF-8."
        ) from error


def _what_it_is(data: bytes) -> str:
    if data.startswith(b"MZ") and re.search(rb"[\x00-\x08\x80-\xff]", data[:64]):
        return "a program"
    return next((kind for signature, kind in SIGNATURES.items() if data.startswith(signature)), "")


def _is_utf16(data: bytes) -> bool:
    """By its byte order mark, or because every other byte of plain Latin text is NUL."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    start = data[:1000]
    return any(
        start[side::2].count(0) > len(start) / 4 and not start[1 - side :: 2].count(0)
        for side in (0, 1)
    )
