"""What was sent never changes: the database itself refuses, on SQLite and PostgreSQL.

Refused: changing an instrument in anything but its retiring, changing a statement of permission, a response once it
is complete, or which number an observation is; and deleting any of them.
"""

from django.db import migrations

KEPT = "id, url, version, key, title, resource, sha256, scorer, links, imported_by_id, imported_at"
INSTRUMENT = "a version of a questionnaire never changes"
ALWAYS = {
    "questionnaires_usepermission": "a statement of permission never changes",
    "questionnaires_responsenumber": "a number of a response never changes",
}
SENT = {"questionnaires_response": "a complete response never changes"}
WHEN = "WHEN OLD.status <> 'in-progress'"

SQLITE = [
    f"""CREATE TRIGGER questionnaires_instrument_no_{verb.split()[0].lower()} BEFORE {verb} ON questionnaires_instrument
        BEGIN SELECT RAISE(ABORT, '{INSTRUMENT}'); END"""
    for verb in (f"UPDATE OF {KEPT}", "DELETE")
] + [
    f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}
        {WHEN if table in SENT else ""}
        BEGIN SELECT RAISE(ABORT, '{words}'); END"""
    for table, words in {**ALWAYS, **SENT}.items()
    for verb in ("update", "delete")
]

POSTGRESQL = [
    """CREATE FUNCTION questionnaires_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$""",
    f"""CREATE TRIGGER questionnaires_instrument_stays BEFORE UPDATE OF {KEPT} OR DELETE
        ON questionnaires_instrument FOR EACH ROW EXECUTE FUNCTION questionnaires_refuse('{INSTRUMENT}')""",
    f"""CREATE TRIGGER questionnaires_instrument_no_truncate BEFORE TRUNCATE ON questionnaires_instrument
        FOR EACH STATEMENT EXECUTE FUNCTION questionnaires_refuse('{INSTRUMENT}')""",
    *[
        f"""CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW
            {"WHEN (OLD.status <> 'in-progress')" if table in SENT else ""}
            EXECUTE FUNCTION questionnaires_refuse('{words}')"""
        for table, words in {**ALWAYS, **SENT}.items()
    ],
    *[
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION questionnaires_refuse('{words}')"""
        for table, words in {**ALWAYS, **SENT}.items()
    ],
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
        schema_editor.execute("DROP FUNCTION questionnaires_refuse CASCADE")


class Migration(migrations.Migration):
    dependencies = [("questionnaires", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
