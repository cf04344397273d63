from django.apps import AppConfig


class LearnConfig(AppConfig):
    name = "deqi.doors.learn"
    label = "door_learn"
