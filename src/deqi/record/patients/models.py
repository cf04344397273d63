"""The person: identity, contacts, other clinicians, diagnoses, medicines, allergies, facts, consents, intake."""

from __future__ import annotations

import unicodedata
import uuid

from django.db import models
from django.db.models import F, Q

from deqi.record.practice.models import Site, User


def folded(text: str) -> str:
    """`text` as names are compared: no case, no accents, single spaces. `folded(" Müller  Zoë")` is "muller zoe"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


class Patient(models.Model):
    """A person under care. Their home site sees them; another site only while `PatientShare` says so."""

    class Sex(models.TextChoices):
        FEMALE = "female", "female"
        MALE = "male", "male"
        OTHER = "other", "other"
        UNKNOWN = "unknown", "not said"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record_number = models.PositiveIntegerField(unique=True)
    home_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients")
    user = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True, related_name="patient")
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    search_name = models.CharField(max_length=170, editable=False)  # family name first, folded
    search_given = models.CharField(max_length=170, editable=False)  # given name first, folded
    birth_date = models.DateField()
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.TextField(blank=True)
    language = models.CharField(max_length=12, default="en")
    registered_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["search_name"], name="patient_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["search_given"], name="patient_given", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["home_site", "search_name"], name="patient_site_name"),
            models.Index(fields=["birth_date"], name="patient_birth"),
        ]

    def save(self, **kwargs) -> None:
        self.index_names()
        super().save(**kwargs)

    def index_names(self) -> None:
        """Fills the two columns that searches look at; needed by hand only before a bulk insert."""
        self.search_name = folded(f"{self.family_name} {self.given_name}")[:170]
        self.search_given = folded(f"{self.given_name} {self.family_name}")[:170]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def __str__(self) -> str:
        return self.name


class PatientShare(models.Model):
    """Another site of the same organisation may see this patient, from when to when, and who allowed it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="shares")
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    since = models.DateTimeField(auto_now_add=True)
    shared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "site"], condition=Q(ended_at=None), name="shared_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} at {self.site_id}"


class Contact(models.Model):
    """Somebody to call: family, friend, carer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=120)
    relation = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=40)
    emergency = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class CareProvider(models.Model):
    """The person's other clinicians: primary-care doctor, oncologist and so on."""

    class Kind(models.TextChoices):
        PCP = "pcp", "primary-care doctor"
        ONCOLOGIST = "oncologist", "oncologist"
        NEUROLOGIST = "neurologist", "neurologist"
        DIABETOLOGIST = "diabetologist", "diabetes clinic"
        OTHER = "other", "other"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="care_providers")
    kind = models.CharField(max_length=14, choices=Kind.choices, default=Kind.PCP)
    name = models.CharField(max_length=120)
    organisation = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    address = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A link that lets a patient in once to set up their sign-in. Only the hash of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="invitations")
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_to = models.EmailField(blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation of {self.patient_id}"


class Consent(models.Model):
    """One decision on one versioned text. Rows are only added; the newest of a kind is in force."""

    class Kind(models.TextChoices):
        CARE = "care", "care"
        MEASUREMENT = "measurement", "measurement"
        SHARING = "sharing", "sharing with my doctors"
        REGISTRY = "registry", "registry"
        SINGLE_CASE = "single_case", "letting chance decide"

    class Decision(models.TextChoices):
        GIVEN = "given", "given"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    version = models.CharField(max_length=20)
    text_sha256 = models.CharField(max_length=64)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    signed_name = models.CharField(max_length=120)
    at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["patient", "kind", "-at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.decision}"


class Condition(models.Model):
    """A diagnosis, foremost the neuropathy: cause, ICD-10, since when, by whom, which work-up is known."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="conditions")
    is_neuropathy = models.BooleanField(default=True)
    condition = models.CharField(max_length=20, blank=True)  # as in science.case: cipn, dpn, cts, ...
    label = models.CharField(max_length=160)
    icd10 = models.CharField(max_length=10, blank=True)
    onset = models.DateField(null=True, blank=True)
    onset_precision = models.CharField(
        max_length=5, choices=[("day", "day"), ("month", "month"), ("year", "year")], default="month"
    )
    diagnosed_by = models.CharField(max_length=120, blank=True)
    work_up = models.JSONField(default=dict)  # item -> known | missing | result text
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label


class Medication(models.Model):
    """A medicine as the person takes it. A change of dose ends one row and starts the next."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="medications")
    name = models.CharField(max_length=120)
    dose_text = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    source = models.CharField(
        max_length=12,
        choices=[("patient", "patient"), ("record", "record"), ("letter", "letter")],
        default="patient",
    )
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(started_on=None) | Q(ended_on__gte=F("started_on")),
                name="medicine_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.dose_text}".strip()


class Allergy(models.Model):
    """What the person reacts to, and how."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="allergies")
    substance = models.CharField(max_length=120)
    reaction = models.CharField(max_length=160, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.substance


class SafetyFact(models.Model):
    """One answer to one safety question (`deqi.science.safety.facts()`). Only added; the newest counts."""

    class Source(models.TextChoices):
        PATIENT = "patient", "patient"
        RECORD = "record", "record"
        LETTER = "letter", "letter"
        MEASURED = "measured", "measured"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="safety_facts")
    key = models.CharField(max_length=60)
    value = models.JSONField(null=True)  # None: asked, not known
    source = models.CharField(max_length=8, choices=Source.choices)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["patient", "key", "-answered_at"], name="fact_latest")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class RedFlagAnswer(models.Model):
    """One answer to one red-flag question, at intake or at a visit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="red_flags")
    flag = models.CharField(max_length=60)
    present = models.BooleanField()
    note = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    session_id = models.UUIDField(null=True, blank=True)  # care.Session; the care app lies above this one
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    resolution = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "-asked_at"], name="red_flag_latest")]

    def __str__(self) -> str:
        return f"{self.flag} {'yes' if self.present else 'no'}"


class Intake(models.Model):
    """The story told once, before the first visit. `answers` holds each step as it was given."""

    class Status(models.TextChoices):
        STARTED = "started", "started"
        SUBMITTED = "submitted", "sent by the patient"
        COMPLETED = "completed", "completed in the room"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="intakes")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.STARTED)
    answers = models.JSONField(default=dict)  # step -> answer
    last_step = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"intake of {self.patient_id}"


class SymptomMap(models.Model):
    """Where it burns, tingles or is numb on one day. Its marks are never changed; a new day is a new map."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="symptom_maps")
    at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"symptom map {self.at:%Y-%m-%d}"


class SymptomMark(models.Model):
    """One region of a symptom map: `region` as in `deqi.science.points.drawing.regions`, sensation, 0-10."""

    map = models.ForeignKey(SymptomMap, on_delete=models.CASCADE, related_name="marks")
    region = models.CharField(max_length=60)
    side = models.CharField(max_length=6, choices=[("left", "left"), ("right", "right"), ("both", "both")])
    sensation = models.CharField(max_length=20)
    level_0_10 = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level_0_10__lte=10), name="mark_level_0_to_10"),
            models.UniqueConstraint(fields=["map", "region", "side", "sensation"], name="mark_once"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.region}: {self.sensation} {self.level_0_10}"
