from django.apps import AppConfig


class PracticeConfig(AppConfig):
    name = "deqi.record.practice"
    label = "practice"
