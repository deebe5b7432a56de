"""Count every change of an intake, and keep the ETag of an answer that may be given again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="intake",
            name="revision",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="idempotencykey",
            name="tag",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
    ]
