"""What is read out of Telegram's updates, and that nothing that can be posted breaks the reader."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.kinds.port import (
    AccountNews,
    ChannelAccount,
    Happened,
    MessageNotice,
    NotAuthentic,
    NotUnderstood,
    PartKind,
    Person,
    Post,
    Reachability,
    Renamed,
    Said,
    Unreadable,
    What,
)
from safar.channels.kinds.telegram.kind import KIND
from safar.kernel.ids import new_id
from safar.standins.telegram_samples import AT, SAMPLES, SARA, message, update

ACCOUNT = ChannelAccount(id=new_id(), kind="telegram", name="bot", secrets={"secret_token": "s3cret_Token"})
NOW = datetime.fromtimestamp(AT, UTC) + timedelta(minutes=1)
SENT_AT = datetime.fromtimestamp(AT, UTC)
SARA_IS = Person("telegram", str(SARA["id"]))


def read(body: Mapping[str, Any] | bytes) -> list[Happened]:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return list(KIND.reader.read(ACCOUNT, Post(body=raw), NOW))


def said(name: str) -> Said:
    (one,) = read(SAMPLES[name][0])
    assert isinstance(one, Said)
    return one


@pytest.mark.parametrize("name", SAMPLES)
def test_every_documented_update_is_read_completely(name: str) -> None:
    body, expected = SAMPLES[name]
    assert tuple(type(one).__name__ for one in read(body)) == expected


def test_a_message_has_its_writer_its_moment_and_a_name_unique_in_the_world() -> None:
    assert said("text") == Said(
        external_id="5000000001:7",
        people=(SARA_IS,),
        address="5000000001",
        text="سلام، سفارش من کجاست؟",
        at=SENT_AT,
        name="Sara Karimi",
        hint="fa",
    )
    assert said("reply").answers == "5000000001:6"
    assert said("link behind words").data["links"] == ["https://shop.example/p/1"]


def test_the_payload_of_a_start_link_is_told_apart_from_the_words() -> None:
    start = said("start with a claim")
    assert (start.text, start.data) == ("/start", {"start": "Zm9v-_1"})
    (named,) = read(update(message=message(text="/start@safar_shop_bot abc")))
    assert isinstance(named, Said)
    assert named.data == {"start": "abc"}


@pytest.mark.parametrize(
    ("name", "kind", "mime", "source"),
    [
        ("photo", PartKind.IMAGE, "image/jpeg", "large"),
        ("voice", PartKind.AUDIO, "audio/ogg", "AgAD00000001"),
        ("video note", PartKind.VIDEO, "video/mp4", "AgAD00000001"),
        ("document", PartKind.DOCUMENT, "application/pdf", "AgAD00000001"),
        ("animation, which is a document, too", PartKind.VIDEO, "video/mp4", "AgAD00000001"),
        ("sticker", PartKind.STICKER, "image/webp", "AgAD00000001"),
    ],
)
def test_a_file_is_one_part_with_what_fetches_it(name: str, kind: PartKind, mime: str, source: str) -> None:
    (part,) = said(name).parts
    assert (part.kind, part.mime, part.source, part.size) == (kind, mime, source, 12_000)


def test_a_caption_is_the_text_and_a_place_keeps_its_name() -> None:
    assert said("photo").text == "broken"
    (place,) = said("venue").parts
    assert place.data == {"latitude": 35.7, "longitude": 51.4, "name": "Shop", "address": "Valiasr"}
    assert said("poll").parts[0].data == {"kind": "poll", "text": "Which?"}


def test_fault_33_only_a_contact_of_the_writers_own_is_their_number() -> None:
    own = said("own contact")
    assert own.people == (SARA_IS, Person("phone", "+989121234567"))
    assert own.parts[0].data["own"] is True
    card = said("somebody's card")
    assert card.people == (SARA_IS,)
    assert card.parts[0].data == {"name": "Reza", "phone": "+98 912 000 0000", "own": False}
    forwarded = {**SAMPLES["own contact"][0]["message"], "forward_origin": {"type": "user"}}
    (claim,) = read(update(message=forwarded))
    assert isinstance(claim, Said)
    assert claim.people == (SARA_IS,)


def test_a_pressed_button_says_its_words_and_its_value() -> None:
    pressed = said("pressed")
    assert (pressed.text, pressed.pressed, pressed.answers) == ("Yes, please", "order:yes", "5000000001:6")
    assert pressed.external_id == "callback:4382bfdwdsb323b2d9"


def test_a_message_in_a_group_says_so_and_a_move_is_a_new_address() -> None:
    group = said("in a group")
    assert (group.address, group.people, group.data) == ("-1001000000009", (SARA_IS,), {"group": "Buyers"})
    (moved,) = read(SAMPLES["a group moves"][0])
    assert moved == Renamed(Person("telegram", "-42"), Person("telegram", "-1001000000009"), SENT_AT)


def test_edits_deletions_and_reactions_name_their_message() -> None:
    (edited,) = read(SAMPLES["edited"][0])
    later = SENT_AT + timedelta(minutes=1)
    assert edited == MessageNotice(what=What.EDITED, at=later, external_id="5000000001:7", text="better")
    liked, unliked = (read(SAMPLES[name][0])[0] for name in ("reaction", "reaction taken away"))
    assert liked == MessageNotice(
        what=What.REACTED,
        at=SENT_AT,
        external_id="5000000001:6",
        text="❤",
        key="5000000001",
        people=(SARA_IS,),
    )
    assert isinstance(liked, MessageNotice)
    assert unliked == replace(liked, text="")
    deleted = read(SAMPLES["deleted at the business"][0])
    assert [one.external_id for one in deleted if isinstance(one, MessageNotice)] == [
        "5000000001@bc1:7",
        "5000000001@bc1:8",
    ]


def test_who_blocks_the_bot_is_not_to_be_reached_until_they_let_it_in() -> None:
    assert read(SAMPLES["blocked"][0]) == [Reachability((SARA_IS,), "5000000001", False, "blocked")]
    assert read(SAMPLES["let in again"][0]) == [Reachability((SARA_IS,), "5000000001", True)]


def test_what_the_owner_writes_in_a_business_chat_is_an_echo_to_the_customer() -> None:
    to_us, echo = said("to the business"), said("by the business's owner")
    assert (to_us.echo, to_us.address, to_us.external_id) == (False, "5000000001@bc1", "5000000001@bc1:7")
    assert (echo.echo, echo.people, echo.name) == (True, (SARA_IS,), None)
    (news,) = read(SAMPLES["business connection"][0])
    assert news == AccountNews("business_connection", "Owner", False, {"connection": "bc1"})


@pytest.mark.parametrize("secret", ["", "s3cret_Toke", "s3cret_Tokenn", "S3cret_Token", "é"])
def test_fault_07_a_post_without_our_secret_is_refused(secret: str) -> None:
    KIND.reader.check(ACCOUNT, Post(body=b"", headers={"x-telegram-bot-api-secret-token": "s3cret_Token"}))
    with pytest.raises(NotAuthentic):
        KIND.reader.check(ACCOUNT, Post(body=b"", headers={"x-telegram-bot-api-secret-token": secret}))
    nothing_set = replace(ACCOUNT, secrets={})
    with pytest.raises(NotAuthentic):
        KIND.reader.check(nothing_set, Post(body=b"", headers={"x-telegram-bot-api-secret-token": secret}))


def test_fault_38_an_update_of_a_new_kind_is_kept_and_told_of() -> None:
    (new,) = read(update(telepathy={"from": SARA}))
    assert isinstance(new, NotUnderstood)
    assert "telepathy" in new.reason


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff", b'{"update_id": "1"}', b"[" * 100_000])
def test_what_is_no_update_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def _paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, one in inner for deeper in _paths(one, (*path, key)))]


def _changed(value: Any, path: tuple[Any, ...], put: object) -> Any:
    if not path:
        return put
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _changed(copy[path[0]], path[1:], put)
    return copy


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_the_reader_raises_nothing_but_unreadable_whatever_stands_in_an_update(
    name: str, data: st.DataObject
) -> None:
    body = orjson.loads(orjson.dumps(SAMPLES[name][0]))
    changed = _changed(body, data.draw(st.sampled_from(_paths(body))), data.draw(_ANYTHING))
    try:
        happened = read(json.dumps(changed).encode())
    except Unreadable:
        return
    assert not [one for one in happened if isinstance(one, NotUnderstood) and "mistake of ours" in one.reason]


@given(st.binary(max_size=200))
def test_the_reader_raises_nothing_but_unreadable_whatever_the_bytes(body: bytes) -> None:
    try:
        read(body)
    except Unreadable:
        return


def test_fault_60_a_nul_and_half_a_character_are_read_as_something_that_can_be_stored() -> None:
    body = orjson.dumps(update(message=message(text="a\x00b XX"))).replace(b"XX", b"\\ud800")
    (one,) = read(body)
    assert isinstance(one, Said)
    assert "\x00" not in one.text
    one.text.encode()
