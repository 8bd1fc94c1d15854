"""Whether a prompt and its picture may be shown: one call to OpenAI's free moderation endpoint,
judged by our own thresholds.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from bulk_admin.codes import Code
from bulk_admin.services.storage import pictures
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError, asking
from bulk_admin.text import clean_text

if TYPE_CHECKING:
    from openai.types import ModerationCreateResponse, ModerationMultiModalInputParam

Status = Literal["passed", "flagged", "skipped", "not_checked"]
# A score from here on is too much. Scores drift when the model is upgraded: look at the stored ones
# before changing these.
THRESHOLDS = {
    "sexual": 0.5,
    "sexual/minors": 0.05,
    "violence": 0.8,
    "violence/graphic": 0.6,
    "self-harm": 0.5,
    "self-harm/intent": 0.4,
    "self-harm/instructions": 0.4,
    "hate": 0.5,
    "hate/threatening": 0.3,
    "harassment": 0.7,
    "harassment/threatening": 0.5,
    "illicit": 0.7,
    "illicit/violent": 0.5,
}
MOST_CATEGORIES, NAME_LIMIT = 100, 60
# Here the provider's own word is enough, whatever the score.
NEVER = frozenset({"sexual/minors"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """``skipped``: the account that the picture was bought with asks for no check.

    ``not_checked``: there was no key to check with.
    """

    status: Status
    categories: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    model: str = ""

    @classmethod
    def skipped(cls) -> Self:
        return cls("skipped")

    @classmethod
    def not_checked(cls) -> Self:
        return cls("not_checked")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """What ``to_json`` gave; nothing saved is not checked."""
        return cls(**saved) if saved else cls.not_checked()


def check(
    access: OpenAIAccess, model: str, prompt: str, picture: bytes, content_type: str
) -> Verdict:
    """Prompt and picture in one call; free, so a repeated one costs nothing.

    Raises ServiceError.
    """
    given: list[ModerationMultiModalInputParam] = [
        {"type": "image_url", "image_url": {"url": pictures.look(picture)}}
    ]
    if prompt.strip():
        given.insert(0, {"type": "text", "text": prompt})
    try:
        with asking(access, prompt=prompt) as client:
            answer = client.moderations.create(model=model, input=given)
    except (ValueError, RecursionError) as error:
        raise _no_verdict() from error
    return _judge(answer)


def _judge(answer: ModerationCreateResponse) -> Verdict:
    try:
        result = answer.results[0]
        scores = {
            clean_text(name, NAME_LIMIT): round(float(score), 4)
            for name, score in result.category_scores.model_dump(by_alias=True).items()
            if score is not None
        }
        said = {
            clean_text(name, NAME_LIMIT)
            for name, is_found in result.categories.model_dump(by_alias=True).items()
            if is_found
        }
    except (AttributeError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise _no_verdict() from error
    if not 0 < len(scores) <= MOST_CATEGORIES or not all(map(math.isfinite, scores.values())):
        raise _no_verdict()
    found = sorted(
        {name for name, score in scores.items() if _is_too_much(name, score, name in said)}
        | said & NEVER
    )
    return Verdict(
        "flagged" if found else "passed", found, scores, clean_text(answer.model, NAME_LIMIT)
    )


def _is_too_much(name: str, score: float, is_said: bool) -> bool:
    """A category that is new to us is the provider's to judge."""
    return score >= THRESHOLDS[name] if name in THRESHOLDS else is_said


def _no_verdict() -> ServiceError:
    return ServiceError(code=Code.BAD_MODERATION, billed="no")
