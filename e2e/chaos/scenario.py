"""What goes wrong in one scenario, drawn from its seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from bulk_admin.testing.loopback.faults import IMAGE_FAULTS, ODD_PICTURES, STOPPING_FAULTS

CALL_MOMENTS = ("after_commit", "before_send", "after_reply", "after_put", "before_settle")
PAGE_MOMENTS = ("page_files_stored", "before_page_saved", "text_after_reply")
SLOW_FAULTS = ("hang", "drip")
PROVIDER_MOODS = {
    "pictures": [
        fault.name for fault in [*IMAGE_FAULTS, *ODD_PICTURES] if fault.name not in SLOW_FAULTS
    ],
    "pace": ["rate_limit", "rate_limit_ms", "rate_limit_text", "overloaded"],
    "unknown": [
        "bad_gateway",
        "broken_json",
        "cut",
        "empty_data",
        "gateway_timeout",
        "reset",
        "reset_after_billing",
        "server_error",
        "server_error_billed",
    ],
    "slow": ["hang", "drip"],
}
TEXT_FAULTS = (
    "reset_after_billing",
    "bad_gateway",
    "refusal",
    "incomplete",
    "overloaded",
    "rate_limit_ms",
    "server_error",
)
DEATHS = ("pump", "worker", "pusher", "monitor", "sentinel", "parent", "cluster")


@dataclass(frozen=True)
class Blow:
    """One thing that happens once ``after`` calls have arrived at the provider."""

    kind: str
    after: int
    target: str = ""
    seconds: float = 0.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    seed: int
    prompts: int
    variants: int
    latency: tuple[float, float]
    in_flight: int
    output_format: str
    mood: str  # of the provider, "" for a good one
    share: float
    limit: int  # of the provider, in a window of a second
    cap: int  # pictures that the job's budget allows; 0: no cap
    pages: bool
    hosts: int
    slice_seconds: float
    command: str
    fail_at: str
    staff: bool
    ending: str  # of the first workers, before the last one is started: left, killed or term
    blows: tuple[Blow, ...] = field(default=())

    @property
    def kinds(self) -> list[str]:
        return PROVIDER_MOODS.get(self.mood, [])

    @property
    def has_deaths(self) -> bool:
        return (
            bool(self.fail_at)
            or self.ending == "killed"
            or any(blow.kind == "kill" for blow in self.blows)
        )

    @property
    def has_stops(self) -> bool:
        return any(blow.kind == "freeze" for blow in self.blows)

    @property
    def cuts_the_database(self) -> bool:
        return any(blow.kind.startswith("database") for blow in self.blows)


def draw(seed: int, vendor: str) -> Scenario:
    """The same seed and database draw the same scenario, whatever was drawn before."""
    chance = random.Random(f"{vendor}:{seed}")
    prompts = chance.randint(5, 9)
    pages = chance.random() < 0.5
    fail_at = _moment(chance, pages) if chance.random() < 0.35 else ""
    blows = tuple(
        sorted(
            (_blow(chance, vendor, prompts) for _ in range(chance.choice([0, 1, 1, 2, 3]))),
            key=lambda blow: blow.after,
        )
    )
    mood = chance.choice(["", "", *PROVIDER_MOODS])
    stock = not fail_at and not blows and chance.random() < 0.3
    return Scenario(
        seed=seed,
        prompts=prompts,
        variants=chance.choice([1, 1, 1, 2]),
        latency=(0.05, chance.choice([0.1, 0.4, 0.7])),
        in_flight=chance.choice([2, 4, 20]),
        output_format=chance.choice(["png", "jpeg"]),
        mood=mood,
        share=chance.choice([0.2, 0.4]),
        limit=chance.choice([0, 0, 0, 4]),
        cap=chance.choice([0, 0, 0, max(2, prompts - 3)]),
        pages=pages,
        hosts=chance.choice([1, 1, 2]),
        slice_seconds=chance.choice([240.0, 240.0, 1.0]),
        command="qcluster" if stock else "bulk_worker",
        fail_at=fail_at,
        staff=chance.random() < 0.5,
        ending="killed" if stock or fail_at else chance.choice(["left", "killed", "term"]),
        blows=blows,
    )


def _moment(chance: random.Random, pages: bool) -> str:
    moment = chance.choice([*CALL_MOMENTS, *(PAGE_MOMENTS * 2 if pages else ())])
    return f"{moment}:{chance.randint(1, 4)}"


def _blow(chance: random.Random, vendor: str, prompts: int) -> Blow:
    after = chance.randint(1, prompts)
    kind = chance.choice(
        [
            "kill",
            "kill",
            "freeze",
            "term",
            "storage_outage",
            "storage_faults",
            "database",
            "database",
            "account",
            "text",
            "clock",
        ]
    )
    match kind:
        case "kill":
            return Blow("kill", after, chance.choice(DEATHS))
        case "freeze":
            return Blow("freeze", after, chance.choice(["pump", "cluster"]), seconds=2.6)
        case "term":
            return Blow("term", after, chance.choice(["parent", "all", "twice"]))
        case "storage_outage":
            return Blow("storage_outage", after, seconds=chance.uniform(0.5, 2.0))
        case "storage_faults":
            faults = ("slow_down", "lost_reply", "reset", "internal_error")
            return Blow(
                "storage_faults",
                after,
                names=tuple(chance.choice(faults) for _ in range(chance.randint(2, 8))),
            )
        case "database" if vendor == "sqlite":
            return Blow("database_locked", after, seconds=chance.uniform(0.5, 2.5))
        case "database":
            return Blow(
                chance.choice(["database_cut", "database_away", "database_crash"]),
                after,
                seconds=chance.uniform(0.3, 1.5),
            )
        case "account":
            return Blow(
                "account", after, names=(chance.choice([fault.name for fault in STOPPING_FAULTS]),)
            )
        case "clock":
            return Blow("clock", after, seconds=chance.choice([-600.0, 600.0]))
        case _:
            return Blow(
                "text",
                0,
                names=tuple(chance.choice(TEXT_FAULTS) for _ in range(chance.randint(1, 4))),
            )
