from django.apps import AppConfig


class CareConfig(AppConfig):
    name = "deqi.record.care"
    label = "care"
