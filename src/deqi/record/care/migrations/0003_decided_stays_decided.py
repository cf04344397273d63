"""What was decided or sent never changes: the database itself refuses, on SQLite and PostgreSQL.

Refused: changing or deleting a review, changing or deleting a revision of a plan, changing or deleting a letter
that was sent, changing a version of a protocol in anything but its retiring, or deleting it.
"""

from django.db import migrations

ALWAYS = {"care_review": "a review never changes", "care_courserevision": "a decided plan never changes"}
SENT = {"care_letter": "a sent letter never changes"}

KEPT = "id, site_id, owner_id, name, line, condition, note, shared, version, replaces_id, copied_from_id, created_at"
PROTOCOL = "a version of a protocol never changes"

SQLITE = [
    f"""CREATE TRIGGER care_protocol_no_{verb.split()[0].lower()} BEFORE {verb} ON care_protocol
        BEGIN SELECT RAISE(ABORT, '{PROTOCOL}'); END"""
    for verb in (f"UPDATE OF {KEPT}", "DELETE")
] + [
    f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}
        {"WHEN OLD.sent_at IS NOT NULL" if table in SENT else ""}
        BEGIN SELECT RAISE(ABORT, '{words}'); END"""
    for table, words in {**ALWAYS, **SENT}.items()
    for verb in ("update", "delete")
]

POSTGRESQL = [
    """CREATE FUNCTION care_decided_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$""",
    f"""CREATE TRIGGER care_protocol_stays BEFORE UPDATE OF {KEPT} OR DELETE ON care_protocol FOR EACH ROW
        EXECUTE FUNCTION care_decided_refuse('{PROTOCOL}')""",
    f"""CREATE TRIGGER care_protocol_no_truncate BEFORE TRUNCATE ON care_protocol
        FOR EACH STATEMENT EXECUTE FUNCTION care_decided_refuse('{PROTOCOL}')""",
    *[
        f"""CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW
            {"WHEN (OLD.sent_at IS NOT NULL)" if table in SENT else ""}
            EXECUTE FUNCTION care_decided_refuse('{words}')"""
        for table, words in {**ALWAYS, **SENT}.items()
    ],
    *[
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION care_decided_refuse('{words}')"""
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
        schema_editor.execute("DROP FUNCTION care_decided_refuse CASCADE")


class Migration(migrations.Migration):
    dependencies = [("care", "0002_signed_stays_signed")]

    operations = [migrations.RunPython(install, remove)]
