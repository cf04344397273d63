"""Settings for a real mail server of the test."""

from __future__ import annotations

import pytest

from tests.mail_server import certificate


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def use(settings, monkeypatch, pem):
    """`use(port)`: the settings that DEQI_EMAIL_URL makes, with the test's certificate among those trusted."""

    def point(port: int, user: str = "", password: str = "", trusted: bool = True) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, True
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = user, password
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    return point
