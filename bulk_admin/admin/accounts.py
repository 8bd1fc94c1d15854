"""Provider accounts: the list, the page with what was spent, checking a key, ending a cooldown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from bulk_admin.addresses import admin_url
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import CallKind, Pool, ProviderAccount
from bulk_admin.models.accounts import KEY_FIELDS, VERDICT_FIELDS
from bulk_admin.money import usd_total
from bulk_admin.progress import Pill
from bulk_admin.selectors import spending
from bulk_admin.services.accounts import end_cooldown, ensure_pools, lock_pools
from bulk_admin.services.image_providers import provider_class, provider_label
from bulk_admin.services.jobs.account_check import check_account, waiting_jobs
from bulk_admin.services.ledger.handover import STILL_NEEDED, KeyStillNeeded, change_owner

from .account_form import AccountForm
from .options import ModelAdmin, TabularInline

WHERE_THE_KEY_GOES = ("base_url", "private_network")  # a superuser's to change
ONLY_LATER = "confirms_new_owner"  # there is nobody to take an account from when it is added
NOW = "Now"


class PoolInline(TabularInline[Pool, ProviderAccount]):
    model = Pool
    verbose_name_plural = "pace: calls that share one provider limit"
    fields = readonly_fields = ("kind", "limit", "max_in_flight", "cooling_down", "gap")
    extra = 0
    can_delete = False

    @admin.display(description="calls per minute")
    def limit(self, pool: Pool) -> str:
        return str(pool.limit_per_minute or "no limit")

    @admin.display(description="cooling down")
    def cooling_down(self, pool: Pool) -> str:
        until = pool.cooldown(timezone.now())
        return f"until {until}" if until else "no"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bulk_admin.manage_accounts"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ModelAdmin[ProviderAccount]):
    form = AccountForm
    inlines = [PoolInline]
    list_display = (
        "label",
        "provider_label",
        "state",
        "pace",
        "spent_today",
        "caps",
        "whose",
        "is_default",
    )
    list_filter = ("provider", "is_enabled", "tier")
    list_select_related = ("owner",)
    search_fields = ("label",)
    readonly_fields = ("state", "last_check", "spending")
    change_form_template = "admin/bulk_admin/provideraccount/change_form.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("provider", "label"),
                    "new_key",
                    "base_url",
                    "private_network",
                    "owner",
                    "confirms_new_owner",
                    "is_enabled",
                    "is_default",
                )
            },
        ),
        ("Pace", {"fields": (("tier", "images_per_minute", "max_in_flight"),)}),
        ("Money", {"fields": (("day_cap", "month_cap", "person_day_cap"), "buy_again_unasked")}),
        ("Pages", {"fields": ("skips_moderation",)}),
        ("For the provider module", {"classes": ("collapse", "mono"), "fields": ("options",)}),
        (NOW, {"classes": ("aside", "facts"), "fields": ("state", "last_check", "spending")}),
    )

    # --- permissions: who manages accounts sees and changes all of it --------------------------

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """A site's own admin may show no people: Django has nothing to ask for them there."""
        person = get_user_model()
        return ("owner",) if self.admin_site.is_registered(person) else ()

    def _manages(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("bulk_admin.manage_accounts"))

    has_view_permission = has_change_permission = has_delete_permission = _manages

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._manages(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._manages(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Where a key is sent is as secret as the key, and no provider has a claim to our network.
        fixed = _shown(obj).values() if obj else ()
        return (
            (*self.readonly_fields, *fixed)
            if request.user.is_superuser
            else (*self.readonly_fields, *fixed, *WHERE_THE_KEY_GOES)
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """An account that is not saved yet has no state; some of a saved one stays as it is."""
        if obj is None:
            swaps = {ONLY_LATER: ""}
        else:
            swaps = _shown(obj)
            if "owner" in swaps:
                swaps[ONLY_LATER] = ""
        return [
            (name, {**options, "fields": _swapped(options["fields"], swaps)})
            for name, options in self.fieldsets
            if obj or name != NOW
        ]

    # --- saving ----------------------------------------------------------------------------------

    @method_decorator(sensitive_post_parameters("new_key"))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except KeyStillNeeded:  # a call was opened after the form had been checked
            messages.error(request, STILL_NEEDED)
            return HttpResponseRedirect(request.path)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if context.get("original"):
            account, now = context["original"], timezone.now()
            context["waiting_jobs"] = waiting_jobs(account.pk).count()
            context["cooling_pools"] = [
                (pool, until) for pool in account.pools.all() if (until := pool.cooldown(now))
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool
    ) -> None:
        written = [name for name in form.changed_data if name in AccountForm.Meta.fields]
        new_key = form.cleaned_data.get("new_key", "")
        is_given = change and "owner" in written
        written += self._apply_key(obj, form, "" if is_given else new_key)
        with transaction.atomic():
            # Pool before account, as everywhere: a worker that books a fault of the account holds
            # its pool.
            lock_pools(ProviderAccount.objects.filter(pk=obj.pk or 0))
            if "is_default" in written and obj.is_default:
                ProviderAccount.objects.filter(is_default=True).exclude(pk=obj.pk).update(
                    is_default=False
                )
            # Only what this form changed: a worker may be writing the rest of the row.
            if is_given:
                change_owner(obj, obj.owner, new_key=new_key, also=written)
            else:
                obj.save(update_fields=written) if change else obj.save()
        self._follow_limits(request, obj)

    def _follow_limits(self, request: HttpRequest, account: ProviderAccount) -> None:
        try:
            ensure_pools(account)
        except KeyUnreadable as error:
            messages.warning(
                request, f"{error} Enter the key again: until then its pace stays as it was."
            )

    def _apply_key(self, account: ProviderAccount, form: Any, key: str) -> list[str]:
        """Which fields a new key, or a new address that the old key must not be sent to,
        changes.
        """
        if account.key_from_environment or not (key or "base_url" in form.changed_data):
            return []
        account.set_key(key)
        account.forget_verdict()
        return [*KEY_FIELDS, *VERDICT_FIELDS]

    # --- check -----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        check = path(
            "<int:account_id>/check/",
            self.admin_site.admin_view(require_POST(self.check_view)),
            name="bulk_admin_provideraccount_check",
        )
        cooldown = path(
            "<int:account_id>/pools/<int:pool_id>/end-cooldown/",
            self.admin_site.admin_view(require_POST(self.end_cooldown_view)),
            name="bulk_admin_provideraccount_end_cooldown",
        )
        return [check, cooldown, *super().get_urls()]

    def check_view(self, request: HttpRequest, account_id: int) -> HttpResponse:
        if not self._manages(request):
            raise PermissionDenied
        account = get_object_or_404(ProviderAccount, pk=account_id)
        result = check_account(account.pk, by=request.user)
        self.log_change(request, account, f"Checked the key: {result.message}")
        messages.add_message(
            request, messages.ERROR if result.code else messages.SUCCESS, result.message
        )
        return HttpResponseRedirect(admin_url("bulk_admin_provideraccount_change", account.pk))

    def end_cooldown_view(
        self, request: HttpRequest, account_id: int, pool_id: int
    ) -> HttpResponse:
        if not self._manages(request):
            raise PermissionDenied
        pool = get_object_or_404(Pool, pk=pool_id, account=account_id)
        until = pool.cooldown(timezone.now())
        if end_cooldown(pool.pk):
            self.log_change(
                request, pool.account, f"Ended the cooldown of {pool.buys}: it was until {until}."
            )
            messages.success(request, f"The cooldown has ended: {pool.buys} are bought again.")
        else:
            messages.info(request, f"There is no cooldown of {pool.buys}.")
        return HttpResponseRedirect(admin_url("bulk_admin_provideraccount_change", account_id))

    # --- what is shown ---------------------------------------------------------------------------

    @admin.display(description="provider", ordering="provider")
    def provider_label(self, account: ProviderAccount) -> str:
        return provider_label(account.provider)

    @admin.display(description="owner", ordering="owner")
    def whose(self, account: ProviderAccount) -> str:
        if account.is_platform:
            return "The platform, for everyone"
        return str(account.owner or "Deleted")

    @admin.display(description="state")
    def state(self, account: ProviderAccount) -> str:
        if not account.is_enabled:
            return str(Pill("off", "Disabled"))
        if account.stop_code:
            why = account.stop_message or account.stop_code
            return format_html("{} {}", Pill("bad", "Stopped"), why)
        if account.has_left_key:
            return format_html("{} {}", Pill("bad", "Stopped"), STILL_NEEDED)
        if provider_class(account.provider).requires_key and not account.has_key:
            return str(Pill("bad", "No key"))
        return str(Pill("ok", "Enabled"))

    @admin.display(description="last check")
    def last_check(self, account: ProviderAccount) -> str:
        if account.checked_at is None:
            return "Never. Press Check: checking buys nothing."
        return f"{account.checked_at:%d %b %Y %H:%M} UTC: {account.check_result}"

    @admin.display(description="pictures per minute")
    def pace(self, account: ProviderAccount) -> str:
        pool = next((pool for pool in account.pools.all() if pool.kind == CallKind.IMAGE), None)
        return "–" if pool is None else str(pool.limit_per_minute or "no limit")

    @admin.display(description="spent today")
    def spent_today(self, account: ProviderAccount) -> str:
        return usd_total(self._today.get(account.pk, 0))

    @admin.display(description="caps")
    def caps(self, account: ProviderAccount) -> str:
        found = [
            (account.day_cap, "per day"),
            (account.month_cap, "per month"),
            (account.person_day_cap, "per person per day"),
        ]
        return (
            ", ".join(f"{usd_total(cap)} {span}" for cap, span in found if cap is not None)
            or "none"
        )

    @admin.display(description="spent so far")
    def spending(self, account: ProviderAccount) -> str:
        spent = spending.of_account(account)
        under_way = f", {usd_total(spent.reserved)} on its way" if spent.reserved else ""
        return f"{usd_total(spent.today)} today, {usd_total(spent.month)} this month{under_way}."

    def get_queryset(self, request: HttpRequest) -> Any:
        self._today = spending.spent_today_by_account()
        return super().get_queryset(request).prefetch_related("pools")


def _shown(account: ProviderAccount) -> dict[str, str]:
    """What cannot be changed after an account was added, and what stands in its place."""
    shown = {"provider": "provider_label"}
    return shown | {"owner": "whose"} if account.key_from_environment else shown


def _swapped(fields: Any, swaps: Mapping[str, str]) -> tuple[Any, ...]:
    """Of fields, and of lines of several; one that is swapped for nothing is left out."""
    swapped = (
        _swapped(field, swaps) if isinstance(field, tuple) else swaps.get(field, field)
        for field in fields
    )
    return tuple(field for field in swapped if field)
