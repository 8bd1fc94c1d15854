"""Whether the site can send mail, by Django's own settings."""

from __future__ import annotations

from django.conf import settings

from bulk_admin.conf import conf

SMTP = "django.core.mail.backends.smtp.EmailBackend"
NONE = "django.core.mail.backends.dummy.EmailBackend"
# Django's own default, on which most machines have no mail server: one that does is 127.0.0.1.
NOBODY_CHOSE = "localhost"


def has_server() -> bool:
    """Whether somebody has said where mail goes."""
    if settings.EMAIL_BACKEND == SMTP:
        return bool(settings.EMAIL_HOST != NOBODY_CHOSE)
    return bool(settings.EMAIL_BACKEND != NONE)


def is_sent() -> bool:
    """Whether notices are: a mail that leads nowhere helps nobody."""
    return bool(conf.SITE_URL) and has_server()
