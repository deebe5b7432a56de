"""What every test rests on."""

import os

from hypothesis import settings

# Two cores are shared with a browser and a database, so no single example is held to a time; CI tries the same cases
# every time, so that it fails for the change at hand only.
settings.register_profile("yellowflag", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("yellowflag")
