"""The ledger and what the machinery keeps: to read, not to write."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from bulk_admin.addresses import admin_url
from bulk_admin.formats import duration
from bulk_admin.models import (
    Billed,
    CallState,
    ProviderCall,
    Spend,
    UnstoredImage,
    Worker,
)
from bulk_admin.money import usd, usd_total
from bulk_admin.progress import Pill
from bulk_admin.selectors import spending
from bulk_admin.services.database import database_now
from bulk_admin.services.monitoring import workers

from .filters import AccountLabelFilter
from .options import ModelAdmin, ReadOnly

TONES = {
    CallState.OPEN: "run",
    CallState.HELD: "run",
    CallState.DELIVERED: "ok",
    CallState.REFUSED: "bad",
    CallState.UNKNOWN: "unk",
}


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnly, ModelAdmin[ProviderCall]):
    list_display = (
        "sent",
        "of_job",
        "kind",
        "of_account",
        "model_name",
        "in_state",
        "billed",
        "booked",
        "answer",
    )
    list_filter = (
        *("state", "billed", "kind", AccountLabelFilter),
        ("set_aside", admin.EmptyFieldListFilter),
        "sent_at",
    )
    search_fields = ("job_label", "request_id", "=id", "=job_ref")
    search_help_text = "Job name, job id, call id or the provider's request id"
    date_hierarchy = "sent_at"
    list_per_page = 100
    show_full_result_count = False
    change_list_template = "admin/bulk_admin/providercall/change_list.html"
    actions = None
    fields = (
        "id",
        "kind",
        "of_job",
        "job_ref",
        "image",
        "of_account",
        "person_label",
        "model_name",
        "in_state",
        "billed",
        "in_reserve",
        "at_the_end",
        "is_estimated",
        "set_aside",
        "day",
        "sent_at",
        "finished_at",
        "http_status",
        "error_code",
        "request_id",
        "remote_id",
        "poll_at",
        "hold_until",
        "usage",
        "owner",
        "looked_up",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderCall]:
        return spending.with_shown_label(super().get_queryset(request), request.user)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # "?account_label__startswith=a" would spell out the label of a private account.
        is_label = lookup.startswith("account_label")
        return not is_label and super().lookup_allowed(lookup, value, request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        found = getattr(response, "context_data", None) or {}
        if "cl" in found:
            found["totals"] = _totals(found["cl"].queryset)
        return response

    @admin.display(description="sent (UTC)", ordering="sent_at")
    def sent(self, call: ProviderCall) -> str:
        return f"{call.sent_at:%d %b %H:%M:%S}"

    @admin.display(description="job, picture", ordering="job_label")
    def of_job(self, call: ProviderCall) -> str:
        return f"{call.job_label} · {call.place} · try {call.attempt}"

    @admin.display(description="account", ordering="shown_label")
    def of_account(self, call: Any) -> str:
        return str(call.shown_label)

    @admin.display(description="state", ordering="state")
    def in_state(self, call: ProviderCall) -> str:
        return str(Pill(TONES[CallState(call.state)], call.get_state_display()))

    @admin.display(description="booked", ordering="actual")
    def booked(self, call: ProviderCall) -> str:
        if call.actual is None:
            return f"{usd(call.reserved)} reserved" if call.billed != Billed.NO else "–"
        return f"{usd(call.actual)}{' (estimated)' if call.is_estimated else ''}"

    @admin.display(description="reserved")
    def in_reserve(self, call: ProviderCall) -> str:
        return usd(call.reserved)

    @admin.display(description="booked at the end")
    def at_the_end(self, call: ProviderCall) -> str:
        return "–" if call.actual is None else usd(call.actual)

    @admin.display(description="answer", ordering="http_status")
    def answer(self, call: ProviderCall) -> str:
        return " ".join(str(part) for part in (call.http_status, call.error_code) if part) or "–"


def _totals(calls: Any) -> list[tuple[str, str]]:
    """Of the rows that the filter shows, all pages of them."""
    found = spending.totals_of(calls)
    return [
        ("Billed", usd_total(found.billed)),
        ("Unknown, counted at the reserve", usd_total(found.unknown)),
        ("Reserved for calls on their way", usd_total(found.reserved)),
    ]


@admin.register(Spend)
class SpendAdmin(ReadOnly, ModelAdmin[Spend]):
    list_display = fields = ("day", "account", "person", "in_dollars", "on_its_way")
    list_display_links = None
    list_filter = ("scope", "day")
    search_fields = ("account_name", "person_name")
    search_help_text = "Name of an account or of a person"
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Spend]:
        return spending.with_names(super().get_queryset(request), request.user)

    @admin.display(description="account", ordering="account_name")
    def account(self, spend: Any) -> str:
        return spend.account_name or f"deleted account {spend.account_id}"

    @admin.display(description="person", ordering="person_name")
    def person(self, spend: Any) -> str:
        if spend.scope == Spend.Scope.ACCOUNT:
            return "everyone together"
        return spend.person_name or f"deleted person {spend.person_id}"

    @admin.display(description="spent", ordering="spent")
    def in_dollars(self, spend: Spend) -> str:
        return usd(spend.spent)

    @admin.display(description="reserved", ordering="reserved")
    def on_its_way(self, spend: Spend) -> str:
        return usd(spend.reserved)


@admin.register(UnstoredImage)
class UnstoredImageAdmin(ReadOnly, ModelAdmin[UnstoredImage]):
    """The outbox. Its bytes stay in the database: they are big, and the job's tile shows them."""

    list_display = ("call_id", "of_job", "kilobytes", "created")
    fields = ("call_id", "of_job", "kilobytes", "created", "metadata")
    list_select_related = ("call",)
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    @admin.display(description="job, picture")
    def of_job(self, unstored: UnstoredImage) -> str:
        call = unstored.call
        address = admin_url("bulk_admin_bulkgenerationjob_change", call.job_ref)
        return format_html('<a href="{}">{}</a> · {}', address, call.job_label, call.place)

    @admin.display(description="size", ordering="size")
    def kilobytes(self, unstored: UnstoredImage) -> str:
        return f"{unstored.size / 1024:,.0f} kB"


@admin.register(Worker)
class WorkerAdmin(ReadOnly, ModelAdmin[Worker]):
    """Those that hold work: an idle one has no row, so a sentence says whether one is there."""

    list_display = ("__str__", "seen", "started_at", "does", "in_flight")
    ordering = ("-beat_at",)
    actions = None
    change_list_template = "admin/bulk_admin/worker/change_list.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        now, seen = database_now(), workers.last_seen()
        ago = duration((now - seen).total_seconds()) if seen else ""
        context = {"ago": ago, "is_up": workers.is_up(seen, now)}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    @admin.display(description="does", ordering="draining")
    def does(self, worker: Worker) -> str:
        return "finishes its work and stops" if worker.draining else "works"

    @admin.display(description="last seen", ordering="beat_at")
    def seen(self, worker: Worker) -> str:
        return f"{max(round((timezone.now() - worker.beat_at).total_seconds()), 0):,} s ago"
