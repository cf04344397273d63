"""A baseline is locked by the first needle: the database itself refuses, on SQLite and PostgreSQL.

Refused once a needle of the course was placed: asking for a baseline rating, giving an answer to one, moving an answer
there, changing or deleting an answer that is there. What was asked never changes and is never deleted. Whoever fills a
database writes the baseline before the sessions.
"""

from django.db import migrations

LOCKED = "the baseline is locked: the first needle was placed"
ASKED = "what was asked never changes"
NEEDLED = "(SELECT 1 FROM care_session WHERE course_id = {course} AND needled_at IS NOT NULL)"
ANSWERED = """(SELECT 1 FROM care_ratingrequest r JOIN care_session s ON s.course_id = r.course_id
    WHERE r.id = {row}.request_id AND r.kind = 'baseline' AND s.needled_at IS NOT NULL)"""
KEPT = "id, course_id, patient_id, kind, point, day, until, codes, made_at"

SQLITE = [
    f"""CREATE TRIGGER care_ratingrequest_baseline BEFORE INSERT ON care_ratingrequest
        WHEN NEW.kind = 'baseline' AND EXISTS {NEEDLED.format(course="NEW.course_id")}
        BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END""",
    f"""CREATE TRIGGER care_ratingrequest_stays BEFORE UPDATE OF {KEPT} ON care_ratingrequest
        BEGIN SELECT RAISE(ABORT, '{ASKED}'); END""",
    f"""CREATE TRIGGER care_ratingrequest_no_delete BEFORE DELETE ON care_ratingrequest
        BEGIN SELECT RAISE(ABORT, '{ASKED}'); END""",
    *[
        f"""CREATE TRIGGER care_observation_baseline_{verb} BEFORE {verb.upper()} ON care_observation
            WHEN {row}.request_id IS NOT NULL AND EXISTS {ANSWERED.format(row=row)}
            BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END"""
        for verb, row in (("insert", "NEW"), ("update", "OLD"), ("delete", "OLD"))
    ],
    f"""CREATE TRIGGER care_observation_baseline_moved BEFORE UPDATE OF request_id ON care_observation
        WHEN NEW.request_id IS NOT NULL AND EXISTS {ANSWERED.format(row="NEW")}
        BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END""",
]

POSTGRESQL = [
    f"""CREATE FUNCTION care_baseline_asked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP <> 'INSERT' THEN RAISE EXCEPTION '{ASKED}'; END IF;
        IF EXISTS {NEEDLED.format(course="NEW.course_id")} THEN RAISE EXCEPTION '{LOCKED}'; END IF;
        RETURN NEW; END $$""",
    f"""CREATE FUNCTION care_baseline_answered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP <> 'INSERT' AND EXISTS {ANSWERED.format(row="OLD")} THEN RAISE EXCEPTION '{LOCKED}'; END IF;
        IF TG_OP <> 'DELETE' AND EXISTS {ANSWERED.format(row="NEW")} THEN RAISE EXCEPTION '{LOCKED}'; END IF;
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW; END $$""",
    """CREATE TRIGGER care_ratingrequest_baseline BEFORE INSERT ON care_ratingrequest FOR EACH ROW
       WHEN (NEW.kind = 'baseline') EXECUTE FUNCTION care_baseline_asked()""",
    f"""CREATE TRIGGER care_ratingrequest_stays BEFORE UPDATE OF {KEPT} OR DELETE ON care_ratingrequest
        FOR EACH ROW EXECUTE FUNCTION care_baseline_asked()""",
    """CREATE TRIGGER care_observation_baseline_insert BEFORE INSERT ON care_observation FOR EACH ROW
       WHEN (NEW.request_id IS NOT NULL) EXECUTE FUNCTION care_baseline_answered()""",
    """CREATE TRIGGER care_observation_baseline_update BEFORE UPDATE ON care_observation FOR EACH ROW
       WHEN (NEW.request_id IS NOT NULL OR OLD.request_id IS NOT NULL)
       EXECUTE FUNCTION care_baseline_answered()""",
    """CREATE TRIGGER care_observation_baseline_delete BEFORE DELETE ON care_observation FOR EACH ROW
       WHEN (OLD.request_id IS NOT NULL) EXECUTE FUNCTION care_baseline_answered()""",
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
        schema_editor.execute("DROP FUNCTION care_baseline_asked CASCADE")
        schema_editor.execute("DROP FUNCTION care_baseline_answered CASCADE")


class Migration(migrations.Migration):
    dependencies = [("care", "0005_rating_requests")]

    operations = [migrations.RunPython(install, remove)]
