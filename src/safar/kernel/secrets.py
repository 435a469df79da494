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
from itsdangerous.signer import SigningAlgorithm

from safar.kernel.account import give_to_owner_of
from safar.kernel.errors import BadRequest
from safar.settings import Settings

_KEY_BYTES = 32
_OPENED_MAX = 8192
_KEY_LENGTH_MIN = 32
_KEY_VARIETY_MIN = 10
_STORED = "stored"


def secret_keys(settings: Settings) -> list[str]:
    """Return the ring of secrets: the first signs and encrypts, all are believed and read."""
    if settings.secret_keys:
        return settings.secret_keys.get_secret_value().replace(",", " ").split()
    return [secret_key(settings)]


def refuse_weak(settings: Settings) -> None:
    """Raise RuntimeError for a configured secret that could be found by trying, and say how to make one."""
    given = [settings.secret_key.get_secret_value()] if settings.secret_key else []
    if settings.secret_keys:
        given = secret_keys(settings)
    for key in given:
        if len(key) < _KEY_LENGTH_MIN or len(set(key)) < _KEY_VARIETY_MIN:
            raise RuntimeError(
                "SAFAR_SECRET_KEY (or one of SAFAR_SECRET_KEYS) is too weak: whoever finds it can sign"
                " in as anybody. Use 32 random characters or more, as made by:"
                " python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )


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


class _Hmac(SigningAlgorithm):
    """HMAC with SHA-256 in one call, without an object for each signature."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


class Vault:
    """Signing and encryption, each purpose with a key of its own derived from each secret of the ring."""

    def __init__(self, first: str, *others: str) -> None:
        """`first` signs and encrypts; what `others` signed and encrypted is good still."""
        self._secrets = [secret.encode() for secret in (first, *others)]
        self._signers: dict[str, Signer] = {}
        self._ciphers: dict[str, dict[bytes, Fernet]] = {}
        # The same cookie comes with every request of a visit; a good signature stays good.
        self._opened = lru_cache(maxsize=_OPENED_MAX)(self._open)

    def _derived(self, purpose: str) -> list[bytes]:
        return [hmac.digest(secret, purpose.encode(), "sha256") for secret in self._secrets]

    def keys(self, purpose: str) -> list[bytes]:
        """Return keys for a purpose that signs in a way of its own: the first signs, all are believed."""
        return self._derived(f"key {purpose}")

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
            keys = [hmac.digest(key, purpose.encode(), "sha256") for key in self._derived(purpose)]
            self._signers[purpose] = Signer(
                keys[::-1],  # it signs with the last
                key_derivation="none",  # they are derived, once
                algorithm=_Hmac(),
            )
        return self._signers[purpose]

    def encrypt(self, text: str, *, purpose: str = _STORED) -> bytes:
        """Return `text` encrypted for `purpose`, by default for keeping in the database; it names its key."""
        key_id, cipher = next(iter(self._ring(purpose).items()))
        return key_id + b"." + cipher.encrypt(text.encode())

    def decrypt(self, data: bytes, *, purpose: str = _STORED) -> str:
        """Return what `encrypt` was given. Raises BadRequest when no secret of the ring is its own."""
        key_id, _dot, token = data.partition(b".")
        cipher = self._ring(purpose).get(key_id)
        if cipher is None:
            raise BadRequest
        try:
            return cipher.decrypt(token).decode()
        except InvalidToken:
            raise BadRequest from None

    def is_current(self, data: bytes, *, purpose: str = _STORED) -> bool:
        """Tell whether `data` is encrypted with the first secret."""
        return data.partition(b".")[0] == next(iter(self._ring(purpose)))

    def _ring(self, purpose: str) -> dict[bytes, Fernet]:
        """Return the ciphers of a purpose by the names of their keys, the first secret's first."""
        if purpose not in self._ciphers:
            keys = self._derived(f"encrypt {purpose}")
            names = [hashlib.sha256(b"name" + key).hexdigest()[:8].encode() for key in keys]
            ciphers = [Fernet(base64.urlsafe_b64encode(key)) for key in keys]
            self._ciphers[purpose] = dict(zip(names, ciphers, strict=True))
        return self._ciphers[purpose]


def token_hash(token: str) -> bytes:
    """Return the SHA-256 of a random token: what the database keeps of a session."""
    return hashlib.sha256(token.encode()).digest()
