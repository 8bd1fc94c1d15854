"""Taking jobs along: pictures and rows as files. Whoever may see a job may take it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from bulk_admin.addresses import admin_url
from bulk_admin.admin import permissions
from bulk_admin.selectors import job_list
from bulk_admin.services.jobs import exports

from .views import job_or_404

MOST_JOBS = 100


@require_safe
def one_job(request: HttpRequest, job_id: uuid.UUID, kind: str) -> HttpResponse:
    """``zip``: the pictures that were not dropped, with a list. ``csv``: the list of all rows."""
    job = job_or_404(request, job_id)
    if kind == "zip":
        return _file(exports.zip_of([job]), f"{exports.file_name(job)}.zip", "application/zip")
    if kind == "csv":
        return _file(exports.csv_of(job), f"{exports.file_name(job)}.csv", "text/csv")
    raise Http404


@require_safe
def many_jobs(request: HttpRequest) -> HttpResponse:
    """``?ids=``: one archive with a folder for each job. Without any it leads back to the list."""
    if not permissions.can_view(request.user):
        raise PermissionDenied
    jobs = job_list.for_export(request.GET.get("ids", "").split(","))
    if not 0 < len(jobs) <= MOST_JOBS:
        return HttpResponseRedirect(admin_url("bulk_admin_bulkgenerationjob_changelist"))
    name = exports.file_name(jobs[0]) if len(jobs) == 1 else f"{len(jobs)}-jobs"
    return _file(exports.zip_of(jobs), f"{name}.zip", "application/zip")


def _file(content: Iterator[bytes], name: str, content_type: str) -> HttpResponse:
    answer = StreamingHttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["Cache-Control"] = "private, no-store"
    return answer  # type: ignore[return-value]  # an HttpResponseBase, as Django's own views answer
