"""Logins of the site: lock-out, the log of logins, the age of sessions."""
