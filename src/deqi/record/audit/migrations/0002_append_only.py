"""The log is append-only by the database itself: triggers on SQLite and PostgreSQL, and the one head row."""

from django.db import migrations

TABLES = ("audit_auditentry", "audit_auditsubject")

SQLITE = [
    f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}
        BEGIN SELECT RAISE(ABORT, 'the audit log cannot be changed'); END"""
    for table in TABLES
    for verb in ("update", "delete")
] + [
    """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_audithead WHEN NEW.last_id <= OLD.last_id
       BEGIN SELECT RAISE(ABORT, 'the audit head only grows'); END""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_audithead
       BEGIN SELECT RAISE(ABORT, 'the audit head stays'); END""",
]

POSTGRESQL = (
    [
        """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the audit log cannot be changed'; END $$""",
        """CREATE FUNCTION audit_head_grow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.last_id <= OLD.last_id THEN RAISE EXCEPTION 'the audit head only grows'; END IF;
           RETURN NEW; END $$""",
    ]
    + [
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION audit_refuse()"""
        for table in TABLES
    ]
    + [
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"""
        for table in (*TABLES, "audit_audithead")
    ]
    + [
        """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_audithead
           FOR EACH ROW EXECUTE FUNCTION audit_head_grow()""",
        """CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_audithead
           FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
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
            schema_editor.execute(f"DROP FUNCTION {name} CASCADE")  # and the triggers that call it


def first_head(apps, schema_editor):
    apps.get_model("audit", "AuditHead").objects.create(id=1)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunPython(first_head, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
