"""Django settings, read from the environment so that a clinic changes no code.

DEQI_HOME          folder of the database, the keys and back-ups (default ./var)
DEQI_SEAL_KEY      seals the secrets of authenticator apps and recovery codes; empty means seal.key in DEQI_HOME
DEQI_DATABASE_URL  postgresql://user:password@host:port/name?sslmode=verify-full; empty means SQLite in DEQI_HOME
DEQI_HOSTS         host names this clinic is reached by, separated by commas
DEQI_ORIGIN        public address, e.g. https://clinic.example; https switches secure cookies on
DEQI_TIME_ZONE     IANA name (default UTC), for pages across sites with different clocks; each site has its own
DEQI_EMAIL_URL     smtp://user:password@host:port; empty prints mail into DEQI_HOME/mail
DEQI_BACKUP_RECIPIENTS  age public keys, separated by commas: the worker then backs up every ten minutes
DEQI_BACKUP_FOLDER      where to (default DEQI_HOME/backups/by-itself): best another disk
DEQI_PROXIES       reverse proxies in front (default 1 with https, else 0): whose word on a client's address counts
DEQI_IDLE_SECONDS  how long a session lasts without a request (default 1200: twenty minutes)
DEQI_REQUIRE_SECOND_FACTOR  0 lets staff in without an authenticator app or a passkey: for a demo only
"""

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

PACKAGE = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("DEQI_HOME", "var")).resolve()
ORIGIN = os.environ.get("DEQI_ORIGIN", "http://127.0.0.1:8000")
SECURE = ORIGIN.startswith("https://")


def _key(variable: str, name: str) -> str:
    """The key that `variable` names, else the one in DEQI_HOME/`name`: made on first use, its owner's alone."""
    if key := os.environ.get(variable):
        return key
    path = HOME / name
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def _database() -> dict:
    """SQLite with every commit synced to disk, or the PostgreSQL server that DEQI_DATABASE_URL names."""
    if url := os.environ.get("DEQI_DATABASE_URL", ""):
        return _postgresql(url)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "deqi.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
        "CONN_MAX_AGE": 60,
        # A file, as in a clinic: in memory all threads of a live server would share one connection.
        "TEST": {"NAME": HOME / "test.sqlite3"},
    }


def _postgresql(url: str) -> dict:
    """Read as libpq reads it: names and passwords percent-decoded, options (`?sslmode=verify-full`) kept."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    wrong = "DEQI_DATABASE_URL is not an address of the form postgresql://user:password@host:port/name?sslmode=..."
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(wrong)
    try:
        options = conninfo_to_dict(url)
    except ProgrammingError:  # its words may hold the password
        raise ImproperlyConfigured(
            f"{wrong}; signs such as @ : / % in a name or password are written %40 %3A %2F %25"
        ) from None
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{ours: options.pop(theirs, "") for ours, theirs in names.items()},
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _key("DEQI_SECRET_KEY", "secret.key")
#: Seals the secrets of second factors. It is never in the database; without it nobody's app or codes work.
SEAL_KEY = _key("DEQI_SEAL_KEY", "seal.key")
DEBUG = False
ALLOWED_HOSTS = [h for h in os.environ.get("DEQI_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = [ORIGIN]
ROOT_URLCONF = "deqi.config.urls"
WSGI_APPLICATION = "deqi.config.wsgi.application"
DATABASES = {"default": _database()}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "practice.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "deqi.doors",  # before allauth: its pages are drawn by our templates
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "deqi.record.audit",
    "deqi.record.practice",
    "deqi.record.patients",
    "deqi.record.care",
    "deqi.record.questionnaires",
    "deqi.doors.clinic",
    "deqi.doors.patient",
    "deqi.doors.learn",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "deqi.doors.middleware.ActorMiddleware",
    "deqi.doors.clock.ClockMiddleware",
    "deqi.doors.accounts.idle.IdleMiddleware",
    "deqi.doors.accounts.second_factor.SecondFactorMiddleware",
    "deqi.doors.accounts.drafts.DraftMiddleware",
    "deqi.doors.middleware.RefusalMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["deqi.doors.templatetags.deqi"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "deqi.doors.context.clinic",
            ],
        },
    }
]
FORM_RENDERER = "deqi.doors.forms.Renderer"

# Sign-in: passwords, one-time codes, passkeys and recovery codes, by django-allauth.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "deqi.doors.accounts.adapter.Adapter"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_FORMS = {
    "login": "deqi.doors.accounts.forms.LoginForm",
    "request_login_code": "deqi.doors.accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "deqi.doors.accounts.forms.ConfirmLoginCodeForm",
    "change_password": "deqi.doors.accounts.forms.ChangePasswordForm",
    "set_password": "deqi.doors.accounts.forms.SetPasswordForm",
    "reset_password": "deqi.doors.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "deqi.doors.accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "deqi.doors.accounts.forms.ReauthenticateForm",
}
REQUIRE_SECOND_FACTOR = os.environ.get("DEQI_REQUIRE_SECOND_FACTOR", "1") != "0"
MFA_ADAPTER = "deqi.doors.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "deqi.doors.accounts.forms.AuthenticateForm",
    "reauthenticate": "deqi.doors.accounts.forms.ConfirmAgainForm",
    "activate_totp": "deqi.doors.accounts.forms.ActivateAppForm",
    "add_webauthn": "deqi.doors.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "deqi.doors.accounts.forms.EditPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Deqi"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE

# A signed-in person is signed out after this many seconds without a request; drafts keep what was typed.
IDLE_SECONDS = int(os.environ.get("DEQI_IDLE_SECONDS", 20 * 60))
# The session's end is written at most this often, so that a page that is only read writes nothing.
SESSION_GRAIN_SECONDS = min(60, IDLE_SECONDS // 10)
SESSION_COOKIE_AGE = IDLE_SECONDS + SESSION_GRAIN_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "deqi.doors.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_SSL_REDIRECT = SECURE  # gunicorn believes X-Forwarded-Proto of a proxy on this machine
# Other hosts under the clinic's name are not ours to decide about: no includeSubDomains, no preload.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# Attempts to sign in are counted by address; behind a proxy that is the one it reports.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("DEQI_PROXIES", "1" if SECURE else "0"))
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
TIME_ZONE = os.environ.get("DEQI_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
_collected = (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _collected

if _mail_url := os.environ.get("DEQI_EMAIL_URL", ""):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    try:
        _mail = urlsplit(_mail_url)
        EMAIL_HOST, EMAIL_PORT = _mail.hostname, _mail.port or 587
    except ValueError:  # its words may hold the password
        EMAIL_HOST = None
    if not EMAIL_HOST or not _mail_url.startswith("smtp://"):
        raise ImproperlyConfigured(
            "DEQI_EMAIL_URL is not an address of the form smtp://user:password@host:port; "
            "signs such as @ : / % in a name or password are written %40 %3A %2F %25"
        )
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_TLS = True
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME / "mail"
EMAIL_TIMEOUT = 20  # seconds; a mail server that hangs must not hold up the worker
DEFAULT_FROM_EMAIL = os.environ.get("DEQI_EMAIL_FROM", "clinic@localhost")

# Background work: a queue in the database, done by `deqi worker` (which `deqi serve` starts).
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
BACKUP_RECIPIENTS = [
    key.strip() for key in os.environ.get("DEQI_BACKUP_RECIPIENTS", "").split(",") if key.strip()
]
BACKUP_FOLDER = Path(os.environ.get("DEQI_BACKUP_FOLDER") or HOME / "backups" / "by-itself")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"links": {"()": "deqi.config.logs.NoLinks"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["links"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
