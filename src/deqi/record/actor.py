"""The acting person: who asks, in which roles, at which sites. Every action and query takes one first."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from deqi.record.errors import Forbidden
from deqi.record.permissions import STAFF_ROLES, Role, roles_that_may


@dataclass(frozen=True)
class Actor:
    """One person as the permission table sees them.

    `roles` holds (role, site) pairs; a site of None means every site of the organisation. `patient_id` is set
    for a patient signed in as themselves. `time_zone` is the IANA name of the one clock of the sites of all these
    roles; "" when they have several, or a role for every site.
    """

    user_id: UUID | None = None
    name: str = "nobody"
    roles: frozenset[tuple[Role, UUID | None]] = field(default_factory=frozenset)
    patient_id: UUID | None = None
    practitioner_id: UUID | None = None
    time_zone: str = ""

    @property
    def is_staff(self) -> bool:
        return any(role in STAFF_ROLES for role, _ in self.roles)

    @property
    def role_names(self) -> frozenset[Role]:
        return frozenset(role for role, _ in self.roles)

    def may(self, verb: str, site_id: UUID | None = None) -> bool:
        """Whether a role of this person, held at `site_id` (or anywhere when it is None), allows `verb`."""
        allowed = roles_that_may(verb)
        return any(
            role in allowed and (site_id is None or site is None or site == site_id)
            for role, site in self.roles
        )

    def check(self, verb: str, site_id: UUID | None = None) -> None:
        """Raises Forbidden unless `may(verb, site_id)`."""
        if not self.may(verb, site_id):
            raise Forbidden(verb)

    def sites(self, verb: str) -> frozenset[UUID] | None:
        """Sites at which this person may do `verb`; None means every site."""
        allowed = roles_that_may(verb)
        held = {site for role, site in self.roles if role in allowed}
        return None if None in held else frozenset(site for site in held if site is not None)


#: The software itself: migrations, the demo clinic, reminders.
SYSTEM = Actor(name="Deqi")
NOBODY = Actor()
