"""Amounts and durations in templates."""

from __future__ import annotations

from django import template

from bulk_admin import money

register = template.Library()


@register.filter
def usd(micro: int) -> str:
    return money.usd(micro)


@register.filter
def usd_total(micro: int) -> str:
    return money.usd_total(micro)


@register.filter
def times(size: str) -> str:
    """ "1024x1024" as people write it."""
    return size.replace("x", "×")


@register.filter
def duration(seconds: float) -> str:
    """ "9 s", "3 min", "2 h 5 min": as exact as a person needs."""
    whole = round(seconds)
    if whole < 100:
        return f"{max(whole, 1)} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
