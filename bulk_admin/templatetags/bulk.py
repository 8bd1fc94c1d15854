"""Amounts, durations and settings in templates, and crispy's tag."""

from __future__ import annotations

from crispy_forms.templatetags.crispy_forms_tags import CrispyFormNode
from django import template
from django.template.base import Parser, Token

from bulk_admin import formats, money
from bulk_admin.services.drafting.settings import shown_settings

register = template.Library()


@register.tag
def laid_out(parser: Parser, token: Token) -> CrispyFormNode:
    """``{% laid_out form form.helper %}``: crispy's tag, which refuses a pack that the project does
    not allow, and falls over where the project has chosen none.
    """
    _, form, helper = token.split_contents()
    return CrispyFormNode(form, helper, template_pack="adminpack")


register.filter(formats.duration)
register.filter(formats.times)
register.filter(shown_settings)
register.filter(money.usd)
register.filter(money.usd_total)
