"""What a provider reads of an account's options: a name, what may stand there, and how it is said.

A provider declares ``account_options``; a name that is not among them is refused on the account's
page, with the list of those that are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """``what`` ends the sentence "delay must be ..."."""

    what: str
    holds: Callable[[Any], bool]


def problem_of(options: Any, rules: Mapping[str, Rule]) -> str:
    """What is wrong with an account's options, as a sentence; "" when nothing is."""
    if not isinstance(options, dict):
        return 'Enter a JSON object, as {"name": value}, or {}.'
    known = ", ".join(sorted(rules)) or "none"
    for name, value in options.items():
        if name not in rules:
            return f"There is no option “{name[:40]}” here. Known: {known}."
        if not rules[name].holds(value):
            return f"“{name}” must be {rules[name].what}."
    return ""


def _is_number(value: Any, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= value <= most


def number(least: float, most: float) -> Rule:
    return Rule(
        f"a number from {least:,} to {most:,}", lambda value: _is_number(value, least, most)
    )


def whole_number(least: int, most: int) -> Rule:
    return Rule(
        f"a whole number from {least:,} to {most:,}",
        lambda value: type(value) is int and least <= value <= most,
    )


def number_or_range(least: float, most: float) -> Rule:
    """A number, or a list of two, the lower first."""

    def holds(value: Any) -> bool:
        pair = value if isinstance(value, list) else [value, value]
        return (
            len(pair) == 2
            and all(_is_number(each, least, most) for each in pair)
            and pair[0] <= pair[1]
        )

    return Rule(f"a number from {least:,} to {most:,}, or two of them, the lower first", holds)


def yes_or_no() -> Rule:
    return Rule("true or false", lambda value: isinstance(value, bool))


def one_of(*choices: str) -> Rule:
    return Rule(f"one of {', '.join(choices)}", lambda value: value in choices)


def some_of(*choices: str) -> Rule:
    return Rule(
        f"a list of some of {', '.join(choices)}",
        lambda value: isinstance(value, list) and all(each in choices for each in value),
    )


def texts(most: int, longest: int) -> Rule:
    return Rule(
        f"a list of at most {most:,} texts of at most {longest:,} characters",
        lambda value: (
            isinstance(value, list)
            and len(value) <= most
            and all(isinstance(each, str) and 0 < len(each) <= longest for each in value)
        ),
    )


# Servers, besides its own, that a provider's pictures may be downloaded from.
DOWNLOAD_HOSTS = {"download_hosts": texts(20, 253)}


def fields() -> Rule:
    """What is sent along as it stands."""
    return Rule("a JSON object", lambda value: isinstance(value, dict))
