"""The settings under test: the demo's, with cheap passwords and with static files read where they lie."""

import os

os.environ["YELLOWFLAG_ENV"] = "demo"

from clinic.settings import *

PASSWORD_HASHERS = ["tests.passwords.QuickHasher"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True

# A file, as in a clinic, and not memory: there two connections at once wait for each other instead of failing.
# Each run has its own, so that two at a time do not meet in it.
if DATABASES["default"]["ENGINE"] == "clinic.one_writer":
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / f"test-{os.getpid()}.sqlite3"}
# The tables are made as the models say, which takes a quarter of the time; `make check` holds the migrations to the models.
DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False
