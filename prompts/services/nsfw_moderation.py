"""Is a picture, with its prompt, fit to publish? Asks OpenAI's free moderation endpoint."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from io import BytesIO
from typing import Any

import openai
from PIL import Image

from prompts.services.errors import OpenAIAccess, ServiceError, client, translate

# A picture is stopped where a score is at least this. The model's own flag is not used: it drifts with upgrades.
THRESHOLDS: dict[str, float] = {
    "sexual": 0.5,
    "sexual/minors": 0.1,
    "violence": 0.85,
    "violence/graphic": 0.5,
    "self-harm": 0.4,
    "self-harm/intent": 0.4,
    "self-harm/instructions": 0.3,
    "hate": 0.6,
    "hate/threatening": 0.4,
    "harassment/threatening": 0.6,
    "illicit/violent": 0.6,
}
SIDE = 512


@dataclass(frozen=True, slots=True)
class Verdict:
    """``status``: passed, flagged, skipped (the provider filters itself) or not_checked (there is no key)."""

    status: str
    categories: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    model: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        return cls(**data) if data else cls.not_checked()

    @classmethod
    def skipped(cls) -> Verdict:
        return cls("skipped")

    @classmethod
    def not_checked(cls) -> Verdict:
        return cls("not_checked")


def check(access: OpenAIAccess, model: str, prompt: str, picture: bytes, content_type: str) -> Verdict:
    """One call with the prompt and the picture. Raises ServiceError."""
    request: Any = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": small_data_url(picture)}}]
    try:
        answer = client(access).moderations.create(model=model, input=request)
    except openai.OpenAIError as error:
        raise translate(error) from error
    if not answer.results:
        raise ServiceError("The moderation answer was empty.", code="bad_answer", retryable=True, billed="no")
    scores = {name: round(float(score), 4) for name, score in answer.results[0].category_scores.to_dict().items() if isinstance(score, int | float)}
    found = sorted(name for name, limit in THRESHOLDS.items() if scores.get(name, 0.0) >= limit)
    return Verdict("flagged" if found else "passed", found, {name: score for name, score in scores.items() if score >= 0.01}, answer.model)


def small_data_url(picture: bytes) -> str:
    """A JPEG of at most 512 px as a data URL: enough to judge, and a fraction of the price."""
    with Image.open(BytesIO(picture)) as image:
        small = image.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        out = BytesIO()
        small.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
