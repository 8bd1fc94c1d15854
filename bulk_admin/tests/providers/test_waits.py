from __future__ import annotations

import email.utils
import time

import pytest

from bulk_admin.services.image_providers.http.waits import wait_of

DAY = 86_400


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, "", 0.25),
        ({"Retry-After": "9"}, "try again in 1s", 9),
        ({"retry-after": "1m30s"}, "", 90),
        ({"retry-after": "30s"}, "", 30),
        ({"retry-after": "soon"}, "Please try again in 850ms.", 0.85),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, "", 0),
        ({"retry-after": "2020-01-01T00:00:00Z"}, "", 0),
        ({"x-ratelimit-reset-requests": "1m30s"}, "", 90),
        ({"X-RateLimit-Reset-Requests": "6m0s", "X-RateLimit-Reset-Tokens": "1s"}, "", 360),
        ({"ratelimit-reset": "17"}, "", 17),
        ({"anthropic-ratelimit-requests-reset": "17s"}, "", 17),
        ({"retry-after": "30, 60"}, "", 60),
        ({"retry-after": '"30";'}, "", 30),
        ({"retry-after": "PT1M30S"}, "", 90),
        ({"x-ms-retry-after-ms": "1500"}, "", 1.5),
        ({"x-retry-after": "30"}, "", 30),
        ({}, "Please try again in 1m.", 60),
        ({}, "Please try again in 7m12s. Visit the site.", 432),
        ({}, "Please try again in 1h12m0s.", 4320),
        ({}, "Try again in 60 seconds.", 60),
        ({}, "Please retry after 24 seconds.", 24),
        ({}, "Please retry in 36.575s.", 36.575),
        ({}, "Retry after 24", 24),
        ({}, "Wait for 2 minutes and 5 seconds", 125),
        ({}, '"retryDelay": "19s"', 19),
        ({}, "Your rate limit resets in ~30s.", 30),
        ({}, "Please try again in 1 day 2 hours.", 86_400),
        ({}, "Try again in 5 weeks.", 86_400),
        ({}, "Try again in a minute.", 60),
        ({}, "Try again in approximately 2 minutes.", 120),
        ({}, "You can retry your request in 12.5s.", 12.5),
        ({}, "You are rate limited for the next 30s.", 30),
        ({}, '{"error": {"message": "Slow down.", "retry_after": 30}}', 30),
        ({}, "Wait for -5s or retry in -5 seconds.", None),
        ({}, "A quota of 5 resets every 24 hours; try again in 10 s.", 10),
        ({}, "Please try again later.", None),
        ({}, "The limit is 5 per minute.", None),
        ({}, "", None),
    ],
)
def test_a_wait_is_read_however_it_is_said(headers, text, seconds):
    assert wait_of(headers, text) == (None if seconds is None else pytest.approx(seconds))


def test_a_limit_that_is_used_up_says_how_long_and_not_one_that_has_room():
    headers = {
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-tokens": "6m0s",
        "x-ratelimit-remaining-tokens": "90000",
    }
    assert wait_of(headers, "") == 2


@pytest.mark.parametrize("nothing", ["-5", "nan", "inf", "-inf", "", "soon", "5 apples", "-1s"])
@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms", "x-ratelimit-reset-requests"])
def test_what_is_no_time_is_ignored(name, nothing):
    assert wait_of({name: nothing}, "") is None
    assert wait_of({name: nothing}, "try again in 3s") == 3


@pytest.mark.parametrize(
    "long", ["90000", "999999999999", "1e300", "9" * 400, "4000000000", "400h", "30 days"]
)
def test_no_wait_is_longer_than_a_day(long):
    assert wait_of({"retry-after": long}, "") == DAY


def test_no_date_and_no_sentence_asks_for_more_than_a_day_either():
    assert wait_of({"retry-after": http_date(10 * DAY)}, "") == DAY
    assert wait_of({}, "try again in 400h") == DAY
    assert wait_of({}, f"try again in {'9' * 15}") == DAY


def test_a_moment_is_understood_as_a_date_and_as_a_number():
    now = time.time()
    for value in (
        http_date(90),
        f"{now + 90:.0f}",
        f"{(now + 90) * 1000:.0f}",
        f"{(now + 90) * 1e9:.0f}",
    ):
        assert wait_of({"retry-after": value}, "") == pytest.approx(90, abs=5), value
    assert wait_of({"retry-after": f"{now - 90:.0f}"}, "") == 0
    assert wait_of({}, f'"reset": {now + 90:.0f}') == pytest.approx(90, abs=5)
