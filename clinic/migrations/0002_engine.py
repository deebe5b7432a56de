"""Answers are no longer packed for replays: the engine judges each stored intake itself."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial")]

    operations = [migrations.DeleteModel(name="PackedAnswers")]
