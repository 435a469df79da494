"""What is signed cannot be forged, what is encrypted cannot be read, and the key is made once."""

import hashlib
import hmac
import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer
from pydantic import SecretStr

from safar.kernel.context import Context
from safar.kernel.errors import BadRequest
from safar.kernel.secrets import Vault, refuse_weak, secret_key, token_hash
from safar.payments.rotate import rotate_secrets
from safar.payments.ways import load_ways
from safar.settings import Settings
from tests.stage.payments import offer

_LONG = "K7-fhgBqEw2xT0dZyLmNvRsPaUcJoIe93YtQ"
_VAULT = Vault("the secret of these tests")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(_JSON)
def test_what_was_signed_comes_back_and_fits_into_a_url(value: object) -> None:
    signed = _VAULT.sign("test", value)
    assert _VAULT.unsign("test", signed) == value
    assert all(character.isalnum() or character in "-_." for character in signed)


@given(_JSON, st.data())
def test_a_change_of_any_one_character_is_refused(value: object, data: st.DataObject) -> None:
    signed = _VAULT.sign("test", value)
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.%ی").filter(lambda character: character != signed[place]))
    forged = signed[:place] + other + signed[place + 1 :]
    with pytest.raises(BadRequest):
        _VAULT.unsign("test", forged)


@given(st.integers(0, 200))
def test_a_text_cut_short_is_refused(length: int) -> None:
    signed = _VAULT.sign("test", {"customer": "x" * 40})
    if length < len(signed):
        with pytest.raises(BadRequest):
            _VAULT.unsign("test", signed[:length])


@given(st.text(max_size=100))
def test_no_text_at_all_passes_by_chance(text: str) -> None:
    with pytest.raises(BadRequest):
        _VAULT.unsign("test", text)


def test_a_text_of_another_purpose_or_another_installation_is_refused() -> None:
    signed = _VAULT.sign("visitor", "same")
    with pytest.raises(BadRequest):
        _VAULT.unsign("order", signed)
    with pytest.raises(BadRequest):
        Vault("another secret").unsign("visitor", signed)
    assert Vault("the secret of these tests").unsign("visitor", signed) == "same", "as after a restart"


@given(st.text(max_size=200))
def test_encryption_keeps_the_text_and_hides_it(text: str) -> None:
    kept = _VAULT.encrypt(text)
    assert _VAULT.decrypt(kept) == text
    assert kept != _VAULT.encrypt(text)
    if len(text) > 3:
        assert text.encode() not in kept
    with pytest.raises(BadRequest):
        Vault("another secret").decrypt(kept)
    with pytest.raises(BadRequest):
        _VAULT.decrypt(kept[:-4])


def test_a_token_is_kept_as_its_hash_only() -> None:
    assert token_hash("token") == token_hash("token") != token_hash("Token")
    assert len(token_hash("token")) == 32


def test_the_key_is_made_at_first_use_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "folder")
    key = secret_key(settings)
    file = tmp_path / "new" / "folder" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(key) >= 43
    assert secret_key(settings) == key
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"], "nothing else is left behind"


def test_a_configured_key_is_used_and_an_empty_one_is_not(tmp_path: Path) -> None:
    assert secret_key(Settings(data_dir=tmp_path, secret_key=SecretStr("mine"))) == "mine"
    assert not (tmp_path / "secret.key").exists()
    assert len(secret_key(Settings(data_dir=tmp_path, secret_key=SecretStr("")))) >= 43


def test_two_processes_that_start_together_make_one_key(tmp_path: Path) -> None:
    program = (
        "import json, sys, pathlib, threading\n"
        "from safar.kernel.secrets import secret_key\n"
        "from safar.settings import Settings\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "print(json.dumps([secret_key(Settings(data_dir=root / str(n))) for n in range(150)]))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _process in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    first, second = (json.loads(process.communicate(timeout=30)[0]) for process in processes)
    assert first == second
    assert len(set(first)) == 150
    assert all(len(key) >= 43 for key in first), "no process ever sees half a key"


@pytest.mark.finding("security-26")
@pytest.mark.parametrize(
    "key", ["x", "only-for-tests", "a" * 64, "0123456789" * 3, "abcabcabcabcabcabcabcabcabcabcabcabc"]
)
def test_a_key_that_can_be_found_by_trying_is_refused_and_one_is_offered(key: str) -> None:
    for settings in (
        Settings(secret_key=SecretStr(key)),
        Settings(secret_keys=SecretStr(f"{_LONG},{key}")),
    ):
        with pytest.raises(RuntimeError, match=r"too weak.*token_urlsafe\(32\)"):
            refuse_weak(settings)


@pytest.mark.finding("security-26")
def test_a_good_key_and_none_at_all_are_fine(tmp_path: Path) -> None:
    refuse_weak(Settings(data_dir=tmp_path))
    refuse_weak(Settings(secret_key=SecretStr(_LONG)))
    refuse_weak(Settings(secret_keys=SecretStr(f"{_LONG}, {_LONG[::-1]}")))


@pytest.mark.finding("security-26")
def test_with_a_new_key_in_front_the_old_ones_work_is_good_and_new_work_is_the_new_ones() -> None:
    old, both, new = Vault("old"), Vault("new", "old"), Vault("new")
    signed, kept = old.sign("visitor", "me"), old.encrypt("a card")
    assert both.unsign("visitor", signed) == "me"
    assert both.decrypt(kept) == "a card"
    assert not both.is_current(kept)
    assert new.unsign("visitor", both.sign("visitor", "me")) == "me"
    assert new.decrypt(both.encrypt("a card")) == "a card"
    for refused in (lambda: new.unsign("visitor", signed), lambda: new.decrypt(kept)):
        with pytest.raises(BadRequest):
            refused()


@pytest.mark.finding("security-26")
def test_what_is_encrypted_for_one_purpose_opens_for_no_other() -> None:
    kept = _VAULT.encrypt("12 High Street", purpose="delivery cookie")
    assert _VAULT.decrypt(kept, purpose="delivery cookie") == "12 High Street"
    with pytest.raises(BadRequest):
        _VAULT.decrypt(kept)


@pytest.mark.finding("security-26")
async def test_stored_secrets_are_encrypted_anew_with_the_first_key(context: Context) -> None:
    await offer(replace(context, vault=Vault("old")), "stripe", secrets={"secret_key": "sk_live_1"})
    both = replace(context, vault=Vault("new", "old"))
    assert await rotate_secrets(both) == (1, [])
    assert await rotate_secrets(both) == (0, [])
    assert await rotate_secrets(replace(context, vault=Vault("third"))) == (0, ["stripe"])
    async with context.database.connection() as connection:
        ways = await load_ways(replace(context, vault=Vault("new")), connection)
    assert ways["stripe"].secrets == {"secret_key": "sk_live_1"}


def test_a_signature_is_the_library_s_own_with_a_key_derived_for_its_purpose() -> None:
    """Cookies that were given out before stay good: only how it is computed is ours."""
    secrets = ("an old secret, long enough to be one", "the one before it, which is believed, too")
    derived = [hmac.digest(secret.encode(), b"cart", "sha256") for secret in secrets]
    theirs = Signer(derived[::-1], salt="cart", key_derivation="hmac", digest_method=hashlib.sha256)
    mine = Vault(*secrets).sign("cart", "twelve.3")
    assert mine == theirs.sign(mine.partition(".")[0]).decode()
    assert Vault("a new secret, which signs from now on", *secrets).unsign("cart", mine) == "twelve.3"
