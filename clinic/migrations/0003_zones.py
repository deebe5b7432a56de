"""Sites have a time zone; nobody has chosen that of those that are there."""

from typing import Any

from django.db import migrations, models

import clinic.models.base
import clinic.models.people


def _zone() -> Any:
    return clinic.models.base.Line(
        blank=True,
        choices=clinic.models.people.zone_choices,
        help_text="Whose days and hours the site keeps. Until somebody chooses, they are those of UTC.",
        max_length=60,
    )


class Migration(migrations.Migration):
    dependencies = (("clinic", "0001_initial"),)

    operations = (
        migrations.AddField(model_name="historicalsite", name="time_zone", field=_zone()),
        migrations.AddField(model_name="site", name="time_zone", field=_zone()),
        migrations.AlterField(
            model_name="auditevent", name="hash_version", field=models.PositiveSmallIntegerField(default=3)
        ),
    )
