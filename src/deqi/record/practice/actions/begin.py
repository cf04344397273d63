"""The first rows of a clinic: organisation, site, manager."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.db import transaction

from deqi.record.actor import SYSTEM
from deqi.record.audit.actions import log
from deqi.record.errors import Refusal
from deqi.record.permissions import Role as RoleName
from deqi.record.practice.models import Organization, Role, Site, User


@transaction.atomic
def begin_practice(
    *,
    name: str,
    site: str,
    jurisdiction: str,
    time_zone: str,
    manager_name: str,
    manager_email: str,
    password: str,
    synthetic: bool = False,
) -> Organization:
    """Makes the organisation, its first site and its first manager, once.

    Raises Refusal when a clinic is already there or the time zone is unknown, ValidationError for an
    impossible e-mail address or a weak password.
    """
    if Organization.objects.exists():
        raise Refusal("There is a clinic here already; nothing was changed.", code="exists")
    if time_zone not in available_timezones():
        raise Refusal(f"{time_zone} is not an IANA time zone (e.g. Europe/London).", field="time_zone")
    validate_email(manager_email)
    manager = User(email=manager_email.lower(), name=manager_name)
    validate_password(password, manager)
    organization = Organization.objects.create(name=name, synthetic=synthetic)
    Site.objects.create(
        organization=organization, name=site, jurisdiction=jurisdiction.upper(), time_zone=time_zone
    )
    manager.set_password(password)
    manager.save()
    Role.objects.create(user=manager, role=RoleName.MANAGER)
    log(SYSTEM, "practice.manage", about=organization, detail={"begun": name})
    return organization
