"""Who holds only the database cannot make one-time codes: the raw column is read here."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.apps import apps
from django.db import connection
from tests.conftest import TOTP_SECRET

from deqi.record.operations.check import CHECKS
from deqi.record.practice.sealing import MARK, SealBroken, fingerprint, opened, sealed

MIGRATION = import_module("deqi.record.practice.migrations.0003_second_factors_sealed")


def raw(user, kind: str) -> dict:
    """The stored column itself, past the model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data FROM mfa_authenticator WHERE user_id = %s AND type = %s",
            [
                Authenticator._meta.get_field("user").target_field.get_db_prep_value(user.pk, connection),
                kind,
            ],
        )
        stored = cursor.fetchone()[0]
    return json.loads(stored) if isinstance(stored, str) else stored


def code_now() -> str:
    return format_hotp_value(hotp_value(TOTP_SECRET, list(yield_hotp_counters_from_time())[1]))


def test_the_secret_of_an_app_is_stored_sealed_and_still_makes_its_codes(people):
    stored = raw(people.alice, "totp")["secret"]
    assert stored.startswith(MARK) and TOTP_SECRET not in stored
    app = TOTP(Authenticator.objects.get(user=people.alice, type="totp"))
    assert app.validate_code(code_now())


def test_recovery_codes_are_stored_sealed_and_each_works_once(people):
    codes = RecoveryCodes.activate(people.alice).generate_codes()
    stored = json.dumps(raw(people.alice, "recovery_codes"))
    assert json.loads(stored)["seed"].startswith(MARK)
    assert not [code for code in codes if code in stored]
    kept = RecoveryCodes(Authenticator.objects.get(user=people.alice, type="recovery_codes"))
    assert kept.validate_code(codes[0])
    assert not kept.validate_code(codes[0])


def test_what_stood_in_the_clear_is_sealed_by_the_upgrade_and_comes_back_by_its_reverse(people):
    Authenticator.objects.filter(user=people.alice).update(data={"secret": TOTP_SECRET})
    old = {"seed": "ab" * 40, "used_mask": 3, "migrated_codes": ["12345678"]}
    Authenticator.objects.create(user=people.alice, type="recovery_codes", data=old)
    MIGRATION.seal(apps, None)
    MIGRATION.seal(apps, None)  # a second run seals nothing twice
    kept = raw(people.alice, "recovery_codes")
    assert opened(raw(people.alice, "totp")["secret"]) == TOTP_SECRET
    assert opened(kept["seed"]) == old["seed"] and kept["used_mask"] == 3
    assert [opened(code) for code in kept["migrated_codes"]] == ["12345678"]
    MIGRATION.unseal(apps, None)
    assert raw(people.alice, "recovery_codes") == old


def test_a_passkey_is_left_as_it_is(people):
    made = Authenticator.objects.create(user=people.alice, type="webauthn", data={"name": "phone"})
    MIGRATION.seal(apps, None)
    made.refresh_from_db()
    assert made.data == {"name": "phone"}


def test_with_another_key_the_check_names_every_factor_and_nothing_opens(people, settings):
    assert list(CHECKS["second factors"]()) == []
    was, kept = settings.SEAL_KEY, sealed("secret")
    settings.SEAL_KEY = "another key"
    with pytest.raises(SealBroken, match="another key"):
        opened(kept)
    found = list(CHECKS["second factors"]())
    assert len(found) == Authenticator.objects.count() and "totp" in found[0]
    assert fingerprint("another key") != fingerprint(was)


def test_a_secret_in_the_clear_is_a_fault_and_is_not_used(people):
    Authenticator.objects.filter(user=people.alice).update(data={"secret": TOTP_SECRET})
    assert ["never sealed" in fault for fault in CHECKS["second factors"]()] == [True]
    with pytest.raises(SealBroken):
        opened(TOTP_SECRET)


def test_sealing_twice_differs_and_a_changed_letter_is_found():
    one, two = sealed("x"), sealed("x")
    assert one != two and opened(one) == opened(two) == "x"
    with pytest.raises(SealBroken):
        opened(one[:40] + ("A" if one[40] != "A" else "B") + one[41:])
