"""The care: courses, appointments, sessions and their needles, observations, events, reviews, letters."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from deqi.record.patients.models import CareProvider, Condition, Consent, Patient
from deqi.record.practice.models import NeedleLot, Practitioner, Room, Site, User

#: Limits no plan or record may pass; the forms and the database hold the same figures.
RETENTION_MIN = (1, 60)
DEPTH_MM = (1, 100)


class Course(models.Model):
    """One course of treatment for one neuropathy. What is planned stands in its newest revision."""

    class Status(models.TextChoices):
        PLANNED = "planned", "planned"
        ACTIVE = "active", "active"
        MAINTENANCE = "maintenance", "maintenance"
        ENDED = "ended", "ended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="courses")
    condition = models.ForeignKey(Condition, on_delete=models.PROTECT, null=True, related_name="courses")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PLANNED)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "-opened_at"], name="course_of_patient")]

    def __str__(self) -> str:
        return f"course of {self.patient_id} from {self.opened_at:%Y-%m-%d}"


class CourseRevision(models.Model):
    """The plan as decided on one day. Only added: the newest is in force, the older ones stay readable."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    goals = models.TextField(blank=True)
    sessions_per_week = models.DecimalField(max_digits=4, decimal_places=2)
    weeks = models.PositiveSmallIntegerField()
    planned_sessions = models.PositiveSmallIntegerField()
    review_sessions = models.JSONField(default=list)  # session numbers after which a review is due, rising
    retention_min = models.PositiveSmallIntegerField(default=25)
    modality = models.CharField(
        max_length=10,
        choices=[("manual", "manual"), ("electro", "electro"), ("auricular", "auricular")],
        default="manual",
    )
    maintenance = models.CharField(max_length=300, blank=True)
    decision_rule = models.TextField(blank=True)
    proposal = models.JSONField(default=dict)  # what was proposed, with its reasons and model version
    why = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="revision_number_once"),
            models.CheckConstraint(
                condition=Q(sessions_per_week__gt=0, sessions_per_week__lte=5), name="revision_frequency"
            ),
            models.CheckConstraint(condition=Q(weeks__gte=1, weeks__lte=104), name="revision_weeks"),
            models.CheckConstraint(
                condition=Q(retention_min__gte=RETENTION_MIN[0], retention_min__lte=RETENTION_MIN[1]),
                name="revision_retention",
            ),
        ]
        ordering = ["course", "-number"]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.course_id}"


class Appointment(models.Model):
    """A booked visit."""

    class Status(models.TextChoices):
        BOOKED = "booked", "booked"
        ARRIVED = "arrived", "waiting"
        IN_ROOM = "in_room", "in the room"
        DONE = "done", "done"
        CANCELLED = "cancelled", "cancelled"
        NO_SHOW = "no_show", "did not come"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="appointments")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=60)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.BOOKED)
    arrived_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    booked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["site", "starts_at"], name="appointment_day"),
            models.Index(fields=["patient", "starts_at"], name="appointment_of_patient"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=240), name="appointment_minutes")
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.patient_id}"


class Session(models.Model):
    """One visit with needles, from check-in to signature. After signing nothing here changes (a trigger).

    `version` rises with every save. `changes` holds for each part of the page (line, note, ...) the version at
    which it last changed, by whom and when: who saves an older part is shown the difference. `steps` holds for
    each clean-needle step when it was done, and `no_needling_reason` why a visit ended without needles.
    """

    class State(models.TextChoices):
        OPEN = "open", "preparing"
        RESTING = "resting", "needles in"
        OUT = "out", "needles out"
        SIGNED = "signed", "signed"
        ABANDONED = "abandoned", "no needling"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sessions")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="sessions")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="sessions")
    licence = models.ForeignKey("practice.Licence", on_delete=models.PROTECT, related_name="+")
    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="session"
    )
    needle_lot = models.ForeignKey(NeedleLot, on_delete=models.PROTECT, null=True, blank=True)
    number = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    changes = models.JSONField(default=dict)
    steps = models.JSONField(default=dict)
    no_needling_reason = models.TextField(blank=True)
    looked_in_at = models.DateTimeField(null=True, blank=True)
    anything_new = models.TextField(blank=True)
    anything_new_asked = models.BooleanField(default=False)
    treatment_line = models.TextField(blank=True)
    retention_planned_min = models.PositiveSmallIntegerField()
    needled_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    needles_in = models.PositiveSmallIntegerField(null=True, blank=True)
    needles_out = models.PositiveSmallIntegerField(null=True, blank=True)
    count_reason = models.TextField(blank=True)  # why in and out differ; opens an incident
    comfort_0_10 = models.PositiveSmallIntegerField(null=True, blank=True)
    side_effects_asked = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["patient", "-opened_at"], name="session_of_patient"),
            models.Index(fields=["course", "number"], name="session_of_course"),
            models.Index(fields=["site", "state"], name="session_running"),
            models.Index(fields=["site", "-opened_at"], name="session_of_site"),
            models.Index(fields=["site", "needled_at"], name="session_needled"),
            models.Index(fields=["patient", "site", "needled_at"], name="session_needled_of_patient"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "number"],
                condition=~Q(state="abandoned"),
                name="session_number_once",
            ),
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(state__in=["open", "resting", "out"]),
                name="one_open_session_a_patient",
            ),
            models.UniqueConstraint(
                fields=["room"],
                condition=Q(state__in=["open", "resting"]),
                name="one_patient_a_room",
            ),
            models.CheckConstraint(
                condition=Q(
                    retention_planned_min__gte=RETENTION_MIN[0], retention_planned_min__lte=RETENTION_MIN[1]
                ),
                name="session_retention",
            ),
            models.CheckConstraint(
                condition=Q(comfort_0_10=None) | Q(comfort_0_10__lte=10), name="session_comfort_0_to_10"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("needled_at")),
                name="session_out_after_in",
            ),
            models.CheckConstraint(
                condition=~Q(state="signed")
                | (
                    Q(signed_at__isnull=False, signed_by__isnull=False)
                    & (Q(needles_in=F("needles_out")) | ~Q(count_reason=""))
                ),
                name="session_signed_only_with_needles_counted",
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.number} of {self.course_id}"


class NeedlePlacement(models.Model):
    """One point of a session: side, needles, depth, technique, deqi. `carried` until somebody confirms it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="placements")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=12)
    members = models.CharField(max_length=60, blank=True)  # places used of a point that is several: "2,3"
    side = models.CharField(
        max_length=7,
        choices=[("both", "both"), ("left", "left"), ("right", "right"), ("midline", "midline")],
    )
    needles = models.PositiveSmallIntegerField()
    depth_mm = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    technique = models.CharField(max_length=30, blank=True)
    deqi = models.BooleanField(null=True, blank=True)
    retention_min = models.PositiveSmallIntegerField(null=True, blank=True)
    carried = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="placement_position_once"),
            models.CheckConstraint(
                condition=Q(depth_mm=None) | Q(depth_mm__gte=DEPTH_MM[0], depth_mm__lte=DEPTH_MM[1]),
                name="placement_depth_possible",
            ),
            models.CheckConstraint(condition=Q(needles__gte=1, needles__lte=40), name="placement_needles"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.code} {self.side}"


class ElectricalPair(models.Model):
    """Two needled points joined by a stimulator: frequencies in Hz, current in mA, waveform."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="electrical_pairs")
    first_code = models.CharField(max_length=30)  # with its places, as on the line: EX-B2:L5
    second_code = models.CharField(max_length=30)
    side = models.CharField(max_length=7)
    frequency_hz = models.JSONField(default=list)
    current_ma = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    waveform = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.first_code}+{self.second_code}"


class SafetyScreen(models.Model):
    """What the rules said about this person and this plan, at the moment it was asked. Only added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="safety_screens")
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="screens"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=6)
    findings = models.JSONField(default=list)
    inputs = models.JSONField(default=dict)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "-at"], name="screen_latest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_by=None) | ~Q(lift_reason=""), name="stop_lifted_with_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.at:%Y-%m-%d %H:%M}"


class SuggestionShown(models.Model):
    """What the software suggested for a visit until its needles went in. What was placed stands with the session.

    `ranked` holds every point of the ranking in order: code, score, side, role, whether it was in the proposed set
    and whether the page came down to it; `left_out` what was kept out and why; `case` what it was computed from.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="suggestion")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    model_version = models.CharField(max_length=20)
    case = models.JSONField(default=dict)
    ranked = models.JSONField(default=list)
    left_out = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"suggestion for {self.session_id}"


class Protocol(models.Model):
    """A treatment line kept to be used again: a whole prescription or a group of points.

    One row a version. A version never changes but for being retired: a change is a new row that `replaces` the old
    one, and a copy is a row of its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="protocols")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="protocols")
    name = models.CharField(max_length=80)
    line = models.TextField()  # as `format_line` writes it
    condition = models.CharField(max_length=20, blank=True)  # a condition of `deqi.science.case`
    note = models.TextField(blank=True)
    shared = models.BooleanField(default=False)  # with everybody who may treat at the site
    version = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    copied_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies"
    )
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "site", "name"],
                condition=Q(retired_at=None),
                name="protocol_name_once_in_use",
            ),
            models.CheckConstraint(condition=~Q(line="") & ~Q(name=""), name="protocol_has_name_and_line"),
        ]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Amendment(models.Model):
    """What somebody added to a signed record. The original stays as it was."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="amendments")
    text = models.TextField()
    reason = models.CharField(max_length=200)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"amendment {self.at:%Y-%m-%d}"


class Observation(models.Model):
    """One number (or short answer) about one person at one time: what, how much, recall, through which channel.

    `code` is spelled as in `record.care.codes`.
    """

    class Channel(models.TextChoices):
        HOME = "home", "at home"
        CHAIR = "chair", "in the chair, before"
        AFTER = "after", "in the chair, after"
        EXAM = "exam", "examination"
        LINK = "link", "at home, by a link"
        IMPORT = "import", "imported"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="observations")
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    examination = models.ForeignKey(
        "Examination", on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    request = models.ForeignKey(
        "RatingRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    code = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    text = models.CharField(max_length=300, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    recall = models.CharField(max_length=5, blank=True)  # now, 24h, 7d, start
    channel = models.CharField(max_length=6, choices=Channel.choices)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["patient", "code", "effective_at"], name="observation_series"),
            models.Index(fields=["course", "code", "effective_at"], name="observation_of_course"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.value}"


class RatingRequest(models.Model):
    """Ratings asked of one person, for one course, to be given from `day` to `until` at the site (both included).

    What was asked never changes (a trigger); whether it was sent and answered does. `point`: day of the baseline,
    number of the visit, session before the review, weeks after the end, day of the design. Once a needle is placed no
    answer joins a baseline and none of it changes (triggers).
    """

    class Kind(models.TextChoices):
        BASELINE = "baseline", "before the first needle"
        VISIT = "visit", "before a visit"
        REVIEW = "review", "before a review"
        AFTER = "after", "after the end"
        DESIGN = "design", "daily, for an agreed design"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="rating_requests")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="rating_requests")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    point = models.PositiveSmallIntegerField()
    day = models.DateField()
    until = models.DateField()
    codes = models.JSONField(default=list)  # the questions, as observations spell them
    made_at = models.DateTimeField()
    sent_on = models.DateField(null=True, blank=True)  # the last day on which it was mailed
    sent_count = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    channel = models.CharField(max_length=6, choices=Observation.Channel.choices, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_why = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["patient", "-day"], name="request_of_patient"),
            models.Index(fields=["site", "day"], name="request_of_site"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["course", "day"], name="asked_once_a_day"),
            models.CheckConstraint(condition=Q(until__gte=F("day")), name="request_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class Messaging(models.Model):
    """Whether a person wants reminders, and the last day claimed for one (`sent_on`), sent or failed: one a day."""

    patient = models.OneToOneField(
        Patient, on_delete=models.PROTECT, primary_key=True, related_name="messaging"
    )
    sent_on = models.DateField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_how = models.CharField(
        max_length=4,
        choices=[("link", "by the link in a message"), ("page", "on their own page")],
        blank=True,
    )

    def __str__(self) -> str:
        return f"messages to {self.patient_id}"


class Examination(models.Model):
    """The bedside neuropathy examination on one day; each finding is also an observation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="examinations")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"examination {self.at:%Y-%m-%d}"


class AdverseEvent(models.Model):
    """Something unwanted that happened, said by whomever noticed. Assessment rows hold how it was judged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="adverse_events"
    )
    event_type = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    onset_at = models.DateTimeField()
    reporter_role = models.CharField(max_length=20)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    points = models.CharField(max_length=200, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "-onset_at"], name="event_of_patient")]

    def __str__(self) -> str:
        return self.event_type


class EventAssessment(models.Model):
    """One judgement of an adverse event: grade, seriousness, causality, action. Every version is kept."""

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="assessments")
    grade = models.PositiveSmallIntegerField()
    seriousness = models.JSONField(default=list)
    causality = models.CharField(max_length=20)
    expected = models.BooleanField()
    action_taken = models.TextField(blank=True)
    outcome = models.CharField(max_length=200, blank=True)
    assessed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assessed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(grade__gte=1, grade__lte=5), name="event_grade_1_to_5")
        ]
        ordering = ["-assessed_at"]

    def __str__(self) -> str:
        return f"grade {self.grade}"


class Incident(models.Model):
    """Something went wrong in the room: needles not accounted for, a faint, a forgotten needle."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="incidents")
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    kind = models.CharField(max_length=60)
    description = models.TextField()
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lesson = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.kind


class Review(models.Model):
    """The look at one course at a planned point: what was computed from what, what was decided, by whom."""

    class Decision(models.TextChoices):
        GO_ON = "go_on", "go on"
        CHANGE = "change", "change the plan"
        TAPER = "taper", "taper"
        STOP = "stop", "stop"
        REFER = "refer", "refer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="reviews")
    after_session = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    model_version = models.CharField(max_length=40)
    inputs_sha256 = models.CharField(max_length=64)
    result = models.JSONField(default=dict)
    global_change = models.PositiveSmallIntegerField(null=True, blank=True)
    decision = models.CharField(max_length=6, choices=Decision.choices)
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "after_session"], name="one_review_a_point"),
            models.CheckConstraint(
                condition=Q(global_change=None) | Q(global_change__gte=1, global_change__lte=7),
                name="review_global_change_1_to_7",
            ),
        ]
        ordering = ["course", "-after_session"]

    def __str__(self) -> str:
        return f"review after {self.after_session} of {self.course_id}"


class SingleCase(models.Model):
    """A single-case design offered in a course: protocol and seed fixed at the offer, the draw once, never changed."""

    class Design(models.TextChoices):
        START = "randomised-start", "randomised start"
        TAPER = "randomised-taper", "randomised taper"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="single_cases")
    design = models.CharField(max_length=20, choices=Design.choices)
    protocol = models.JSONField()
    seed = models.CharField(max_length=64)  # out of sight until drawn
    committed = models.CharField(max_length=64)  # SHA-256 of seed and protocol, shown from the offer on
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    drawn_at = models.DateTimeField(null=True, blank=True)
    drawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "design"], name="one_single_case_a_design"),
            models.CheckConstraint(
                condition=Q(drawn_at=None) | Q(consent__isnull=False, drawn_by__isnull=False),
                name="drawn_under_consent",
            ),
        ]
        ordering = ["course", "offered_at"]

    #: When the consent under which it was drawn was given; set by the queries that read it.
    agreed_at = None

    def __str__(self) -> str:
        return f"{self.design} in {self.course_id}"


class SingleCaseDeviation(models.Model):
    """Why a visit was booked or begun on a day other than chance drew: kept, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(SingleCase, on_delete=models.PROTECT, related_name="deviations")
    day = models.DateField()  # of the visit
    reason = models.TextField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "day"], name="one_single_case_deviation_a_day"),
            models.CheckConstraint(condition=~Q(reason=""), name="single_case_deviation_has_a_reason"),
        ]
        ordering = ["case", "day"]

    def __str__(self) -> str:
        return f"{self.day} in {self.case_id}"


class CourseLook(models.Model):
    """The newest look at a course, so that it is computed once. Worth nothing by itself: `record.care.looking`."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, primary_key=True, related_name="+")
    key = models.CharField(max_length=64)  # SHA-256 of the inputs and of what judged them
    look = models.TextField()  # JSON

    class Meta:
        db_table = "cache_course_look"

    def __str__(self) -> str:
        return f"look at {self.course_id}"


class Letter(models.Model):
    """A letter to another clinician. Its PDF is kept as sent; sending needs the sharing consent it names.

    A draft has neither `mailed_at` nor `sent_at`. One that the mail server was given has `mailed_at`, and `sent_at` once
    the server took it; between the two it may have gone, and is held as it is.
    """

    #: No mail is under way for longer: a dozen steps, each answered at the last moment (EMAIL_TIMEOUT).
    MAILED_WITHIN = timedelta(minutes=5)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="letters")
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="letters"
    )
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, null=True, blank=True, related_name="letters"
    )
    to = models.ForeignKey(CareProvider, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(
        max_length=10, choices=[("report", "report"), ("referral", "referral")], default="report"
    )
    urgency = models.CharField(max_length=20, default="routine")
    asked_first = models.TextField()
    body = models.JSONField(default=dict)
    pdf = models.BinaryField(null=True, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sent_how = models.CharField(max_length=20, blank=True)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(consent__isnull=False), name="letter_sent_only_under_consent"
            )
        ]
        indexes = [models.Index(fields=["patient", "-written_at"], name="letter_of_patient")]

    def __str__(self) -> str:
        return f"letter to {self.to_id}"

    @property
    def being_mailed(self) -> bool:
        """Whether the mail server may still be about to answer."""
        return bool(
            self.mailed_at and not self.sent_at and timezone.now() - self.mailed_at < self.MAILED_WITHIN
        )


class Task(models.Model):
    """Something due: a review, a letter to send, an event to assess, a missing answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="tasks")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    due_on = models.DateField()
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["site", "done_at", "due_on"], name="task_open")]

    def __str__(self) -> str:
        return self.title
