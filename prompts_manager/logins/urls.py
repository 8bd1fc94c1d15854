"""Addresses beside the login page, which half a login may open."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "logins"
urlpatterns = [
    path("code/", views.code, name="code"),
    path("two-factor/", views.enrol, name="enrol"),
]
