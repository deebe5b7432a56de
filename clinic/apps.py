"""The app `clinic`, as Django knows it."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """Everything that Yellowflag adds to Django is this one app."""

    name = "clinic"
