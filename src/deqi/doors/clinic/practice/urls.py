"""Addresses of the staff pages: practice."""

from django.urls import path

from deqi.doors.clinic.practice import people, views, watch

urlpatterns = [
    path("practice/", views.overview, name="practice"),
    path("practice/settings/", views.settings, name="practice_settings"),
    path("practice/sites/new/", views.new_site, name="new_site"),
    path("practice/sites/<uuid:site_id>/", views.site, name="site"),
    path("practice/sites/<uuid:site_id>/rooms/", views.new_room, name="new_room"),
    path("practice/rooms/<uuid:room_id>/", views.room, name="room"),
    path("practice/needles/", views.stock, name="stock"),
    path("practice/needles/<uuid:lot_id>/retire/", views.retire_lot, name="retire_lot"),
    path("practice/permissions/", views.permissions, name="permissions"),
    path("practice/staff/", people.members, name="staff"),
    path("practice/staff/new/", people.new_member, name="new_member"),
    path("practice/staff/<uuid:user_id>/", people.member, name="member"),
    path("practice/staff/<uuid:user_id>/roles/", people.give_role, name="give_role"),
    path("practice/staff/<uuid:user_id>/roles/<int:role_id>/end/", people.end_role, name="end_role"),
    path("practice/staff/<uuid:user_id>/account/", people.set_open, name="set_open"),
    path("practice/staff/<uuid:user_id>/second-factor/", people.forget_factor, name="forget_factor"),
    path("practice/staff/<uuid:user_id>/licences/", people.new_licence, name="new_licence"),
    path("practice/licences/", people.licence_notes, name="licence_notes"),
    path("practice/licences/<uuid:licence_id>/", people.licence, name="licence"),
    path("practice/licences/<uuid:licence_id>/check/", people.verify, name="verify_licence"),
    path("practice/incidents/", watch.incidents, name="incidents"),
    path("practice/incidents/new/", watch.new_incident, name="new_incident"),
    path("practice/incidents/<uuid:incident_id>/", watch.incident, name="incident"),
    path("practice/incidents/<uuid:incident_id>/close/", watch.close_incident, name="close_incident"),
    path("practice/audit/", watch.audit, name="audit"),
    path("practice/audit/file/", watch.audit_file, name="audit_file"),
]
