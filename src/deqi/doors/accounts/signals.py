"""What allauth tells us about sign-ins, written to the audit log; and the mark that a second factor is there."""

from __future__ import annotations

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.dispatch import receiver

from deqi.doors.accounts.adapter import SECOND_FACTORS
from deqi.doors.accounts.idle import was_here
from deqi.doors.accounts.second_factor import SEEN
from deqi.record.practice.actions.signins import record_sign_in_event
from deqi.record.practice.models import User


@receiver(auth.user_logged_in)
def begin_the_session(sender, request, user, **kwargs) -> None:
    was_here(request)
    if Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists():
        request.session[SEEN] = True


@receiver(account.user_logged_in)
def signed_in(sender, request, user, **kwargs) -> None:
    ways = [step["method"] for step in request.session.get("account_authentication_methods", [])]
    record_sign_in_event("in", user, {"ways": ways})


@receiver(auth.user_logged_out)
def signed_out(sender, request, user, **kwargs) -> None:
    if user is not None:
        record_sign_in_event("out", user)


@receiver(auth.user_login_failed)
def failed(sender, credentials, request=None, **kwargs) -> None:
    user = User.objects.filter(email__iexact=credentials.get("email") or "").first()
    record_sign_in_event("failed", user)


@receiver(mfa.authentication_failed)
def second_step_failed(sender, request, user, authenticator, **kwargs) -> None:
    record_sign_in_event("failed", user, {"step": authenticator.type})


@receiver(mfa.authenticator_added)
def factor_added(sender, request, user, authenticator, **kwargs) -> None:
    record_sign_in_event("factor_added", user, {"kind": authenticator.type})
    post_authentication(request, authenticator, reauthenticated=True)  # they hold it: no need to ask again


@receiver(mfa.authenticator_removed)
def factor_removed(sender, request, user, authenticator, **kwargs) -> None:
    record_sign_in_event("factor_removed", user, {"kind": authenticator.type})
    request.session.pop(SEEN, None)


@receiver(mfa.authenticator_reset)
def factor_renewed(sender, request, user, authenticator, **kwargs) -> None:
    record_sign_in_event("factor_renewed", user, {"kind": authenticator.type})


@receiver([account.password_changed, account.password_set, account.password_reset])
def password_changed(sender, request, user, **kwargs) -> None:
    record_sign_in_event("password_changed", user)
