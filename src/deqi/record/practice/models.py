"""The practice: organisation, sites, rooms, people who work there, their licences, needle stock, drafts."""

from __future__ import annotations

import uuid
from datetime import time

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from deqi.record.permissions import STAFF_ROLES
from deqi.record.permissions import Role as RoleName


class Organization(models.Model):
    """The clinic as a whole. `synthetic` marks a clinic of made-up people; every page then says so."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    synthetic = models.BooleanField(default=False)
    emergency_number = models.CharField(max_length=20, default="112")
    messages_from = models.TimeField(
        default=time(9)
    )  # no message to a patient before, by the clock of their site
    messages_until = models.TimeField(default=time(20))  # nor from then on

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A place where people are treated. `jurisdiction` (e.g. US-CA, DE, GB) is what a licence must cover."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    jurisdiction = models.CharField(max_length=20)
    time_zone = models.CharField(max_length=40, default="UTC")
    address = models.TextField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="site_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Room(models.Model):
    """A treatment room of a site."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=60)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="room_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class NeedleLot(models.Model):
    """A box of sterile single-use needles, for recall."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="needle_lots")
    maker = models.CharField(max_length=80)
    gauge_mm = models.DecimalField(max_digits=4, decimal_places=2)
    length_mm = models.PositiveSmallIntegerField()
    lot = models.CharField(max_length=40)
    expires = models.DateField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "maker", "lot"], name="lot_once"),
            models.CheckConstraint(
                condition=Q(gauge_mm__gte=0.1, gauge_mm__lte=0.6, length_mm__gte=5, length_mm__lte=125),
                name="needle_size_possible",
            ),
        ]
        ordering = ["-expires"]

    def __str__(self) -> str:
        return f"{self.maker} {self.gauge_mm} × {self.length_mm} mm, lot {self.lot}"


class UserManager(BaseUserManager):
    def create_user(self, email: str, name: str, password: str | None = None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None):
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """Somebody who signs in: staff, or a patient to their own record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A role a member of staff holds, at one site or (site empty) at all. Ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="held_roles")
    role = models.CharField(max_length=20, choices=[(r.value, r.value.replace("_", " ")) for r in RoleName])
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True)
    since = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "site"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="role_held_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=sorted(r.value for r in STAFF_ROLES)), name="role_is_a_staff_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


class Practitioner(models.Model):
    """Somebody who needles, when their licence allows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="practitioner")
    title = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return f"{self.user.name}, {self.title}" if self.title else self.user.name


class Licence(models.Model):
    """Permission to needle in a jurisdiction, and who checked it against which register."""

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        PENDING = "pending", "applied for"
        SUSPENDED = "suspended", "suspended"
        REVOKED = "revoked", "revoked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="licences")
    jurisdiction = models.CharField(max_length=20)
    authority = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    issued = models.DateField()
    expires = models.DateField()
    verified_on = models.DateField(null=True, blank=True)
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verified_source = models.CharField("register checked", max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires__gte=F("issued")), name="licence_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(verified_on=None) | (Q(verified_by__isnull=False) & ~Q(verified_source="")),
                name="licence_verified_by_someone_against_something",
            ),
            models.UniqueConstraint(
                fields=["jurisdiction", "authority", "number"], name="licence_number_once"
            ),
        ]
        ordering = ["expires"]

    def __str__(self) -> str:
        return f"{self.authority} {self.number}"


class LicenceNotice(models.Model):
    """One mail about a licence that ends, `step_days` before its last day (0: it has ended). Sent once a step."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="notices")
    expires = models.DateField()  # a renewed licence is announced anew
    step_days = models.PositiveSmallIntegerField()
    claimed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["licence", "expires", "step_days"], name="licence_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.step_days} days before {self.expires}"


class PeriodicJob(models.Model):
    """Work that is done by itself (`record.operations.jobs`): when it is due next and how it went last."""

    name = models.CharField(primary_key=True, max_length=40)
    next_run_at = models.DateTimeField()
    running_until = models.DateTimeField(null=True, blank=True)  # a worker is at it, at most until then
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)  # "" when the last run went well
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_result = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What somebody had typed on a page when their session ended. Theirs alone; gone once the page is saved."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    page = models.CharField(max_length=300)
    fields = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="one_draft_a_page")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.page}"
