"""What the health page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing, but no reason to wake anyone
    BAD = "bad"  # needs attention


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    state: State = State.OK
    todo: str = ""
    account_id: int | None = None  # where it is fixed


@dataclass(slots=True)
class Part:
    name: str
    facts: list[Fact] = field(default_factory=list)

    @property
    def state(self) -> State:
        states = {fact.state for fact in self.facts}
        return next((state for state in (State.BAD, State.NOTE) if state in states), State.OK)

    def add(
        self,
        name: str,
        value: str,
        state: State = State.OK,
        todo: str = "",
        *,
        account_id: int | None = None,
    ) -> None:
        self.facts.append(Fact(name, value, state, "" if state == State.OK else todo, account_id))
