"""A log line holds its fields, on one line, and no key."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from bulk_admin.logs import LOGGER_NAMES, SPEAKERS, JsonLines, PlainLines, keep_secrets
from bulk_admin.tests.rules.test_layering import module_name, source_files

# What others filter the JSON lines by: the loggers' names when they were first promised.
PROMISED = {
    "bulk_admin.management.commands.bulk_worker",
    "bulk_admin.services.counters",
    "bulk_admin.services.database",
    "bulk_admin.services.generation",
    "bulk_admin.services.ledger",
    "bulk_admin.services.page_steps",
    "bulk_admin.services.page_work",
    "bulk_admin.services.pump",
    "bulk_admin.services.removal",
    "bulk_admin.services.rescue",
    "bulk_admin.services.settling",
    "prompts.admin.publishing_acts",
    "prompts.services.page_files",
    "prompts.services.publishing",
}
KEY = "sk-proj-abcdefghijklmnop0123456789"


def record(message="call settled", exc_info=None, **extra):
    made = logging.LogRecord(
        "bulk_admin.services.ledger.settling", logging.INFO, __file__, 1, message, (), exc_info
    )
    made.__dict__.update(extra)
    return made


def test_a_json_line_is_one_object_with_the_fields_beside_the_message():
    line = JsonLines().format(record(job="j-1", image=7, seconds=1.25, request_id="req_1"))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["message"], entry["level"], entry["logger"]) == (
        "call settled",
        "INFO",
        "bulk_admin.services.settling",
    )
    assert (entry["job"], entry["image"], entry["seconds"], entry["request_id"]) == (
        "j-1",
        7,
        1.25,
        "req_1",
    )
    assert entry["time"]


def loggers() -> set[str]:
    """The modules of today that log."""
    return {
        module_name(file)
        for file in source_files("bulk_admin", "prompts")
        if "getLogger(__name__)" in file.read_text()
    }


def test_every_promised_logger_still_writes_under_its_name():
    names = {json.loads(JsonLines().format(record(name=name)))["logger"] for name in loggers()}
    assert not PROMISED - names


def test_no_name_is_kept_for_a_module_that_does_not_log_or_was_not_promised():
    assert not LOGGER_NAMES.keys() - loggers()
    assert not set(LOGGER_NAMES.values()) - PROMISED


def test_a_plain_line_names_the_fields():
    assert (
        PlainLines("%(levelname)s %(message)s").format(record(job="j-1", image=7))
        == "INFO call settled job=j-1 image=7"
    )


def test_a_plain_line_without_fields_is_the_message():
    assert PlainLines("%(message)s").format(record("Pump began.")) == "Pump began."


def test_what_django_hangs_on_a_record_is_no_field():
    entry = json.loads(
        JsonLines().format(
            record("Not Found: /x", request=object(), status_code=404, server_time="now")
        )
    )
    assert set(entry) == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("lines", [JsonLines(), PlainLines("%(message)s")], ids=["json", "plain"])
def test_a_key_is_in_no_message_no_field_and_no_traceback(lines):
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        line = lines.format(
            record(f"with {KEY}", sys.exc_info(), account=KEY, header=f"Bearer {KEY}")
        )
    assert "ValueError" in line
    assert KEY not in line
    assert "[redacted]" in line
    if isinstance(lines, JsonLines):
        assert json.loads(line)["account"].endswith("[redacted]")


# --- a site with logging of its own --------------------------------------------------------------


@pytest.fixture
def site_s_lines(monkeypatch):
    """What the site's one handler writes, which redacts nothing itself."""
    keep_secrets()  # the runner sets logging up once more after start-up
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        logging.Formatter("%(name)s %(message)s %(reason)s", defaults={"reason": ""})
    )
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return out


@pytest.mark.parametrize("speaker", ["bulk_admin.services.worker.pump", "openai", "openai._client"])
def test_no_key_reaches_what_the_site_writes(site_s_lines, speaker):
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        logging.getLogger(speaker).exception("with %s", KEY, extra={"reason": f"Bearer {KEY}"})
    lines = site_s_lines.getvalue()
    assert speaker in lines and "ValueError" in lines
    assert KEY not in lines
    assert lines.count("[redacted]") == 3


def test_what_others_say_is_left_alone(site_s_lines):
    logging.getLogger("shop").warning("with %s", KEY)
    assert KEY in site_s_lines.getvalue()


def test_a_site_without_handlers_still_hears_warnings(site_s_lines, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    out = io.StringIO()
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler(out))
    logging.getLogger("bulk_admin.services.worker.pump").warning("with %s", KEY)
    assert out.getvalue().count("[redacted]") == 1


def test_nobody_is_redacted_twice(site_s_lines):
    before = {name: list(logging.getLogger(name).handlers) for name in SPEAKERS}
    keep_secrets()
    assert {name: logging.getLogger(name).handlers for name in SPEAKERS} == before
