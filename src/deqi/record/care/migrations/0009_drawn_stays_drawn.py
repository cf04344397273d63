"""What chance decides is fixed at the offer and drawn once: the database itself refuses anything else."""

from django.db import migrations

FIXED = "id, course_id, design, protocol, seed, committed, offered_at, offered_by_id"
DRAWN = "consent_id, drawn_at, drawn_by_id"
WORDS = "what chance decides never changes"

SQLITE = [
    f"""CREATE TRIGGER care_singlecase_fixed BEFORE UPDATE OF {FIXED} ON care_singlecase
        BEGIN SELECT RAISE(ABORT, '{WORDS}'); END""",
    f"""CREATE TRIGGER care_singlecase_drawn BEFORE UPDATE OF {DRAWN} ON care_singlecase
        WHEN OLD.drawn_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{WORDS}'); END""",
]
POSTGRESQL = [
    f"""CREATE FUNCTION care_singlecase_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$""",
    f"""CREATE TRIGGER care_singlecase_fixed BEFORE UPDATE OF {FIXED} ON care_singlecase FOR EACH ROW
        EXECUTE FUNCTION care_singlecase_refuse()""",
    f"""CREATE TRIGGER care_singlecase_drawn BEFORE UPDATE OF {DRAWN} ON care_singlecase FOR EACH ROW
        WHEN (OLD.drawn_at IS NOT NULL) EXECUTE FUNCTION care_singlecase_refuse()""",
]


def install(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    """Takes the triggers away: for undoing this migration."""
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(f"DROP TRIGGER {statement.split()[2]}")
    else:
        schema_editor.execute("DROP FUNCTION care_singlecase_refuse CASCADE")


class Migration(migrations.Migration):
    dependencies = [("care", "0008_single_case")]
    operations = [migrations.RunPython(install, remove)]
