"""What an intake gives: rows, problems, and the error that refuses a whole text."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_ROWS = 1_000
MAX_LINES = 5_000
MAX_BYTES = 2 * 1024 * 1024
MAX_COUNT = 4


class IntakeError(Exception):
    """The whole text or file was refused; ``message`` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt, and the line it starts on. Empty size, quality and count stand for the job's.

    ``included`` is what a person chose for it; None leaves that to its flags.
    """

    text: str
    line: int
    size: str = ""
    quality: str = ""
    count: int | None = None
    included: bool | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Intake:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def checked(intake: Intake) -> Intake:
    if not intake.rows and not intake.problems:
        raise IntakeError(
            "There is no prompt in it. Write one prompt per line, or blocks separated by a line of"
            " ---."
        )
    if len(intake.rows) > MAX_ROWS:
        raise IntakeError(
            f"{len(intake.rows):,} prompts are too many: at most {MAX_ROWS:,} a job. Split them."
        )
    return intake
