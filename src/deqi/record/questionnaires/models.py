"""Questionnaires that the clinic imported, who allows their use, and what people answered."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from deqi.record.care.models import Course, Observation
from deqi.record.patients.models import Patient
from deqi.record.practice.models import User


class Instrument(models.Model):
    """One version of a questionnaire (url and version), as imported. Never changed or deleted, only retired.

    `key` names it in the codes of observations and is the same for all its versions; `links` holds, for a shipped
    scorer, which item answers which part; `sha256` is that of the resource as canonical JSON.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField(max_length=300)
    version = models.CharField(max_length=60)
    key = models.CharField(max_length=24)
    title = models.CharField(max_length=200)
    resource = models.JSONField()
    sha256 = models.CharField(max_length=64)
    scorer = models.CharField(max_length=30, blank=True)
    links = models.JSONField(default=dict)
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["url", "version"], name="instrument_version_once")]
        ordering = ["title", "imported_at", "id"]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class UsePermission(models.Model):
    """Who allows the clinic to use an instrument, in what words, until when, and who recorded it. Only added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="permissions")
    who = models.CharField(max_length=200)
    statement = models.TextField()
    until = models.DateField(null=True, blank=True)  # the last day; empty: without an end
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(who="") & ~Q(statement=""), name="permission_says_who_and_what"
            )
        ]
        ordering = ["-recorded_at", "id"]

    def __str__(self) -> str:
        return f"{self.who} until {self.until or 'further notice'}"


class CourseQuestionnaire(models.Model):
    """An instrument that the links of one course ask, once in each of `windows` of the plan of asks. Ended, not changed."""

    class Window(models.TextChoices):
        BASELINE = "baseline", "in the baseline"
        REVIEW = "review", "before each review"
        AFTER = "after", "4, 12 and 26 weeks after the end"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="questionnaires")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="choices")
    windows = models.JSONField(default=list)
    chosen_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "instrument"], condition=Q(ended_at=None), name="chosen_once_a_course"
            )
        ]
        ordering = ["chosen_at", "id"]

    def __str__(self) -> str:
        return f"{self.instrument_id} over course {self.course_id}"

    @classmethod
    def words(cls, windows: list[str]) -> str:
        """Windows in words, e.g. `in the baseline, before each review`."""
        return ", ".join(str(cls.Window(one).label) for one in windows)


class Assignment(models.Model):
    """An instrument that one person is asked to answer, at home or in the room.

    One that a course asks by itself names the choice it came of and its window, and ends with the day `due_on`.
    """

    class Where(models.TextChoices):
        HOME = "home", "at home, on the phone"
        ROOM = "room", "here, in the room"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="questionnaires")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="assignments")
    where = models.CharField(max_length=4, choices=Where.choices)
    due_on = models.DateField(null=True, blank=True)
    chosen = models.ForeignKey(
        CourseQuestionnaire, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    window = models.CharField(max_length=8, choices=CourseQuestionnaire.Window.choices, blank=True)
    assigned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["patient", "-assigned_at"], name="assignment_of_patient")]
        ordering = ["-assigned_at", "id"]

    def __str__(self) -> str:
        return f"{self.instrument_id} for {self.patient_id}"


class Response(models.Model):
    """What one person answered. Once complete it never changes (a trigger); an amendment is a response of its own.

    `answers` holds link id -> values as they are given; `resource` the FHIR QuestionnaireResponse when complete. The
    channel is `link` as soon as one answer came by a link; nobody is known to have given those.
    """

    class Status(models.TextChoices):
        OPEN = "in-progress", "begun"
        COMPLETE = "completed", "complete"
        AMENDED = "amended", "an amendment"

    class Channel(models.TextChoices):
        HOME = "home", "at home"
        CHAIR = "chair", "in the room"
        LINK = "link", "at home, by a link"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="responses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="questionnaire_responses")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="responses")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.OPEN)
    channel = models.CharField(max_length=5, choices=Channel.choices)
    answers = models.JSONField(default=dict)
    resource = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    amends = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="amended_by"
    )
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["patient", "-completed_at"], name="response_of_patient")]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(amends=None), name="one_first_response_an_assignment"
            ),
            models.CheckConstraint(
                condition=Q(status="in-progress") | (Q(completed_at__isnull=False) & ~Q(sha256="")),
                name="response_complete_with_its_resource",
            ),
            models.CheckConstraint(
                condition=Q(amends=None) | (Q(status="amended") & ~Q(reason="")),
                name="amendment_gives_its_reason",
            ),
        ]
        ordering = ["-completed_at", "id"]

    def __str__(self) -> str:
        return f"response to {self.instrument_id} of {self.patient_id}"


class ResponseNumber(models.Model):
    """Which number of which response an observation is. The instrument's version stands with the response."""

    class Kind(models.TextChoices):
        SCORE = "score", "a score"
        ANSWER = "answer", "an answer"

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="numbers")
    observation = models.OneToOneField(Observation, on_delete=models.PROTECT, related_name="of_questionnaire")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    key = models.CharField(max_length=200)
    label = models.CharField(max_length=300)
    meaning = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["response", "key"], name="number_of_response_once")]

    def __str__(self) -> str:
        return self.label
