from django.apps import AppConfig


class DoorsConfig(AppConfig):
    name = "deqi.doors"
    label = "doors"
