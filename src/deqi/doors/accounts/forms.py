"""allauth's forms in our words: a visible label instead of a placeholder, a hint where one helps."""

from __future__ import annotations

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("E-mail"),
    "email": _("E-mail"),
    "password": _("Password"),
    "oldpassword": _("Password now"),
    "password1": _("New password"),
    "password2": _("New password, again"),
    "code": _("Code"),
    "name": _("Name of this passkey"),
}
HINTS = {
    "password": "",
    "password1": _("At least 12 characters. A few words that only you would put together work well."),
    "name": _("So that you can tell your devices apart, for example “my phone”."),
}


class Plain:
    """Takes placeholders away, names the fields, asks the keyboard of a phone for digits where codes are typed."""

    code_hint = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            field.help_text = HINTS.get(name, self.code_hint if name == "code" else field.help_text)
        first = next(iter(self.fields.values()), None)
        if first is not None and not first.widget.is_hidden:
            first.widget.attrs["autofocus"] = True


class LoginForm(Plain, account.LoginForm):
    pass


class RequestLoginCodeForm(Plain, account.RequestLoginCodeForm):
    pass


class ConfirmLoginCodeForm(Plain, account.ConfirmLoginCodeForm):
    code_hint = _("As it stands in the e-mail. It works for fifteen minutes.")


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    pass


class SetPasswordForm(Plain, account.SetPasswordForm):
    pass


class ResetPasswordForm(Plain, account.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    pass


class AuthenticateForm(Plain, mfa.AuthenticateForm):
    code_hint = _("Six digits from your authenticator app, or one of your recovery codes.")


class ConfirmAgainForm(Plain, mfa.ReauthenticateForm):
    code_hint = _("Six digits from your authenticator app, or one of your recovery codes.")


class ActivateAppForm(Plain, totp.ActivateTOTPForm):
    code_hint = _("The six digits that the app shows now.")


class AddPasskeyForm(Plain, webauthn.AddWebAuthnForm):
    """Always a real passkey: it opens with the device's own lock and needs no password beside it."""

    passwordless = forms.BooleanField(widget=forms.HiddenInput, initial=True, required=False)


class EditPasskeyForm(Plain, webauthn.EditWebAuthnForm):
    pass
