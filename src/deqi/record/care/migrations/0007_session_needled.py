"""The register of events counts visits with needles of a period, and the people who had one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("care", "0006_baseline_locked")]
    operations = [
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["site", "needled_at"], name="session_needled"),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["patient", "site", "needled_at"], name="session_needled_of_patient"),
        ),
    ]
