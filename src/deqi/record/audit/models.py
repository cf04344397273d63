"""The audit log: one row a read or write, chained by hash, never changed or deleted (triggers hold that)."""

from django.db import models


class AuditEntry(models.Model):
    """Who did what to whose record, when. `hash` covers every field and the entry before it."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    role = models.CharField(max_length=100, blank=True)
    verb = models.CharField(max_length=60)
    patient_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["patient_id", "-id"], name="audit_patient"),
            models.Index(fields=["actor_id", "-id"], name="audit_actor"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb}"


class AuditSubject(models.Model):
    """A patient who stood in a list that was read (a search, the day board). The ids are in the entry's hash."""

    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="subjects")
    patient_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["patient_id", "entry"], name="audit_subject_patient")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.patient_id}"


class AuditHead(models.Model):
    """The one row that knows the last entry, so that a cut tail is found. Its number can only grow."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_id = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_one_head")]

    def __str__(self) -> str:
        return f"head {self.last_id}"
