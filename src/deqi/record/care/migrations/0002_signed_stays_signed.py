"""A signed session never changes: the database itself refuses, on SQLite and PostgreSQL.

Refused: changing or deleting a signed session, changing or deleting its needles, electrical pairs and
what was suggested, adding one, and changing or deleting an amendment. Whoever fills a database writes a session unsigned, then its needles,
then signs it.
"""

from django.db import migrations

SIGNED = "(SELECT 1 FROM care_session WHERE id = {row}.session_id AND state = 'signed')"
PARTS = ("care_needleplacement", "care_electricalpair", "care_suggestionshown")
WORDS = "a signed session never changes"

SQLITE = (
    [
        f"""CREATE TRIGGER care_session_signed_no_{verb} BEFORE {verb.upper()} ON care_session
            WHEN OLD.state = 'signed' BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"""
        for verb in ("update", "delete")
    ]
    + [
        f"""CREATE TRIGGER {table}_signed_no_{verb} BEFORE {verb.upper()} ON {table}
            WHEN EXISTS {SIGNED.format(row=row)} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"""
        for table in PARTS
        for verb, row in (("insert", "NEW"), ("update", "OLD"), ("delete", "OLD"))
    ]
    + [
        f"""CREATE TRIGGER {table}_not_moved BEFORE UPDATE OF session_id ON {table}
            WHEN EXISTS {SIGNED.format(row="NEW")} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"""
        for table in PARTS
    ]
    + [
        f"""CREATE TRIGGER care_amendment_no_{verb} BEFORE {verb.upper()} ON care_amendment
            BEGIN SELECT RAISE(ABORT, 'an amendment never changes'); END"""
        for verb in ("update", "delete")
    ]
)

POSTGRESQL = (
    [
        f"""CREATE FUNCTION care_signed_refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$""",
        f"""CREATE FUNCTION care_signed_parts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'INSERT' AND EXISTS {SIGNED.format(row="OLD")} THEN RAISE EXCEPTION '{WORDS}'; END IF;
            IF TG_OP <> 'DELETE' AND EXISTS {SIGNED.format(row="NEW")} THEN RAISE EXCEPTION '{WORDS}'; END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW; END $$""",
        """CREATE TRIGGER care_session_signed_stays BEFORE UPDATE OR DELETE ON care_session
           FOR EACH ROW WHEN (OLD.state = 'signed') EXECUTE FUNCTION care_signed_refuse()""",
        """CREATE TRIGGER care_amendment_stays BEFORE UPDATE OR DELETE ON care_amendment
           FOR EACH ROW EXECUTE FUNCTION care_signed_refuse()""",
    ]
    + [
        f"""CREATE TRIGGER {table}_signed_stays BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION care_signed_parts()"""
        for table in PARTS
    ]
    + [
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION care_signed_refuse()"""
        for table in ("care_session", "care_amendment", *PARTS)
    ]
)


def install(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def remove(apps, schema_editor):
    """Takes the triggers away: for undoing this migration."""
    vendor = schema_editor.connection.vendor
    for statement in SQLITE if vendor == "sqlite" else POSTGRESQL:
        kind, name = statement.split()[1:3]
        if vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {name}")
        elif kind == "FUNCTION":
            # the name without its brackets; CASCADE takes the triggers that call it
            schema_editor.execute(f"DROP FUNCTION {name.removesuffix('()')} CASCADE")


class Migration(migrations.Migration):
    dependencies = [("care", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
