from django.apps import AppConfig


class QuestionnairesConfig(AppConfig):
    name = "deqi.record.questionnaires"
    label = "questionnaires"
