"""Why a visit was not on the drawn day is never changed or taken out: the database itself refuses it."""

from django.db import migrations

WORDS = "what was written about a drawn day never changes"
SQLITE = [
    f"""CREATE TRIGGER care_singlecasedeviation_{what.lower()} BEFORE {what} ON care_singlecasedeviation
        BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"""
    for what in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"""CREATE FUNCTION care_singlecasedeviation_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$""",
    """CREATE TRIGGER care_singlecasedeviation_kept BEFORE UPDATE OR DELETE ON care_singlecasedeviation
        FOR EACH ROW EXECUTE FUNCTION care_singlecasedeviation_refuse()""",
]


def install(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    """Takes the triggers away: for undoing this migration, and for tests that empty the tables."""
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(f"DROP TRIGGER {statement.split()[2]}")
    else:
        schema_editor.execute("DROP FUNCTION care_singlecasedeviation_refuse CASCADE")


class Migration(migrations.Migration):
    dependencies = [("care", "0010_single_case_deviation")]
    operations = [migrations.RunPython(install, remove)]
