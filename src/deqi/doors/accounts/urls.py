"""Sign-in pages. Only those that Deqi uses are reachable: no sign-up, no social sign-in, no e-mail lists."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, re_path

from deqi.doors.access import public, signed_in
from deqi.doors.accounts import invitations, passkeys

urlpatterns = [
    path("login/", public(account.login), name="account_login"),
    path("login/code/", public(account.request_login_code), name="account_request_login_code"),
    path("login/code/confirm/", public(account.confirm_login_code), name="account_confirm_login_code"),
    path("login/second/", public(mfa.authenticate), name="mfa_authenticate"),
    path("login/passkey/", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("invitation/<str:secret>/", invitations.welcome, name="account_invitation"),
    path("logout/", public(account.logout), name="account_logout"),
    path("inactive/", public(account.account_inactive), name="account_inactive"),
    path("password/change/", signed_in(account.password_change), name="account_change_password"),
    path("password/set/", signed_in(account.password_set), name="account_set_password"),
    path("password/reset/", public(account.password_reset), name="account_reset_password"),
    path("password/reset/sent/", public(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/done/",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("again/", signed_in(account.reauthenticate), name="account_reauthenticate"),
    path("again/code/", signed_in(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("again/passkey/", signed_in(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("", signed_in(mfa.index), name="mfa_index"),
    path("app/", signed_in(totp.activate_totp), name="mfa_activate_totp"),
    path("app/remove/", signed_in(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("passkeys/", signed_in(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("passkeys/add/", signed_in(passkeys.add), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", signed_in(passkeys.remove), name="mfa_remove_webauthn"),
    path("passkeys/<int:pk>/rename/", signed_in(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("recovery-codes/", signed_in(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", signed_in(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path(
        "recovery-codes/file/", signed_in(codes.download_recovery_codes), name="mfa_download_recovery_codes"
    ),
]
