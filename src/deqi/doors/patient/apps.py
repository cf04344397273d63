from django.apps import AppConfig


class PatientConfig(AppConfig):
    name = "deqi.doors.patient"
    label = "door_patient"
