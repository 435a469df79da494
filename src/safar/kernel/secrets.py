"""The installation's one secret: it signs what visitors carry and encrypts what we must keep."""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadSignature, Signer

from safar.kernel.account import give_to_owner_of
from safar.kernel.errors import BadRequest
from safar.settings import Settings

_KEY_BYTES = 32
_OPENED_MAX = 8192


def secret_key(settings: Settings) -> str:
    """Return the configured secret, or the one kept in `data_dir` (made at first use, mode 0600)."""
    if settings.secret_key:  # set, and not to nothing, which anybody could sign with
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_key_file(path)
    return path.read_text(encoding="ascii").strip()


def _make_key_file(path: Path) -> None:
    """Write a new secret at `path` unless another process does so first; nobody ever sees half of it."""
    mine = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        give_to_owner_of(path.parent, descriptor)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(mine)
    finally:
        mine.unlink()


class Vault:
    """Signing and encryption, each purpose with a key of its own derived from the secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._signers: dict[str, Signer] = {}
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derived("encrypt")))
        # The same cookie comes with every request of a visit; a good signature stays good.
        self._opened = lru_cache(maxsize=_OPENED_MAX)(self._open)

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def sign(self, purpose: str, value: Any) -> str:
        """Return `value` (JSON) as a URL-safe text that only this installation can have made."""
        payload = base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=")
        return self._signer(purpose).sign(payload).decode()

    def unsign(self, purpose: str, text: str) -> Any:
        """Return the value signed for `purpose`. Raises BadRequest when forged, cut short or foreign."""
        return orjson.loads(self._opened(purpose, text))

    def _open(self, purpose: str, text: str) -> bytes:
        try:
            payload = self._signer(purpose).unsign(text)
        except (BadSignature, UnicodeEncodeError):
            raise BadRequest from None
        return base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))

    def _signer(self, purpose: str) -> Signer:
        if purpose not in self._signers:
            self._signers[purpose] = Signer(
                self._derived(purpose), salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
            )
        return self._signers[purpose]

    def encrypt(self, text: str) -> bytes:
        """Return `text` encrypted for keeping in the database."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """Return what `encrypt` was given. Raises BadRequest when the secret has changed since."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            raise BadRequest from None


def token_hash(token: str) -> bytes:
    """Return the SHA-256 of a random token: what the database keeps of a session."""
    return hashlib.sha256(token.encode()).digest()
