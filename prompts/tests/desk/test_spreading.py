"""The plan of a spread: whatever is wished, it holds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from prompts.services.desk.spreading import Wishes, mixed, plan, repeats

BERLIN = ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)
MONDAY = dt.date(2026, 11, 23)
hours = (
    st.tuples(st.times(), st.times())
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: [time.replace(second=0, microsecond=0, tzinfo=None) for time in pair])
    .filter(lambda pair: pair[0] < pair[1])
)
pages = st.lists(st.one_of(st.none(), st.integers(1, 4)), max_size=40).map(
    lambda categories: list(enumerate(categories, 1))
)
wishes = st.builds(
    lambda per_day, start, pair, weekdays, is_mixed: Wishes(
        per_day, start, pair[0], pair[1], frozenset(weekdays), is_mixed
    ),
    st.integers(1, 12),
    st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
    hours,
    st.sets(st.integers(0, 6), min_size=1),
    st.booleans(),
)


@given(pages, wishes)
def test_every_page_has_one_time_within_the_wishes(pages, wishes):
    slots = plan(pages, wishes, BERLIN, NOW)
    assert sorted(slot.page_id for slot in slots) == [page_id for page_id, _ in pages]
    times = [slot.at for slot in slots]
    assert times == sorted(times)
    local = [at.astimezone(BERLIN) for at in times]
    assert all(at > NOW for at in times)
    assert all(at.weekday() in wishes.weekdays and at.date() >= wishes.start for at in local)
    a_day = Counter(at.date() for at in local)
    assert max(a_day.values(), default=0) <= wishes.per_day
    # Only the first day, part of which is over, and the last one are not full.
    assert all(n == wishes.per_day for n in list(a_day.values())[1:-1])


@given(pages, wishes)
def test_what_is_left_goes_on_at_as_many_a_day(pages, wishes):
    slots = plan(pages, wishes, BERLIN, NOW)
    done = len(slots) // 2
    later = slots[done].at + dt.timedelta(days=9) if slots[done:] else NOW
    left = [(slot.page_id, None) for slot in slots[done:]]
    again = plan(left, wishes, BERLIN, later)
    assert [slot.page_id for slot in again] == [page_id for page_id, _ in left]
    assert all(slot.at > later for slot in again)
    a_day = Counter(slot.at.astimezone(BERLIN).date() for slot in again)
    assert max(a_day.values(), default=0) <= wishes.per_day


@given(pages)
def test_no_two_of_one_category_in_a_row_as_far_as_there_are_others(pages):
    order = mixed(pages)
    assert sorted(order) == pages
    counts = Counter(category for _, category in pages if category is not None)
    most = max(counts.values(), default=0)
    assert repeats(order) == max(0, most - 1 - (len(pages) - most))


def test_a_day_is_filled_evenly_from_its_first_hour_to_its_last():
    wishes = Wishes(8, MONDAY, dt.time(9), dt.time(17), frozenset(range(5)))
    slots = plan([(n, None) for n in range(10)], wishes, BERLIN, NOW)
    told = [slot.at.astimezone(BERLIN).strftime("%a %H:%M") for slot in slots]
    # It is 11:30 on Wednesday.
    today = [f"Wed {time}" for time in ("12:25", "13:34", "14:42", "15:51", "17:00")]
    assert told[:6] == [*today, "Thu 09:00"]


def test_one_a_day_goes_out_at_the_first_hour_also_when_the_clock_is_put_on():
    wishes = Wishes(1, dt.date(2026, 3, 28), dt.time(9), dt.time(17), frozenset(range(7)))
    slots = plan([(1, None), (2, None)], wishes, BERLIN, dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    assert [slot.at.hour for slot in slots] == [8, 7]
    assert {slot.at.astimezone(BERLIN).hour for slot in slots} == {9}
