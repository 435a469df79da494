"""What Instagram and Messenger post: every entry and event of it is read, and our own echoes are known."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.channels.kinds.meta.kind import INSTAGRAM as INSTAGRAM_KIND
from safar.channels.kinds.meta.kind import MESSENGER as MESSENGER_KIND
from safar.channels.kinds.port import (
    AccountNews,
    Happened,
    MessageNotice,
    NotAuthentic,
    NotUnderstood,
    OptOut,
    PartKind,
    Person,
    Post,
    ReadUpTo,
    Said,
    Unreadable,
    What,
)
from safar.standins.meta_samples import INSTAGRAM_ID, META_EVENTS, PAGE_ID, meta_post
from tests.channels.kinds.meta_accounts import INSTAGRAM, MESSENGER, NOW, OUR_ID, post_of, signed, spoilt

READER = MESSENGER_KIND.reader
SOMEBODY = Person("messenger", "5501", PAGE_ID)


def read(*events: Any) -> list[Happened]:
    return list(READER.read(MESSENGER, post_of(meta_post(*events)), NOW))


def one(name: str) -> Happened:
    (happened,) = read(META_EVENTS[name])
    return happened


def said(name: str) -> Said:
    happened = one(name)
    assert isinstance(happened, Said)
    assert (happened.people, happened.address) == ((SOMEBODY,), "5501")
    return happened


def test_messages_replies_and_pressed_buttons_are_read() -> None:
    assert (said("text").text, said("text").external_id) == ("Is it in stock?", "m_text")
    assert said("reply").answers == "m_ours"
    assert (said("quick_reply").text, said("quick_reply").pressed) == ("Yes", "yes")
    assert (said("postback").text, said("postback").pressed) == ("Start", "START")
    assert said("postback_without_id").external_id == said("postback_without_id").external_id
    assert said("referral").automatic
    assert said("referral").data["referral"]["ref"] == "summer"


def test_every_attachment_is_a_part_and_what_is_shown_elsewhere_is_not_stored() -> None:
    kinds = [part.kind for part in said("several").parts]
    assert kinds == [PartKind.AUDIO, PartKind.DOCUMENT, PartKind.STICKER]
    assert said("image").parts[0].source == "https://scontent.xx.fbcdn.net/a.jpg"
    assert said("location").parts[0].data == {"latitude": 35.7, "longitude": 51.4}
    assert (said("story").data["story"], said("story").parts) == ({"id": "9"}, ())
    assert (said("share").parts[0].kind, said("share").parts[0].source) == (PartKind.OTHER, "")
    assert said("unsupported").parts[0].data == {"type": "unsupported"}


def test_fault_41_our_own_echo_is_no_colleague_and_a_colleagues_is() -> None:
    ours = one("own_echo")
    assert isinstance(ours, MessageNotice)
    assert (ours.what, ours.our_id, ours.external_id) == (What.SENT, OUR_ID, "m_ours")
    theirs = said("echo")
    assert (theirs.echo, theirs.text) == (True, "From the phone")
    message = META_EVENTS["own_echo"]["message"]
    by_app_only = {
        **META_EVENTS["own_echo"],
        "message": {k: v for k, v in message.items() if k != "metadata"},
    }
    (told,) = read(by_app_only)
    assert isinstance(told, MessageNotice)
    assert told.our_id is None


def test_edits_deletions_reactions_and_what_was_read_speak_of_messages() -> None:
    for name, what, external_id, text in (
        ("edit", What.EDITED, "m_text", "In red?"),
        ("deleted", What.DELETED, "m_text", ""),
        ("reaction", What.REACTED, "m_ours", "❤"),
        ("unreaction", What.REACTED, "m_ours", ""),
        ("read_one", What.READ, "m_ours", ""),
    ):
        notice = one(name)
        assert isinstance(notice, MessageNotice)
        assert (notice.what, notice.external_id, notice.text) == (what, external_id, text)
    assert isinstance(one("read_up_to"), ReadUpTo)
    delivered = [
        told.external_id for told in read(META_EVENTS["delivery"]) if isinstance(told, MessageNotice)
    ]
    assert delivered == ["m_ours", "m_other"]


def test_wishes_and_news_of_the_account_are_told() -> None:
    stop, again = one("stop"), one("optin")
    assert isinstance(stop, OptOut)
    assert isinstance(again, OptOut)
    assert (stop.given, again.given) == (False, True)
    policy = one("policy")
    assert isinstance(policy, AccountNews)
    assert policy.bad
    assert isinstance(one("thread"), AccountNews)


def test_instagram_reads_alike_and_knows_its_people_within_the_account() -> None:
    post = post_of(meta_post(META_EVENTS["text"], about="instagram", own_id=INSTAGRAM_ID))
    (told,) = INSTAGRAM_KIND.reader.read(INSTAGRAM, post, NOW)
    assert isinstance(told, Said)
    assert told.people == (Person("instagram", "5501", INSTAGRAM_ID),)
    with pytest.raises(Unreadable):
        INSTAGRAM_KIND.reader.read(INSTAGRAM, post_of(meta_post(META_EVENTS["text"])), NOW)


def test_either_app_may_have_signed_for_instagram() -> None:
    account = replace(INSTAGRAM, secrets={"app_secret": "meta", "other_app_secret": "instagram"})
    for secret in ("meta", "instagram"):
        INSTAGRAM_KIND.reader.check(account, signed(b"{}", secret))
    with pytest.raises(NotAuthentic):
        INSTAGRAM_KIND.reader.check(account, signed(b"{}", "x"))


def test_comments_and_other_pages_are_not_understood_and_lose_nothing() -> None:
    envelope = meta_post(META_EVENTS["text"])
    envelope["entry"][0]["changes"] = [{"field": "comments", "value": {"text": "Nice"}}]
    envelope["entry"] += meta_post(META_EVENTS["text"], own_id="999")["entry"]
    told = READER.read(MESSENGER, post_of(envelope), NOW)
    assert [type(thing) for thing in told] == [Said, NotUnderstood, NotUnderstood]


def test_fault_38_an_attachment_of_an_unknown_type_has_a_placeholder() -> None:
    message = {"mid": "m", "text": "Look", "attachments": [{"type": "hologram", "payload": {}}]}
    told = read({**META_EVENTS["text"], "message": message})
    assert [type(thing) for thing in told] == [NotUnderstood, Said]


@given(st.sampled_from(sorted(META_EVENTS)), st.data())
def test_one_bad_event_takes_none_of_its_neighbours_with_it(name: str, data: st.DataObject) -> None:
    bad = data.draw(spoilt(META_EVENTS[name]))
    good = META_EVENTS["image"]
    body = json.dumps(meta_post(good, bad, good)).encode()
    told = READER.read(MESSENGER, Post(body=body), NOW)
    assert told[0] == told[-1] == one("image")
    for thing in told:
        assert not (isinstance(thing, NotUnderstood) and thing.reason.startswith("A mistake of ours")), thing


@given(st.data())
def test_a_spoilt_envelope_is_read_or_unreadable(data: st.DataObject) -> None:
    envelope = data.draw(spoilt(meta_post(*META_EVENTS.values())))
    with contextlib.suppress(Unreadable):
        READER.read(MESSENGER, Post(body=json.dumps(envelope).encode()), NOW)
