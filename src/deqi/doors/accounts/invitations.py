"""The link a patient gets: a welcome, one choice, and they are in. And the e-mail that carries it."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from deqi.doors.access import public
from deqi.doors.clock import render
from deqi.doors.forms import DeqiForm
from deqi.record.errors import Refusal
from deqi.record.patients.actions import invitations
from deqi.record.patients.models import Invitation, Patient

WAYS = [
    ("code", gettext_lazy("A code by e-mail each time")),
    ("passkey", gettext_lazy("This phone’s own lock")),
]


class WelcomeForm(DeqiForm):
    way = forms.ChoiceField(
        label=gettext_lazy("How do you want to come in next time?"),
        choices=WAYS,
        widget=forms.RadioSelect,
        initial="code",
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("Codes go there. Nothing else is sent without your consent."),
        max_length=254,
    )

    def __init__(self, *args, invitation: Invitation, **kwargs):
        super().__init__(*args, **kwargs)
        if invitation.patient.user or invitation.sent_to or invitation.patient.email:
            del self.fields["email"]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def welcome(request: HttpRequest, secret: str) -> HttpResponse:
    """Opening the link changes nothing (mail scanners open links too); sending the choice uses it up."""
    try:
        invitation = invitations.invitation_of(secret)
    except Refusal as refusal:
        return render(request, "account/invitation_over.html", {"refusal": refusal}, status=410)
    form = WelcomeForm(request.POST or None, invitation=invitation)
    if request.method == "POST" and not request.user.is_authenticated and form.is_valid():
        try:
            user = invitations.accept(secret, email=form.cleaned_data.get("email", ""))
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            record_authentication(request, user, method="invitation")
            after = "mfa_add_webauthn" if form.cleaned_data["way"] == "passkey" else "patient:home"
            return perform_login(request, Login(user=user, redirect_url=reverse(after)))
    context = {"invitation": invitation, "patient": invitation.patient, "form": form}
    return render(request, "account/invitation.html", context, status=422 if form.is_bound else 200)


def mail_invitation(patient: Patient, link: str, to: str) -> None:
    """Sends the link. It names the clinic and nothing about anybody's health."""
    clinic = patient.home_site.organization.name
    text = render_to_string(
        "account/email/invitation_message.txt",
        {"patient": patient, "clinic": clinic, "link": link, "days": invitations.VALID_DAYS},
    )
    subject = _("%(clinic)s: before your first visit") % {"clinic": clinic}
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [to])
