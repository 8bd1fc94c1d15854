"""Actions of other apps' lists in admin, each with who is offered it. Their addresses stand in
``rights.txt``.
"""

from __future__ import annotations

import pytest
from django.contrib import admin

from e2e.admin.test_rights_table import make_person

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
OURS = ("bulk_admin", "prompts")
DELETE = "delete_selected"
# For who has every permission, then for superusers. Who may only view is offered nothing.
ACTIONS: dict[str, tuple[set[str], set[str]]] = {
    "auth.Group": ({DELETE}, {DELETE}),
    "auth.User": ({DELETE}, {DELETE}),
    "axes.AccessAttempt": ({"unlock"}, {"unlock"}),
    "axes.AccessFailureLog": (set(), set()),
    "axes.AccessLog": (set(), set()),
    "django_q.Failure": (set(), {DELETE, "resubmit_task"}),
    "django_q.OrmQ": (set(), {DELETE}),
    "django_q.Schedule": (set(), {DELETE}),
    "django_q.Success": (set(), {DELETE, "resubmit_task"}),
    "otp_totp.TOTPDevice": (set(), {"reset"}),
    "taggit.Tag": ({"merge", "delete"}, {"merge", "delete"}),
}


def actions_for(rf, who: str) -> dict[str, set[str]]:
    request = rf.get("/")
    request.user = make_person(who)
    return {
        model._meta.label: set(model_admin.get_actions(request))
        if model_admin.has_view_permission(request)
        else set()
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label not in OURS
    }


@pytest.mark.parametrize(("place", "who"), enumerate(["with every permission", "superuser"]))
def test_every_action_of_another_app_is_for_who_is_named(rf, place, who):
    assert actions_for(rf, who) == {label: both[place] for label, both in ACTIONS.items()}


@pytest.mark.parametrize("who", ["view only", "staff without permissions"])
def test_who_may_only_view_is_offered_no_action(rf, who):
    assert actions_for(rf, who) == {label: set() for label in ACTIONS}
