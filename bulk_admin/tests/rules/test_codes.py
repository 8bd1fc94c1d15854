"""Error and stop codes stand in ``bulk_admin/codes.py`` alone: nobody else spells one."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bulk_admin import codes
from bulk_admin.codes import Code, Reach
from bulk_admin.services.image_providers import errors

ROOT = Path(__file__).resolve().parents[3]
NAMES = {"code", "error_code", "stop_code", "status_reason", "page_error_code"}
# What the review sheet finds in a prompt has codes of another family, stored as JSON.
SHEET = ("bulk_admin/services/drafting/flags.py", "bulk_admin/services/drafting/marks.py")
FILES = [
    file
    for app in ("bulk_admin", "prompts", "prompts_manager")
    for file in sorted((ROOT / app).rglob("*.py"))
    if not {"tests", "testing", "migrations"} & set(file.relative_to(ROOT).parts)
    and str(file.relative_to(ROOT)) not in ("bulk_admin/codes.py", *SHEET)
]
Takers = dict[str, set[int]]


def spelled(node: ast.AST | None) -> Iterator[ast.AST]:
    """Strings that an expression may come to; "" is no code."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield node
        case ast.JoinedStr():
            yield node
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            yield from (found for part in parts for found in spelled(part))
        case ast.BoolOp(values=parts):
            yield from (found for part in parts for found in spelled(part))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*spelled(body), *spelled(orelse))
        case ast.Call(func=ast.Name(id="frozenset" | "set" | "tuple" | "list"), args=parts):
            yield from (found for part in parts for found in spelled(part))
        case ast.NamedExpr(value=value) | ast.Starred(value=value):
            yield from spelled(value)


def is_code(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in NAMES
    return False


def is_lookup(name: str | None) -> bool:
    """``error_code``, and Django's ``images__error_code__in``."""
    return bool(name) and bool(NAMES & set(str(name).split("__")))


def pairs(target: ast.AST, value: ast.AST | None) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from pairs(one, its)
    else:
        yield target, value


def in_pattern(pattern: ast.pattern) -> Iterator[ast.AST]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchValue):
            yield from spelled(node.value)


def parameters(arguments: ast.arguments) -> list[str]:
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def takers(trees: Iterable[ast.Module]) -> Takers:
    """What takes a code by its place: the name of the function or class -> those places."""
    found: Takers = defaultdict(set)
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            found[node.name] |= {i for i, p in enumerate(parameters(node.args)) if p in NAMES}
        elif isinstance(node, ast.ClassDef):
            fields = [
                part.target.id
                for part in node.body
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
            ]
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                    fields = parameters(part.args)
            found[node.name] |= {i for i, field in enumerate(fields) if field in NAMES}
    return found


def in_call(call: ast.Call, known: Takers) -> Iterator[ast.AST]:
    for keyword in call.keywords:
        if is_lookup(keyword.arg):
            yield from spelled(keyword.value)
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    for place in known.get(name, ()):
        if place < len(call.args):
            yield from spelled(call.args[place])


def in_defaults(arguments: ast.arguments) -> Iterator[ast.AST]:
    by_place = [*arguments.posonlyargs, *arguments.args]
    last = by_place[len(by_place) - len(arguments.defaults) :]
    for argument, default in (
        *zip(last, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        if argument.arg in NAMES:
            yield from spelled(default)


def in_node(node: ast.AST, known: Takers) -> Iterator[ast.AST]:
    match node:
        case ast.Call():
            yield from in_call(node, known)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                for one, its in pairs(target, value):
                    yield from spelled(its) if is_code(one) else ()
        case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield from spelled(value) if is_code(target) else ()
        case ast.Compare(left=left, comparators=others):
            sides = [left, *others]
            if any(is_code(side) for side in sides):
                yield from (found for side in sides for found in spelled(side))
        case ast.arguments():
            yield from in_defaults(node)
        case ast.Dict(keys=keys, values=values):
            for key, its in zip(keys, values, strict=True):
                # "code" alone is a key of JSON; the others are fields of our rows.
                if isinstance(key, ast.Constant) and key.value in NAMES - {"code"}:
                    yield from spelled(its)
        case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
            for name, pattern in zip(names, patterns, strict=True):
                yield from in_pattern(pattern) if name in NAMES else ()
        case ast.Match(subject=subject, cases=cases) if is_code(subject):
            yield from (found for case in cases for found in in_pattern(case.pattern))


def breaches(source: str, known: Takers | None = None) -> list[str]:
    tree = ast.parse(source)
    known = takers([tree]) if known is None else known
    return sorted(
        f"{getattr(found, 'lineno', 0)}: {ast.unparse(found)}"
        for node in ast.walk(tree)
        for found in in_node(node, known)
    )


def test_no_module_spells_a_code():
    sources = {file: file.read_text() for file in FILES}
    known = takers(ast.parse(source) for source in sources.values())
    assert {"Stop", "CannotStart", "pause_account", "fail_waiting"} <= set(known)
    found = {
        str(file.relative_to(ROOT)): lines
        for file, source in sources.items()
        if (lines := breaches(source, known))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        'error_code = "bad_key"',
        'image.error_code = "bad_key"',
        'stop_code: str = "bad_key"',
        'account.stop_code, account.stop_message = "bad_key", "No."',
        'job.status_reason = "paused" if job else ""',
        'ask(code="bad_key")',
        'ask(code=code or "bad_key")',
        'jobs.filter(status_reason__in=("bad_key", "no_credit"))',
        'jobs.filter(images__error_code="bad_key")',
        'if error.code == "bad_key": pass',
        'if "bad_key" != page_error_code: pass',
        'if error.code in frozenset({"bad_key"}): pass',
        'def ask(n, code="bad_key"): pass',
        'def ask(*, error_code="bad_key"): pass',
        'class Stop:\n    code: str\n\nStop("bad_key")',
        'class Fault(Exception):\n    def __init__(self, code): pass\n\nFault("bad_key")',
        'def pause(job, code): pass\n\nledger.pause(job, "bad_key")',
        'changes = {"page_error_code": "flagged"}',
        'match answer:\n    case Stop(code="bad_key"): pass',
        'match error.code:\n    case "bad_key" | "no_credit": pass',
        'if (code := "bad_key"): pass',
        'ask(error_code=f"bad_{what}")',
    ],
)
def test_a_breach_is_found(source):
    assert breaches(source), source


@pytest.mark.parametrize(
    "source",
    [
        "error_code = Code.BAD_KEY",
        'account.stop_code = account.stop_message = ""',
        'job.status = "paused"',
        'flag = {"code": "duplicate", "text": "same as row 2"}',
        'if flag["code"] == "duplicate": pass',
        'rows.values_list("error_code", flat=True)',
        'ask(returncode=2, zip_code="1234")',
        "jobs.filter(status_reason__in=codes.ACCOUNT_FAULTS)",
        'class Wait:\n    seconds: float\n    why: str\n\nWait(0.5, "pace")',
    ],
)
def test_what_is_no_code_is_no_breach(source):
    assert breaches(source) == []


# Others script against these: see docs. A value is never changed, and none is taken out.
STOPS = (
    "paused cancelled job_cap day_cap month_cap person_cap no_credit bad_key not_verified"
    " model_retired bad_request bad_address account_off owner_deleted new_owner storage_down"
    " no_price no_use breaker"
)


def test_every_stop_code_of_the_contract_says_what_to_do():
    assert set(STOPS.split()) == {code.value for code in Code if code.about.remedy}


def test_what_pauses_an_account_and_what_its_check_finds():
    """Money: a fault of the account that stopped one job alone would be paid for by the next."""
    assert {
        "day_cap",
        "month_cap",
        "account_off",
        "owner_deleted",
        "new_owner",
        "no_credit",
        "bad_key",
        "not_verified",
        "bad_address",
    } == codes.ACCOUNT_STOPS
    assert {"no_credit", "bad_key", "not_verified", "bad_address"} == codes.ACCOUNT_FAULTS
    assert codes.ACCOUNT_FAULTS < codes.ACCOUNT_STOPS


def test_what_was_paid_for_or_refused_is_never_offered_a_retry():
    assert {"not_sent", "overloaded", "rate_limited", "provider_error"} == codes.RETRYABLE
    assert codes.RETRIED < codes.RETRYABLE
    assert not codes.RETRYABLE & {Code.UNKNOWN, Code.LOST, Code.UNDECODABLE, Code.BLOCKED}


@pytest.mark.parametrize("fault", [errors.ProviderError, *errors.ProviderError.__subclasses__()])
def test_a_provider_s_error_takes_its_words_from_its_code(fault):
    about = fault.code.about
    assert about.title and about.sentence
    assert (fault().retryable, fault().stops) == (about.is_retried, about.reach)
    assert str(fault()) == fault.user_message or str(fault()) == about.sentence


def test_a_code_that_a_newer_version_stored_says_nothing():
    assert codes.about("from_tomorrow") == codes.About()
    assert codes.about("").reach is Reach.IMAGE
