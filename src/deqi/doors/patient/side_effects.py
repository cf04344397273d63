"""What a side effect is, and saying that there was one."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.forms import DateInput, DeqiForm
from deqi.doors.http import see_other
from deqi.record.care.actions.own import after_needling_flags, report_side_effect
from deqi.record.care.queries.own import OwnEvents, own_events
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.clock import local, today_at
from deqi.science.safety import adverse_event_types, event_groups, red_flags

YES_NO = [("no", _("No")), ("yes", _("Yes"))]


class SideEffectForm(DeqiForm):
    """What happened, when, after which visit; and the signs that cannot wait."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    event_type = forms.ChoiceField(label=_("What happened?"))
    happened_on = forms.DateField(label=_("On which day did it begin?"), widget=DateInput())
    session = forms.ChoiceField(label=_("After which visit?"), required=False)
    description = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, own: OwnEvents, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event_type"].choices = [("", _("choose")), *_kinds()]
        visits = [
            (str(one.id), f"{local(one.site, one.opened_at):%-d %b %Y}, {one.site.name}")
            for one in own.sessions
        ]
        self.fields["session"].choices = [("", _("not sure")), *visits]
        flags = {
            flag.id: forms.ChoiceField(label=flag.question, choices=YES_NO, widget=forms.RadioSelect)
            for flag in after_needling_flags()
        }
        self.fields = {**flags, **self.fields}

    def flags(self) -> dict[str, bool]:
        return {flag.id: self.cleaned_data[flag.id] == "yes" for flag in after_needling_flags()}


def _kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a patient can report, group by group, in their words."""
    groups = [
        (group.title, [(kind.key, kind.patient_words) for kind in group.types if kind.patient_words])
        for group in event_groups()
    ]
    return [(title, kinds) for title, kinds in groups if kinds]


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def side_effects(request: HttpRequest) -> HttpResponse:
    """The words, the form and what was reported before."""
    own = own_events(request.actor)
    form = SideEffectForm(
        request.POST or None, own=own, initial={"happened_on": today_at(own.patient.home_site)}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            _event, alarm = report_side_effect(
                request.actor,
                event_id=data["row"],
                event_type=data["event_type"],
                happened_on=data["happened_on"],
                description=data["description"],
                session_id=UUID(data["session"]) if data["session"] else None,
                flags=form.flags(),
            )
            return see_other("patient:side_effect_kept", alarm.id if alarm else "kept")
        except Refusal as refusal:
            form.refuse(refusal)
    words = {kind.key: kind.patient_words or kind.label for kind in adverse_event_types()}
    events = [{"event": one, "words": words.get(one.event_type, one.event_type)} for one in own.events]
    context = {"form": form, "events": events, "site": own.patient.home_site}
    return render(request, "patient/side_effects.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def kept(request: HttpRequest, flag: str) -> HttpResponse:
    """Thanks; or, when a sign that cannot wait was answered yes, what to do now."""
    own = own_events(request.actor)
    alarm = next((one for one in red_flags() if one.id == flag), None)
    if alarm is None and flag != "kept":
        raise NotFound("There is no such page.")
    context = {"flag": alarm, "site": own.patient.home_site, "question": alarm.question if alarm else ""}
    return render(request, "patient/side_effect_kept.html", context)
