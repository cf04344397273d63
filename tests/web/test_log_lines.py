"""What Django writes of pages that were refused goes through the filter of the settings."""

import logging

from django.conf import settings
from django.test import Client


def test_a_refused_invitation_leaves_no_secret_in_the_log(people, caplog):
    filters = [name for handler in settings.LOGGING["handlers"].values() for name in handler["filters"]]
    assert filters == ["links"]
    (handler,) = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    secret = "c2VjcmV0LW9mLWFuLWludml0YXRpb24"
    assert Client().get(f"/account/invitation/{secret}/").status_code == 410
    (record,) = [one for one in caplog.records if one.name == "django.request"]
    assert handler.filter(record) and secret not in handler.format(record)
