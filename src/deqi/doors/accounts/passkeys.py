"""Adding a passkey, and removing one unless it is the last second factor of somebody who must have one."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _


class AddPasskey(AddWebAuthnView):
    def get_success_url(self) -> str:
        """Staff see their recovery codes. A patient needs none (the e-mailed code stays) and goes on."""
        return super().get_success_url() if self.request.actor.is_staff else "/"


class RemovePasskey(RemoveWebAuthnView):
    def form_valid(self, form) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.get_object()):
            messages.error(
                self.request,
                _("This is your only second factor, and staff must have one. Add another first."),
            )
            return redirect("mfa_list_webauthn")
        return super().form_valid(form)


add = AddPasskey.as_view()
remove = RemovePasskey.as_view()
