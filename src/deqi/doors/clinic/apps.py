from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "deqi.doors.clinic"
    label = "door_clinic"
