import clinic.models.base
import clinic.models.birth
import clinic.models.patient
from django.db import migrations, models


def _patients(model: str) -> list[migrations.AlterField]:
    names = [
        migrations.AlterField(model, name, clinic.models.base.SealedLine(blank=True, max_length=80))
        for name in ("given_name", "family_name")
    ]
    checks = [clinic.models.patient.refuse_impossible_birth]
    return [*names, migrations.AlterField(model, "date_of_birth", clinic.models.birth.SealedBirth(validators=checks))]


class Migration(migrations.Migration):
    """Single names, and dates of birth of which only a part is known; the columns stay as they are."""

    dependencies = [("clinic", "0001_initial")]

    operations = [*_patients("patient"), *_patients("historicalpatient")]
