from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_delete


class BulkAdminConfig(AppConfig):
    name = "bulk_admin"
    verbose_name = "Bulk generator"
    default = True
    # Whatever the site has: its makemigrations is to find nothing to change in ours.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import installation
        from .logs import keep_secrets

        keep_secrets()
        if installation.missing_apps():
            return  # which its checks tell; nothing else can be imported
        from . import checks  # noqa: F401  # registers the system checks
        from .conf import model_of_pages
        from .services.accounts import on_person_deleted, set_up_after_migrate
        from .services.database import guard_transactions
        from .services.queue.page_queue import on_page_deleted

        connection_created.connect(guard_transactions)
        post_migrate.connect(set_up_after_migrate, sender=self)
        if model := model_of_pages():
            pre_delete.connect(on_page_deleted, sender=model)
        pre_delete.connect(on_person_deleted, sender=settings.AUTH_USER_MODEL)
