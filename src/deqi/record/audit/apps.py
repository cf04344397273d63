from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "deqi.record.audit"
    label = "audit"
