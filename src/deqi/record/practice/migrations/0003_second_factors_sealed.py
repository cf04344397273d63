"""Secrets of authenticator apps and recovery codes that stand in the clear are sealed.

The cipher is written out here, as it was when this step was made (deqi.record.practice.sealing has it for now).
"""

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import migrations

MARK = "sealed1:"


def _lock():
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.SEAL_KEY.encode()).digest()))


def _seal(text):
    return text if text.startswith(MARK) else MARK + _lock().encrypt(text.encode()).decode()


def _open(text):
    return _lock().decrypt(text.removeprefix(MARK)).decode() if text.startswith(MARK) else text


def _change(apps, how):
    for row in apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn").iterator():
        for name in ("secret", "seed"):
            if name in row.data:
                row.data[name] = how(row.data[name])
        if row.data.get("migrated_codes"):
            row.data["migrated_codes"] = [how(code) for code in row.data["migrated_codes"]]
        row.save(update_fields=["data"])


def seal(apps, schema_editor):
    _change(apps, _seal)


def unseal(apps, schema_editor):
    _change(apps, _open)


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_cache_table"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [migrations.RunPython(seal, unseal)]
