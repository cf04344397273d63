from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "deqi.record.patients"
    label = "patients"
