from django.db import migrations, models


class Migration(migrations.Migration):
    """What a token may do: those of before may write, and decide nothing."""

    dependencies = [("clinic", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[
                    ("read", "Read"),
                    ("write", "Read and write, but decide nothing"),
                    ("decide", "All that I may do for patients, decisions too: a client of my own"),
                ],
                default="write",
                max_length=10,
            ),
        ),
    ]
