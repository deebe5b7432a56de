from django.db import migrations, models

import clinic.models.base
import clinic.models.birth
import clinic.models.patient

_KIND = models.CharField(
    choices=[("any", "Letters and figures of the site's own"), ("figures", "Figures only"), ("nhs", "NHS numbers")],
    default="any",
    help_text="What the site knows its patients by; a new reference that reads otherwise is refused.",
    max_length=10,
)


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

    operations = [
        *_patients("patient"),
        *_patients("historicalpatient"),
        migrations.AddField("site", "reference_kind", _KIND),
        migrations.AddField("historicalsite", "reference_kind", _KIND),
        migrations.AddConstraint(
            "site",
            models.CheckConstraint(
                condition=models.Q(("reference_kind__in", ["any", "figures", "nhs"])), name="site_reference_known"
            ),
        ),
    ]
