"""Who may do what: the one table. The access tests are generated from it.

A role is held at one site, or at every site of the organisation. `PATIENT` rows are about the person's own
record only.
"""

from enum import StrEnum


class Role(StrEnum):
    PRACTITIONER = "practitioner"
    SENIOR = "senior_clinician"
    FRONT_DESK = "front_desk"
    MANAGER = "manager"
    RESEARCHER = "researcher"
    PATIENT = "patient"


P, S, F, M, R, SELF = (
    Role.PRACTITIONER,
    Role.SENIOR,
    Role.FRONT_DESK,
    Role.MANAGER,
    Role.RESEARCHER,
    Role.PATIENT,
)

#: verb -> roles that may do it.
TABLE: dict[str, frozenset[Role]] = {
    # the practice
    "practice.view": frozenset({P, S, F, M}),
    "practice.manage": frozenset({M}),
    "staff.manage": frozenset({M}),
    "licence.verify": frozenset({M}),
    "stock.manage": frozenset({M, S, P}),
    "backup.view": frozenset({M}),
    "collection.view": frozenset({P, S, M}),
    # the day
    "day.view": frozenset({P, S, F, M}),
    "appointment.manage": frozenset({P, S, F, M}),
    # the person
    "patient.find": frozenset({P, S, F, M}),
    "patient.register": frozenset({P, S, F, M}),
    "patient.view": frozenset({P, S, F, M}),
    "patient.edit": frozenset({P, S, F, M}),
    "patient.invite": frozenset({P, S, F, M}),
    "patient.share": frozenset({S, M}),
    "consent.record": frozenset({P, S, F, M}),
    # the clinical record: never the front desk, never the manager as such
    "clinical.view": frozenset({P, S}),
    "clinical.write": frozenset({P, S}),
    "course.plan": frozenset({P, S}),
    "session.run": frozenset({P, S}),
    "session.sign": frozenset({P, S}),
    "session.amend": frozenset({P, S}),
    "protocol.manage": frozenset({P, S}),
    "safety.lift_stop": frozenset({S}),
    "review.decide": frozenset({P, S}),
    "letter.write": frozenset({P, S}),
    "letter.send": frozenset({P, S, F}),
    "event.report": frozenset({P, S, F, M}),
    "event.assess": frozenset({S}),
    "incident.view": frozenset({S, M}),
    # questionnaires: whoever treats sees which there are; who answers for the clinic brings them in
    "form.view": frozenset({P, S, M}),
    "form.manage": frozenset({S, M}),
    # looking over shoulders
    "audit.view": frozenset({M, S}),
    "record.export": frozenset({M, S}),
    # numbers without names
    "registry.view": frozenset({R, S, M}),
    # the patient, about their own record only
    "self.view": frozenset({SELF}),
    "self.answer": frozenset({SELF}),
    "self.consent": frozenset({SELF}),
}

STAFF_ROLES = frozenset({P, S, F, M, R})


def roles_that_may(verb: str) -> frozenset[Role]:
    """Roles that may do `verb`. KeyError for a verb that the table does not list."""
    return TABLE[verb]
