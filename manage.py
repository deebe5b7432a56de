#!/usr/bin/env python
"""Runs Yellowflag's commands."""

import os

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # A fresh checkout can be tried with no set-up; a server (clinic.wsgi) never assumes the demo.
    if "YELLOWFLAG_SECRET_KEY" not in os.environ:
        os.environ.setdefault("YELLOWFLAG_ENV", "demo")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    execute_from_command_line()
