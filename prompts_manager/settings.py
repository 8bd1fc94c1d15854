"""Settings, read top to bottom; every deploy difference is an environment variable (README.md lists
them).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from bulk_admin.conf import Conf

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))


def _fingerprint(text: object) -> str:
    """Tell apart the files that several checkouts on one host keep in the temporary folder."""
    return hashlib.sha256(f"{BASE_DIR}{text}".encode()).hexdigest()[:12]


# --- core -------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not DEBUG and (not SECRET_KEY or SECRET_KEY.startswith("insecure")):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or a default: set it, or set DEBUG=true on a laptop."
    )
SECRET_KEY = SECRET_KEY or "insecure-development-key"
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else []
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "prompts_manager.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "crispy_forms",
    "taggit",
    "storages",
    "django_q",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "prompts_manager",
    "prompts_manager.logins",
    "prompts",
    "bulk_admin",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "prompts_manager.middleware.NoNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "prompts_manager.middleware.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "prompts_manager.logins.second_step.SecondStepMiddleware",
    "prompts_manager.logins.session_age.SessionAgeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "prompts_manager.urls"
WSGI_APPLICATION = "prompts_manager.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = ["prompts_manager.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# 1,000 tiles or 5,000 pasted lines travel as one field each, so the field limit stays Django's own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

# --- database -----------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
_db: dict[str, Any] = DATABASES["default"]
_db |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
if _db["ENGINE"].endswith("sqlite3"):
    # FULL, not NORMAL: a call that was marked as sent must survive a power cut.
    _db["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000"
        ),
    }
    # Threads see nothing of an in-memory test database, and several of them lock it.
    _db["TEST"] = {
        "NAME": str(
            Path(tempfile.gettempdir()) / f"promptfinder-test-{_fingerprint(os.getpid())}.sqlite3"
        )
    }
else:
    # A pooler in transaction mode gives the next statement another session, without the cursor.
    _db["DISABLE_SERVER_SIDE_CURSORS"] = True

# --- static files and storage -----------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_FOLDER = Path(env.str("MEDIA_FOLDER", default=str(BASE_DIR / "media")))
MEDIA_ROOT = MEDIA_FOLDER / "public"
PRIVATE_MEDIA_ROOT = MEDIA_FOLDER / "private"
B2_ENDPOINT_URL = env.str("B2_ENDPOINT_URL", default="")
B2_REGION = env.str("B2_REGION", default="")
B2_BUCKET = env.str("B2_BUCKET", default="")
B2_PRIVATE_BUCKET = env.str("B2_PRIVATE_BUCKET", default="")
B2_KEY_ID = env.str("B2_KEY_ID", default="")
B2_APPLICATION_KEY = env.str("B2_APPLICATION_KEY", default="")
PUBLIC_MEDIA_URL = env.str("PUBLIC_MEDIA_URL", default="")
MEDIA_URL = PUBLIC_MEDIA_URL if PUBLIC_MEDIA_URL and not B2_BUCKET else "/media/"
STORAGES: dict[str, Any] = {
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
if B2_BUCKET:
    from bulk_admin.b2 import b2_options

    _b2 = {
        "endpoint_url": B2_ENDPOINT_URL,
        "region": B2_REGION,
        "key_id": B2_KEY_ID,
        "application_key": B2_APPLICATION_KEY,
    }
    STORAGES["default"] = {
        "BACKEND": "bulk_admin.b2.B2Storage",
        "OPTIONS": b2_options(B2_BUCKET, public_url=PUBLIC_MEDIA_URL, **_b2),
    }
    STORAGES["private"] = {
        "BACKEND": "bulk_admin.b2.B2Storage",
        "OPTIONS": b2_options(B2_PRIVATE_BUCKET, **_b2),
    }
else:
    STORAGES["default"] = {
        "BACKEND": "bulk_admin.storages.DurableFileStorage",
        "OPTIONS": {"location": MEDIA_ROOT, "base_url": MEDIA_URL},
    }
    STORAGES["private"] = {
        "BACKEND": "bulk_admin.storages.DurableFileStorage",
        "OPTIONS": {"location": PRIVATE_MEDIA_ROOT},
    }

# --- security -----------------------------------------------------------------------------------


def _origin(url: str) -> list[str]:
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_origin(PUBLIC_MEDIA_URL), *_origin(B2_ENDPOINT_URL)],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# After the last thing that a person did (prompts_manager.logins.session_age).
SESSION_COOKIE_AGE = 24 * 60 * 60
STAFF_TWO_FACTOR = env.bool("STAFF_TWO_FACTOR", default=False)
OTP_TOTP_ISSUER = "PromptFinder"
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
# Five wrong passwords for one account from one address lock that pair out for 15 minutes.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "prompts_manager.logins.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "prompts_manager.logins.views.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_ENABLE_ADMIN = False  # prompts_manager.logins.admin shows the rows, read-only
AXES_VERBOSE = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
# Both bind hosts beside this one, which are not ours to decide about unless asked: check --deploy
# would advise them.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True

# --- queue ------------------------------------------------------------------------------------
# The name signs what waits in the queue. Every task runs in the generator's own cluster
# (bulk_admin.background), which needs nothing of this.
Q_CLUSTER = {"name": "promptfinder", "orm": "default", "timeout": 60, "retry": 90}

# --- pages ------------------------------------------------------------------------------------
TRASH_DAYS = env.int("TRASH_DAYS", default=30)

# --- mail -------------------------------------------------------------------------------------
_mail = env.email_url("EMAIL_URL", default="dummymail://")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"] or "localhost", _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # the tick sends, and has other things to do
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="webmaster@localhost")

# --- the generator ----------------------------------------------------------------------------
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
REPLICATE_API_TOKEN = env.str("REPLICATE_API_TOKEN", default="")
BULK: dict[str, Any] = {
    "PAGES": "prompts.bulk_pages.PromptPages",
    "PAGE_STORAGE": "default",
    "USE_SITE_KEYS": True,
    "GUARD_ALL_TRANSACTIONS": True,
    "SITE_URL": env.str("SITE_URL", default=""),
    "CREDENTIAL_KEYS": env.list("CREDENTIAL_KEYS", default=[]),
    "OPENAI_BASE_URL": env.str("OPENAI_BASE_URL", default=Conf.OPENAI_BASE_URL),
    "OPENAI_IMAGES_PER_MINUTE": env.int("OPENAI_IMAGES_PER_MINUTE", default=0),
    "OPENAI_TEXT_MODEL": env.str("OPENAI_TEXT_MODEL", default=Conf.OPENAI_TEXT_MODEL),
    "OPENAI_MODERATION_MODEL": env.str(
        "OPENAI_MODERATION_MODEL", default=Conf.OPENAI_MODERATION_MODEL
    ),
    "REPLICATE_BASE_URL": env.str("REPLICATE_BASE_URL", default=Conf.REPLICATE_BASE_URL),
    "WORKERS": env.int("Q_WORKERS", default=Conf.WORKERS),
    "MAX_IN_FLIGHT": env.int("BULK_MAX_IN_FLIGHT", default=Conf.MAX_IN_FLIGHT),
    "NO_USE_AFTER": env.int("BULK_NO_USE_AFTER", default=Conf.NO_USE_AFTER),
    "BREAKER_AFTER": env.int("BULK_BREAKER_AFTER", default=Conf.BREAKER_AFTER),
    "SLOW_START": env.int("BULK_SLOW_START", default=Conf.SLOW_START),
    "TRASH_DAYS": TRASH_DAYS,
    "OUTBOX_PICTURES": env.int("BULK_OUTBOX_PICTURES", default=Conf.OUTBOX_PICTURES),
    "OUTBOX_BYTES": env.int("BULK_OUTBOX_BYTES", default=Conf.OUTBOX_BYTES),
    "PUMP_LOCK": env.str("BULK_PUMP_LOCK", default=""),
    "WINDOW": env.float("BULK_WINDOW", default=Conf.WINDOW),
    "GUARD": env.float("BULK_GUARD", default=Conf.GUARD),
    "PERMIT_AGE": env.float("BULK_PERMIT_AGE", default=Conf.PERMIT_AGE),
    "HEARTBEAT": env.float("BULK_HEARTBEAT", default=Conf.HEARTBEAT),
    "LEASE": env.float("BULK_LEASE", default=Conf.LEASE),
    "RESCUE_EVERY": env.float("BULK_RESCUE_EVERY", default=Conf.RESCUE_EVERY),
    "LOOK_AGAIN": env.list("BULK_LOOK_AGAIN", cast=float, default=Conf.LOOK_AGAIN),
    "SLICE": env.float("BULK_SLICE", default=Conf.SLICE),
    "GRACE": env.float("BULK_GRACE", default=Conf.GRACE),
    "CALL_DEADLINE": env.float("BULK_CALL_DEADLINE", default=Conf.CALL_DEADLINE),
    "SLOW_CALL_DEADLINE": env.float("BULK_SLOW_CALL_DEADLINE", default=Conf.SLOW_CALL_DEADLINE),
    "STORAGE_DEADLINE": env.float("BULK_STORAGE_DEADLINE", default=Conf.STORAGE_DEADLINE),
    "COLLECT_SECONDS": env.float("BULK_COLLECT_SECONDS", default=Conf.COLLECT_SECONDS),
    "RETRY_BACKOFF": env.float("BULK_RETRY_BACKOFF", default=Conf.RETRY_BACKOFF),
    "NO_WORKER_AFTER": env.float("BULK_NO_WORKER_AFTER", default=Conf.NO_WORKER_AFTER),
    "POLL_SECONDS": env.float("BULK_POLL_SECONDS", default=Conf.POLL_SECONDS),
}

# --- logging ----------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
if LOG_FORMAT not in ("plain", "json"):
    raise ImproperlyConfigured("LOG_FORMAT is plain or json.")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    raise ImproperlyConfigured("LOG_LEVEL is DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "bulk_admin.logs.RedactSecrets"}},
    "formatters": {
        "plain": {
            "()": "bulk_admin.logs.PlainLines",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"()": "bulk_admin.logs.JsonLines"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["redact"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django-q": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
    },
}
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )
