"""Every verb of the audit log in plain words, for staff and for the patient whose record it is about."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from deqi.record.audit.models import AuditEntry

#: verb -> what was done, as the patient reads it. A test holds that every verb logged anywhere stands here.
WORDS: dict[str, str] = {
    # the person
    "patient.find": mark("Name stood in a list or a search"),
    "patient.view": mark("Contact details opened"),
    "patient.register": mark("Registered"),
    "patient.edit": mark("Contact details changed"),
    "patient.invite": mark("Invitation made"),
    "patient.share": mark("Sharing with another site changed"),
    "invitation.accept": mark("Invitation opened, sign-in set up"),
    "consent.record": mark("A consent recorded"),
    # the clinical record
    "clinical.view": mark("Clinical record read"),
    "clinical.write": mark("Clinical record added to"),
    "allergy.end": mark("Allergy marked as over"),
    "allergy.record": mark("Allergy recorded"),
    "condition.record": mark("Diagnosis recorded"),
    "event.register": mark("Side effect entered in the register"),
    "examination.record": mark("Examination recorded"),
    "conduction.import": mark("Nerve conduction brought in"),
    "fact.record": mark("Answer to a safety question recorded"),
    "intake.complete": mark("Intake completed"),
    "medicine.change": mark("Medicine changed"),
    "medicine.record": mark("Medicine recorded"),
    "screen.record": mark("Safety screen recorded"),
    "course.plan": mark("Course of treatment opened for planning"),
    "course.open": mark("Course of treatment begun"),
    "course.revise": mark("Course of treatment changed"),
    "course.end": mark("Course of treatment ended"),
    "session.run": mark("Treatment session opened"),
    "session.start": mark("Treatment session started"),
    "session.check_in": mark("Ratings before the session recorded"),
    "session.anything_new": mark("Asked whether anything is new"),
    "session.screen": mark("Safety screen run"),
    "session.step": mark("Treatment session: next step"),
    "session.line": mark("Points of the session written"),
    "session.confirm": mark("Points of the session confirmed"),
    "session.lot": mark("Needle box of the session recorded"),
    "session.needles_in": mark("Needles counted in"),
    "session.look_in": mark("Looked in during the rest"),
    "session.retention": mark("Resting time of the needles changed"),
    "session.needles_out": mark("Needles counted out"),
    "session.after": mark("How it felt afterwards recorded"),
    "session.abandon": mark("Treatment session given up"),
    "session.sign": mark("Treatment session signed"),
    "session.amend": mark("A note added to a signed session"),
    "protocol.manage": mark("Protocols opened"),
    "protocol.save": mark("Protocol saved"),
    "protocol.copy": mark("Protocol copied"),
    "protocol.retire": mark("Protocol retired"),
    "map.draw": mark("A new map of where it is felt was drawn"),
    "safety.lift_stop": mark("A safety stop lifted, with a reason"),
    "review.decide": mark("Review decided"),
    "single_case.offer": mark("Letting chance decide: offered, protocol kept"),
    "single_case.draw": mark("Letting chance decide: drawn"),
    "single_case.deviate": mark("Letting chance decide: why a visit is on another day"),
    "single_case.pool": mark("Letting chance decide: figures of everybody together read"),
    "letter.write": mark("Letter written"),
    "letter.send": mark("Letter sent"),
    "letter.mail": mark("Letter given to the mail server, which had not answered yet"),
    "letter.refused": mark("Letter not sent: the mail server did not take it"),
    "rating.ask": mark("A rating was asked for"),
    "rating.send": mark("A message with a question was sent"),
    "rating.open": mark("Question opened by the link in a message"),
    "rating.answer": mark("A rating that was asked for was given"),
    "collection.view": mark("Response rates read"),
    "messages.stop": mark("Messages stopped"),
    "messages.start": mark("Messages started again"),
    "event.report": mark("Side effect reported"),
    "event.assess": mark("Side effect assessed"),
    "incident.view": mark("Incident looked at"),
    "incident.open": mark("Incident opened"),
    "incident.close": mark("Incident closed"),
    "appointment.manage": mark("Appointment made or changed"),
    "appointment.book": mark("Visit booked"),
    "day.view": mark("Name stood on the list of the day"),
    # questionnaires
    "form.view": mark("Questionnaires of the clinic opened"),
    "form.manage": mark("Questionnaires of the clinic changed"),
    "form.import": mark("Questionnaire imported"),
    "form.permit": mark("Permission to use a questionnaire recorded"),
    "form.retire": mark("Questionnaire taken out of use"),
    "form.assign": mark("Questionnaire given to answer"),
    "form.withdraw": mark("Questionnaire no longer asked"),
    "form.choose": mark("Questionnaire chosen to be asked by link"),
    "form.stop": mark("Questionnaire no longer asked by link"),
    "form.answer": mark("Questionnaire answered in the room"),
    "form.amend": mark("A corrected answer added to a questionnaire"),
    # the patient
    "self.view": mark("Own page opened"),
    "self.answer": mark("Questions answered"),
    "self.consent": mark("Consent decided"),
    # the practice
    "practice.view": mark("Practice pages opened"),
    "practice.manage": mark("Practice settings changed"),
    "staff.manage": mark("Staff or roles changed"),
    "licence.verify": mark("Licence recorded or checked"),
    "stock.manage": mark("Needle stock changed"),
    "backup.view": mark("Back-ups looked at"),
    "audit.view": mark("Audit log read"),
    "record.export": mark("Record exported"),
    "registry.view": mark("Figures without names read"),
    # the door
    "signin.in": mark("Signed in"),
    "signin.out": mark("Signed out"),
    "signin.failed": mark("A try to sign in that failed"),
    "signin.factor_added": mark("Passkey or authenticator app added"),
    "signin.factor_removed": mark("Passkey or authenticator app removed"),
    "signin.factor_renewed": mark("Recovery codes made anew"),
    "signin.password_changed": mark("Password changed"),
}

#: First part of a verb -> words, for a verb of a newer version that this list does not know.
FAMILIES: dict[str, str] = {
    "session": mark("Treatment session worked on"),
    "course": mark("Course of treatment worked on"),
    "patient": mark("Contact details worked on"),
    "self": mark("Own page used"),
}

#: Ids of rows stay in the log; nobody reads them.
ROW_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

ROLES: dict[str, str] = {
    "practitioner": mark("practitioner"),
    "senior_clinician": mark("senior clinician"),
    "front_desk": mark("front desk"),
    "manager": mark("manager"),
    "researcher": mark("researcher"),
    "patient": mark("patient"),
}


def said(entry: AuditEntry) -> str:
    """What was done, e.g. "Clinical record read (chart)"."""
    words = WORDS.get(entry.verb) or FAMILIES.get(entry.verb.partition(".")[0]) or mark("Record used")
    page = entry.detail.get("page") if isinstance(entry.detail, dict) else None
    page = " ".join(ROW_ID.sub("", str(page)).split()) if page else ""
    return f"{_(words)} ({page})" if page else _(words)


def role_said(entry: AuditEntry) -> str:
    """The roles held at the time, e.g. "senior clinician, manager"; "" for the software itself."""
    return ", ".join(_(ROLES.get(role, role)) for role in entry.role.split(",") if role)
