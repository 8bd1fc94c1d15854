"""The log of logins, who is locked out, and who has a second factor: read-only, but for unlocking
and resetting.
"""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import two_factor


class LogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    """Rows that only logins write; who may view them is a permission, as with any model."""

    list_display = ["attempt_time", "username", "ip_address", "user_agent"]
    search_fields = ["username", "ip_address", "user_agent"]
    search_help_text = "A user name, an address, or words of a browser's name"
    list_filter = ["attempt_time"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AccessLog)
class LoginAdmin(LogAdmin):
    list_display = ["attempt_time", "logout_time", "username", "ip_address", "user_agent"]
    fields = ["username", "attempt_time", "logout_time", "ip_address", "user_agent", "path_info"]


@admin.register(AccessFailureLog)
class FailureAdmin(LogAdmin):
    list_display = [*LogAdmin.list_display, "locked_out"]
    list_filter = ["attempt_time", "locked_out"]
    fields = ["username", "attempt_time", "locked_out", "ip_address", "user_agent", "path_info"]


@admin.register(AccessAttempt)
class AttemptAdmin(LogAdmin):
    """Wrong passwords since the last right one. What the form held is not shown: people type
    passwords into the wrong box.
    """

    list_display = [*LogAdmin.list_display, "failures_since_start"]
    fields = ["username", "attempt_time", "failures_since_start", "ip_address", "user_agent"]
    actions = ["unlock"]

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")

    @admin.action(description="Unlock", permissions=["unlock"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        """Forget every failure of the chosen pairs of account and address, with any browser."""
        pairs = set(queryset.values_list("username", "ip_address"))
        for username, address in pairs:
            found = AccessAttempt.objects.filter(username=username, ip_address=address)
            self.log_deletions(request, found)
            found.delete()
        pairs_word = "account" if len(pairs) == 1 else "accounts"
        self.message_user(request, f"{len(pairs)} {pairs_word} unlocked.", messages.SUCCESS)


# django-otp's own pages show keys and recovery codes, and let one person enrol another.
for model in (TOTPDevice, StaticDevice):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(TOTPDevice)
class SecondFactorAdmin(LogAdmin):
    """For superusers: who resets a second factor can log in as that person with a new password."""

    list_display = ["user", "created_at", "last_used_at"]
    list_filter = []
    search_fields = ["user__username"]
    search_help_text = "A user name"
    fields = ["user", "created_at", "last_used_at"]
    actions = ["reset"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    @admin.action(description="Reset: a new app is set up at the next login")
    def reset(self, request: HttpRequest, queryset: QuerySet[TOTPDevice]) -> None:
        devices = list(queryset.select_related("user"))
        for device in devices:
            two_factor.reset(device.user, request.user)
        word = "person" if len(devices) == 1 else "people"
        self.message_user(request, f"Reset for {len(devices)} {word}.", messages.SUCCESS)
