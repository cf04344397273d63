"""A real SMTP server on 127.0.0.1, in a thread of the test, that keeps what it takes and can be told to misbehave."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "clinic", "letters and 4 figures"


class Post:
    """What the server took and was asked. `drop` ends the connection when a message was sent and before it is
    answered; `refused` are addresses that it does not know; `answer` is the reply to a message. `had_enough` says how
    it ends a connection that it has had a message from: without a word ("") or in words, such as "421 Enough".
    `meanwhile` is done, in a thread of its own, when a message was sent and before it is answered."""

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[Envelope] = []
        self.secure: list[bool] = []
        self.users: list[bytes] = []
        self.begun = self.connections = 0
        self.drop = False
        self.meanwhile: Callable[[], object] | None = None
        self.had_enough: str | None = None
        self.refused: set[str] = set()
        self.answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refused:
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, said: str) -> str:
        if self.had_enough is None:
            return "250 OK"
        if not self.had_enough:
            server.transport.abort()
        return self.had_enough

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.begun += 1
        if self.meanwhile:
            await asyncio.get_running_loop().run_in_executor(None, self.meanwhile)
        if self.drop:
            server.transport.abort()
            return "421 Going away"
        if self.answer.startswith("250"):
            self.taken.append(envelope)
            self.secure.append(session.ssl is not None)
        return self.answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, way: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login)
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    @property
    def messages(self) -> list[EmailMessage]:
        """What was taken, as mail programs read it."""
        return [message_from_bytes(one.original_content or b"", policy=policy.default) for one in self.taken]


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, good for a day and signed by itself: one PEM file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "mail-server.pem"
    path.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def mail_server(pem: Path | None = None, *, login: bool = False) -> Iterator[Post]:
    """Serves until the block ends: with STARTTLS when it has a certificate, for who signs in when `login`."""
    post, ready = Post(), threading.Event()
    options: dict[str, Any] = {"hostname": "127.0.0.1"}
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": post.authenticate, "auth_required": True}
    ends: list[Callable[[], object]] = []

    def answer() -> SMTP:
        post.connections += 1
        return SMTP(post, loop=asyncio.get_running_loop(), **options)

    async def serve() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(answer, "127.0.0.1", 0)
        post.port = server.sockets[0].getsockname()[1]
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        ready.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=[serve()], daemon=True)
    thread.start()
    assert ready.wait(60), "the mail server did not start"
    try:
        yield post
    finally:
        ends[0]()
        thread.join()
