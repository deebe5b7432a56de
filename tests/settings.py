"""The settings under test: the demo's, with cheap passwords and with static files read where they lie."""

import os

os.environ["YELLOWFLAG_ENV"] = "demo"

from clinic.settings import *

PASSWORD_HASHERS = ["tests.passwords.QuickHasher"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
