from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate


class LoginsConfig(AppConfig):
    name = "prompts_manager.logins"
    verbose_name = "Logins"

    def ready(self) -> None:
        from .cleaning import ensure_schedule
        from .second_step import on_login as ask_second_step
        from .session_age import on_login as start_age

        # Admin heads its lists with these names.
        apps.get_app_config("axes").verbose_name = "Login log"
        apps.get_app_config("otp_totp").verbose_name = "Two-factor login"
        user_logged_in.connect(start_age)
        user_logged_in.connect(ask_second_step)
        # An app without models gets no signal itself.
        post_migrate.connect(ensure_schedule, sender=apps.get_app_config("django_q"))
