"""Logins of the site: lock-out, second factor, the log of logins, the age of sessions."""
