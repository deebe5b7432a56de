"""The app `clinic`, as Django knows it."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class ClinicConfig(AppConfig):
    """Everything that Yellowflag adds to Django is this one app."""

    name = "clinic"

    def ready(self) -> None:
        from clinic import guard

        pre_migrate.connect(guard.before_migrating, sender=self)
        post_migrate.connect(guard.after_migrating, sender=self)
