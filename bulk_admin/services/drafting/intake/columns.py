"""The columns of a table and the keys of a list: what each is called, and what may stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bulk_admin.services.image_providers.base import SIZE

from .cleaning import is_blank
from .rows import MAX_COUNT, IntakeError, Problem, Row

COLUMNS = ("prompt", "size", "quality", "count")
NAMES = {
    "prompt": re.compile(
        r"(?:text|image|img|picture|positive|full|final|main|original|english|user|ai|midjourney"
        r"|dalle|gpt|the|your)?prompts?(?:texts?|strings?|en|english|column)?"
        r"|提示词?|提示詞|プロンプト|프롬프트|промпты?|eingabe(?:aufforderung)?|invites?|indicación"
    ),
    "size": re.compile(
        r"(?:image|picture)?(?:sizes?|dimensions?|resolution)|grösse|taille|tamaño|tamanho"
        r"|dimensioni|размер|尺寸|大小|サイズ|크기"
    ),
    "quality": re.compile(
        r"(?:image|picture)?quality|qualität|qualité|calidad|qualidade|qualità|качество"
        r"|质量|品質|品质|화질|품질"
    ),
    "count": re.compile(
        r"n|(?:image|picture)?counts?|images?|pictures?|quantity|(?:numberof|perprompt)"
        r"(?:images|pictures)?|(?:images|pictures)perprompt"
        r"|anzahl|cantidad|quantidade|количество|数量|數量|枚数|수량"
    ),
}
BETWEEN_WORDS = re.compile(r"[\s_.:#*\"'-]")
MAX_NAME = 40

QUALITY = re.compile(r"[a-z0-9_-]{1,12}")


def column_of(name: str) -> str:
    """The column that a header cell or a key means, however it is written and in many languages; ""
    for none.
    """
    if len(name) > MAX_NAME:
        return ""
    plain = BETWEEN_WORDS.sub("", name.casefold())
    return next((column for column, names in NAMES.items() if names.fullmatch(plain)), "")


def columns_of(header: Sequence[str]) -> tuple[str, ...]:
    """The columns in their order. Raises IntakeError when one is unknown, doubled or missing."""
    last = max((at for at, name in enumerate(header, 1) if name.strip()), default=0)
    names = tuple(map(column_of, header[:last]))
    unknown = [header[at].strip() or "(no name)" for at, column in enumerate(names) if not column]
    if unknown:
        raise IntakeError(
            f"Unknown column: {', '.join(unknown)[:200]}. Known are prompt, size, quality and"
            " count. Remove or rename it."
        )
    if "prompt" not in names:
        raise IntakeError(
            "There is no column named prompt. Name the column that holds the prompts."
        )
    doubled = [name for name in COLUMNS if names.count(name) > 1]
    if doubled:
        raise IntakeError(f"There are two columns for {doubled[0]}. Remove one.")
    return names


def row_of(line: int, values: Mapping[str, str], hint: str = "") -> Row | Problem:
    """One row of what its columns say. ``hint`` follows a complaint about a value."""
    if is_blank(values.get("prompt", "")):
        return Problem(line, "There is no prompt in this row.")
    try:
        size, quality, count = (
            _size(values.get("size", "")),
            _quality(values.get("quality", "")),
            _count(values.get("count", "")),
        )
    except ValueError as error:
        return Problem(line, f"{error}{hint}")
    return Row(values["prompt"].strip(), line, size, quality, count)


def _size(text: str) -> str:
    size = "".join(text.split()).lower().replace("×", "x")
    if size and not SIZE.fullmatch(size):
        raise ValueError(f"“{text.strip()[:40]}” is not a size like 1024x1024.")
    return size


def _quality(text: str) -> str:
    quality = text.strip().lower()
    if quality == "auto":
        raise ValueError(
            "The quality “auto” has no known price. Name a quality, or leave it empty."
        )
    if quality and not QUALITY.fullmatch(quality):
        raise ValueError(f"“{text.strip()[:40]}” is not a quality.")
    return quality


def _count(text: str) -> int | None:
    count = text.strip()
    if count and not re.fullmatch(f"[1-{MAX_COUNT}]", count):
        raise ValueError(f"“{count[:40]}” is not a count of pictures from 1 to {MAX_COUNT}.")
    return int(count) if count else None
