"""Amounts and durations in templates."""

from __future__ import annotations

from django import template

from bulk_admin import formats, money

register = template.Library()

register.filter(formats.duration)
register.filter(formats.times)
register.filter(money.usd)
register.filter(money.usd_total)
