"""Every setting of Yellowflag, read from the environment; a missing one stops the start.

YELLOWFLAG_ENV                "production" (the default) or "demo": synthetic people, known passwords, plain http
YELLOWFLAG_SECRET_KEY         production only, at least 50 characters
YELLOWFLAG_AUDIT_KEY          production only, 64 hexadecimal digits that sign checkpoints of the trail: openssl rand -hex 32
YELLOWFLAG_AUDIT_KEYS_BEFORE  public keys of earlier checkpoints, comma-separated
YELLOWFLAG_MFA_KEY            production only, 128 hexadecimal digits that seal the second factors: openssl rand -hex 64
YELLOWFLAG_PATIENT_KEYS       production only, the ring that patients' keys lie under: 128 hexadecimal digits each, the newest first, comma-separated
YELLOWFLAG_RETENTION_YEARS    how long clinical records are kept before a patient can be erased; 8, and never less than 6
YELLOWFLAG_MFA                "required" demands a second factor in the demo too; production always does
YELLOWFLAG_HOSTS              production only, the names the clinic is reached by, comma-separated
YELLOWFLAG_PROXIES            how many proxies of the clinic's own stand before the server; production says it, be it 0
DATABASE_URL                  sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME; the demo has a file of its own
YELLOWFLAG_FREE_DISK_MB       megabytes that must be free, or /readyz says that the server is not ready; 500
YELLOWFLAG_METRICS_PORT       the port of the metrics; none are served without one
YELLOWFLAG_METRICS_ADDRESS    the address at which that port is opened; 127.0.0.1, this machine only
YELLOWFLAG_WEBHOOK_ALLOW      hosts and ports that webhooks may reach although they are not public, comma-separated: HOST:PORT
"""

from datetime import timedelta
from os import environ
from pathlib import Path
from string import hexdigits
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"


def required(name: str) -> str:
    """The value of an environment variable that production cannot run without."""
    value = environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it, or set YELLOWFLAG_ENV=demo to try Yellowflag on synthetic people."
        )
    return value


def whole_number(name: str, default: int) -> int:
    """The value of an environment variable that counts something."""
    value = environ.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f'{name} is "{value}": it must be a whole number.')
    return int(value)


def database(url: str) -> dict[str, Any]:
    """Django's settings for the database that a DATABASE_URL names."""
    parts = urlsplit(url)
    name = unquote(parts.path[1:])
    if name and parts.scheme == "sqlite":
        return _sqlite(name)
    if name and parts.scheme == "postgresql":
        return _postgresql(name, parts)
    raise ImproperlyConfigured("DATABASE_URL is neither sqlite:///FILE nor postgresql://USER:PASSWORD@HOST:PORT/NAME.")


def _postgresql(name: str, parts: SplitResult) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite(name: str) -> dict[str, Any]:
    # With SQLite's own defaults most writes that meet another one fail at once, whatever the timeout.
    return {
        "ENGINE": "clinic.one_writer",
        "NAME": BASE_DIR / name,
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }


def key(name: str, digits: int) -> bytes:
    """A secret key of so many hexadecimal digits."""
    return key_in(required(name), name, digits)


def ring(name: str) -> list[bytes]:
    """Secret keys of 128 hexadecimal digits, the newest first."""
    return [key_in(each.strip(), f"A key of {name}", digits=128) for each in required(name).split(",")]


def key_in(value: str, name: str, digits: int) -> bytes:
    if len(value) != digits or not all(each in hexdigits for each in value):
        raise ImproperlyConfigured(f"{name} is not {digits} hexadecimal digits.")
    return bytes.fromhex(value)


ENVIRONMENT = environ.get("YELLOWFLAG_ENV", "production")
if ENVIRONMENT not in {"production", "demo"}:
    raise ImproperlyConfigured(f'YELLOWFLAG_ENV is "{ENVIRONMENT}": it must be "production" or "demo".')
DEMO = ENVIRONMENT == "demo"

MFA = environ.get("YELLOWFLAG_MFA", "" if DEMO else "required")
if MFA != "required" and not (DEMO and MFA == ""):
    raise ImproperlyConfigured(f'YELLOWFLAG_MFA is "{MFA}": it must be "required", or, in the demo only, not set.')
SECOND_FACTOR_REQUIRED = MFA == "required"
OWN_PASSWORD_REQUIRED = not DEMO  # nobody goes on with a password that somebody else gave them
if not DEMO:
    required("YELLOWFLAG_PROXIES")  # taken for none behind one, a stranger and the whole clinic would share an address
PROXIES = whole_number("YELLOWFLAG_PROXIES", 0)

DEBUG = False
DEMO_KEY = "the demo holds synthetic people only and its key is no secret"
if DEMO:
    SECRET_KEY = DEMO_KEY
    AUDIT_KEY = bytes(range(32))  # of the demo; no secret either
    MFA_KEY = bytes(64)
    PATIENT_KEYS = [bytes(range(64))]
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    DATABASES = {"default": database(environ.get("DATABASE_URL", "sqlite:///var/yellowflag.sqlite3"))}
else:
    SECRET_KEY = required("YELLOWFLAG_SECRET_KEY")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("YELLOWFLAG_SECRET_KEY is shorter than 50 characters.")
    if SECRET_KEY == DEMO_KEY:
        raise ImproperlyConfigured("YELLOWFLAG_SECRET_KEY is the demo's, which everybody knows.")
    AUDIT_KEY = key("YELLOWFLAG_AUDIT_KEY", digits=64)
    MFA_KEY = key("YELLOWFLAG_MFA_KEY", digits=128)
    PATIENT_KEYS = ring("YELLOWFLAG_PATIENT_KEYS")
    ALLOWED_HOSTS = [host.strip() for host in required("YELLOWFLAG_HOSTS").split(",")]
    DATABASES = {"default": database(required("DATABASE_URL"))}

AUDIT_KEYS_BEFORE = [key for key in environ.get("YELLOWFLAG_AUDIT_KEYS_BEFORE", "").split(",") if key]
RETENTION_YEARS = whole_number("YELLOWFLAG_RETENTION_YEARS", 8)
if RETENTION_YEARS < 6:
    raise ImproperlyConfigured("YELLOWFLAG_RETENTION_YEARS is less than 6: what is recorded of care is kept longer.")
FREE_DISK_MB = whole_number("YELLOWFLAG_FREE_DISK_MB", 500)
METRICS_PORT = whole_number("YELLOWFLAG_METRICS_PORT", 0)
METRICS_ADDRESS = environ.get("YELLOWFLAG_METRICS_ADDRESS", "127.0.0.1")

# What runs

INSTALLED_APPS = [
    "clinic",  # first, so that its templates stand before those of the stock admin
    "django.contrib.admin.apps.SimpleAdminConfig",  # the admin site is our own: clinic.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "knox",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "clinic.actions.origin.OriginMiddleware",  # first, so that every refusal too bears the request's id
    "clinic.watching.WatchMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # the language chosen, or else the browser's
    "clinic.clock.in_utc_unless_said",
    "clinic.bodies.WholeBodyMiddleware",  # before anybody reads a form, and in the language of the page
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.actions.entry.GateMiddleware",  # before the next, which then asks whoever was put out to log in
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # a view is open only where it says so
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "clinic.web.errors.TooOftenMiddleware",
    "axes.middleware.AxesMiddleware",  # late, so that its answer is in the language of the page
    "clinic.actions.seen.SeenMiddleware",  # last, so that nothing is shown that is not entered
]
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_REVERT_DISABLED = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["clinic.templatetags.clinic_text"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Time and language

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "fixtures" / "locale"]  # the words of the protocols; those of the pages lie in the app
FORMAT_MODULE_PATH = "clinic.formats"
USE_I18N = True

# Static files: one stylesheet of ours and the stock admin's, from this host only

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Who is let in

AUTH_USER_MODEL = "clinic.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "clinic.actions.lockout.SofterByName"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # whoever keeps trying keeps nobody out for longer
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "clinic.actions.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "clinic.web.errors.too_many_tries"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "csrfmiddlewaretoken"]  # never kept or logged
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
LIMITS = {"enter": 60, "guess": 10, "search": 60, "export": 10}  # in a minute; see clinic.actions.limits
SESSION_ENGINE = "clinic.sessions"
SESSION_COOKIE_AGE = 30 * 60  # unused for so long, a session ends; an examination may take a while
SESSION_SAVE_EVERY_REQUEST = True  # every request counts as use
SESSION_LIFETIME = timedelta(hours=12)  # however much it is used
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a message may name a patient

# What the browser is told

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "script-src": [SELF],  # the stock admin's own files, and ours that keeps drafts
        "connect-src": [SELF],  # to which that one sends them
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if not DEMO:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # asked on the machine itself, past the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_SECURE = "__Host-language", True

# What is taken in, and the REST door

DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
FILE_UPLOAD_HANDLERS: list[str] = []  # nothing is uploaded anywhere
KNOX_TOKEN_MODEL = "clinic.ApiToken"  # noqa: S105 -- the name of a model
MIGRATION_MODULES = {"knox": None}  # its only table would stand empty beside clinic.ApiToken
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "yf_", "TOKEN_TTL": timedelta(days=90)}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_METADATA_CLASS": None,  # what OPTIONS would tell, the description tells
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "clinic.api.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Yellowflag",
    "DESCRIPTION": "Suggested referrals for back pain, decided by a clinician. Not a certified medical device.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],  # words are listed where they are used, not under made-up names
}

# What webhooks may reach that is not public

WEBHOOK_ALLOW = frozenset(
    each.strip().lower() for each in environ.get("YELLOWFLAG_WEBHOOK_ALLOW", "").split(",") if each.strip()
)

# What is logged: one line of JSON for each request, and only what clinic.logs allows

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "clinic.logs.formatter", "as_json": not DEMO}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING" if DEMO else "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django": {"handlers": []},
        "django.request": {"level": "ERROR"},  # what is merely refused has its line already
    },
}
