"""Sign-in on django-allauth: nobody signs up by themselves; accounts come from a manager or an invitation."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from deqi.record.practice import sealing
from deqi.record.practice.queries import actor_of, organization

#: What counts as a second factor. Recovery codes stand in for one that was lost; they are none by themselves.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

#: The ways of confirming who sits at the screen, as the buttons say them.
WAYS = {
    "reauthenticate": _("Use my password"),
    "mfa_reauthenticate": _("Use my authenticator app"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}


class SecondFactorStage(AuthenticateStage):
    """Asks for the second factor, but never a patient for a passkey they did not choose to use.

    To a patient a passkey is a second way in beside the e-mailed code. If it had to follow the code, a lost
    phone would lock them out of their own record. An authenticator app that a patient set up is asked for.
    """

    def _should_handle(self, request: HttpRequest) -> bool:
        if not super()._should_handle(request):
            return False
        user = self.login.user
        return actor_of(user).is_staff or Authenticator.objects.filter(user=user, type="totp").exists()


class Adapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        plain = "allauth.mfa.stages.AuthenticateStage"
        return [
            f"{__name__}.SecondFactorStage" if stage == plain else stage
            for stage in super().get_login_stages()
        ]

    def get_reauthentication_methods(self, user) -> list[dict]:
        return [
            {**way, "description": WAYS.get(way["id"], way["description"])}
            for way in super().get_reauthentication_methods(user)
        ]

    def format_email_subject(self, subject: str) -> str:
        clinic = organization()
        return f"{clinic.name}: {subject}" if clinic else str(subject)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Staff who must have a second factor cannot take away their last one; secrets are stored sealed."""

    def encrypt(self, text: str) -> str:
        return sealing.sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.opened(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not settings.REQUIRE_SECOND_FACTOR or not actor_of(authenticator.user).is_staff:
            return True
        others = Authenticator.objects.filter(user=authenticator.user, type__in=SECOND_FACTORS)
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user, type: str) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "This device" if count == 0 else f"Passkey {count + 1}"
