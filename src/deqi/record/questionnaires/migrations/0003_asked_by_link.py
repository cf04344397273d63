"""Questionnaires that a course asks by link. An answer by a link is nobody's: who answered may be unknown.

On SQLite the table of responses is built anew for that, which drops its triggers: they are put back.
"""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def put_back(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        kept = import_module("deqi.record.questionnaires.migrations.0002_complete_stays_complete")
        for statement in kept.SQLITE:
            if " ON questionnaires_response\n" in statement:
                schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("care", "0012_asked_for_a_design"),
        ("patients", "0002_consent_to_chance"),
        ("questionnaires", "0002_complete_stays_complete"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="window",
            field=models.CharField(
                blank=True,
                choices=[
                    ("baseline", "in the baseline"),
                    ("review", "before each review"),
                    ("after", "4, 12 and 26 weeks after the end"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, put_back),
        migrations.AlterField(
            model_name="response",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(put_back, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="response",
            name="channel",
            field=models.CharField(
                choices=[("home", "at home"), ("chair", "in the room"), ("link", "at home, by a link")],
                max_length=5,
            ),
        ),
        migrations.CreateModel(
            name="CourseQuestionnaire",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("windows", models.JSONField(default=list)),
                ("chosen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "chosen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questionnaires",
                        to="care.course",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="choices",
                        to="questionnaires.instrument",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="patients.patient",
                    ),
                ),
            ],
            options={
                "ordering": ["chosen_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="assignment",
            name="chosen",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assignments",
                to="questionnaires.coursequestionnaire",
            ),
        ),
        migrations.AddConstraint(
            model_name="coursequestionnaire",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("course", "instrument"),
                name="chosen_once_a_course",
            ),
        ),
    ]
