from django.apps import AppConfig


class DoorsConfig(AppConfig):
    name = "deqi.doors"
    label = "doors"

    def ready(self) -> None:
        from deqi.doors.accounts import signals  # noqa: F401 - connects the receivers
