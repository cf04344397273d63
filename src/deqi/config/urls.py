"""Every address of the site, by door."""

from django.urls import include, path

from deqi.doors.accounts import drafts

urlpatterns = [
    path("drafts/", drafts.drafts, name="drafts"),
    path("still-here/", drafts.still_here, name="still_here"),
    path("account/", include("deqi.doors.accounts.urls")),
    path("r/", include("deqi.doors.rating.urls")),
    path("me/", include("deqi.doors.patient.urls")),
    path("", include("deqi.doors.clinic.urls")),
    path("", include("deqi.doors.learn.urls")),
]

handler404 = "deqi.doors.errors.not_found"
handler403 = "deqi.doors.errors.forbidden"
handler500 = "deqi.doors.errors.server_error"
