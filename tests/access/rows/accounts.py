"""Rows behind the addresses of sign-in."""

from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator

from tests.access.rows import for_all, own


def passkey(people, user) -> dict:
    data = {"name": "phone", "credential": {}}
    return {"pk": Authenticator.objects.create(user=user, type="webauthn", data=data).pk}


ROWS = {
    "account_invitation": for_all(lambda people: {"secret": "not-a-secret"}),
    "account_reset_password_from_key": for_all(
        lambda people: {"uidb36": "1", "key": default_token_generator.make_token(people.alice)}
    ),
    "mfa_edit_webauthn": own(passkey),
    "mfa_remove_webauthn": own(passkey),
}
