"""Django-Q's own pages: a Schedule can run any function, so they are for superusers alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_q import admin as django_q_admin
from django_q.models import Failure, OrmQ, Schedule, Success


class SuperusersOnly:
    def _is_superuser(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_superuser(request)

    has_view_permission = has_change_permission = has_delete_permission = _is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_add: bool = super().has_add_permission(request)  # type: ignore[misc]  # ModelAdmin's
        return may_add and self._is_superuser(request)


PAGES = {
    Schedule: django_q_admin.ScheduleAdmin,
    Success: django_q_admin.TaskAdmin,
    Failure: django_q_admin.FailAdmin,
    OrmQ: django_q_admin.QueueAdmin,
}
for model, page in PAGES.items():
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, type(page.__name__, (SuperusersOnly, page), {}))
