"""What WhatsApp posts: every entry, change, message and status of it is read, and nothing is made up."""

import contextlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Renamed,
    Said,
    Unreadable,
    Verdict,
    What,
)
from safar.channels.kinds.whatsapp.reader import WhatsAppReader
from safar.standins.meta_samples import (
    NUMBER_ID,
    PHONE,
    PORTFOLIO_ID,
    USER_ID,
    WHATSAPP_CHANGES,
    WHATSAPP_MESSAGES,
    WHATSAPP_STATUSES,
    whatsapp_post,
    whatsapp_value,
)
from tests.channels.kinds.meta_accounts import NOW, OUR_ID, WHATSAPP, post_of, signed, spoilt

READER = WhatsAppReader()
BY_PHONE, BY_ID = Person("phone", "+" + PHONE), Person("whatsapp", USER_ID, PORTFOLIO_ID)
_HIDDEN = {"profile": {"name": "Kerry"}, "user_id": USER_ID}
SENT_AT = datetime.fromtimestamp(1796126400, UTC)


def read(*changes: Any) -> list[Happened]:
    return list(READER.read(WHATSAPP, post_of(whatsapp_post(*changes)), NOW))


def message(name: str) -> Happened:
    (happened,) = read({"field": "messages", "value": whatsapp_value(messages=[WHATSAPP_MESSAGES[name]])})
    return happened


def said(name: str) -> Said:
    happened = message(name)
    assert isinstance(happened, Said)
    assert (happened.people, happened.address, happened.name) == ((BY_PHONE, BY_ID), "+" + PHONE, "Kerry")
    assert happened.at == min(SENT_AT, happened.at)
    return happened


def test_the_handshake_is_answered_to_whoever_knows_the_word() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    assert READER.handshake(WHATSAPP, query) == "1158201444"
    for wrong in ({"hub.verify_token": "verify-m"}, {"hub.verify_token": "ی"}, {"hub.mode": "x"}):
        assert READER.handshake(WHATSAPP, query | wrong) is None
    assert READER.handshake(replace(WHATSAPP, details={}), query | {"hub.verify_token": ""}) is None


def test_fault_07_only_the_raw_body_with_the_apps_signature_counts() -> None:
    body = b'{"object": "whatsapp_business_account"}'
    READER.check(WHATSAPP, signed(body))
    right = signed(body).headers["x-hub-signature-256"]
    for headers in (
        {},
        {"x-hub-signature-256": right.removeprefix("sha256=")},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha256=" + "٠" * 64},
        {"x-hub-signature": right},
    ):
        with pytest.raises(NotAuthentic):
            READER.check(WHATSAPP, Post(body=body, headers=headers))
    with pytest.raises(NotAuthentic):
        READER.check(WHATSAPP, Post(body=body + b" ", headers=signed(body).headers))
    with pytest.raises(NotAuthentic):
        READER.check(replace(WHATSAPP, secrets={}), signed(body, ""))


def test_both_secrets_count_while_one_takes_over_from_the_other() -> None:
    rotating = replace(WHATSAPP, secrets={"app_secret": "new", "app_secret_before": "old"})
    for secret in ("new", "old"):
        READER.check(rotating, signed(b"{}", secret))
    with pytest.raises(NotAuthentic):
        READER.check(rotating, signed(b"{}", "older"))


def test_text_buttons_lists_and_forms_are_read() -> None:
    assert said("text").text == "Is it in stock?"
    for name, text, pressed, answers in (
        ("button_reply", "Yes", "yes", "wamid.ours"),
        ("list_reply", "Row", "row", None),
        ("button", "Stop", "stop", "wamid.ours"),
    ):
        told = said(name)
        assert (told.text, told.pressed, told.answers) == (text, pressed, answers)
    assert said("nfm_reply").data["form"] == {"name": "flow", "answers": "{}"}


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("image", PartKind.IMAGE, "This one"),
        ("audio", PartKind.AUDIO, ""),
        ("video", PartKind.VIDEO, ""),
        ("document", PartKind.DOCUMENT, ""),
        ("sticker", PartKind.STICKER, ""),
    ],
)
def test_files_are_told_of_by_their_id(name: str, kind: PartKind, text: str) -> None:
    told = said(name)
    assert (told.parts[0].kind, told.text) == (kind, text)
    assert told.parts[0].source == WHATSAPP_MESSAGES[name][name]["id"]
    assert told.parts[0].mime == WHATSAPP_MESSAGES[name][name]["mime_type"]


def test_places_orders_and_advertisements_are_read() -> None:
    assert said("location").parts[0].data == {"latitude": 35.7, "longitude": 51.4, "name": "Tehran"}
    order = said("order")
    assert order.text == "Please"
    assert order.parts[0].data["order"]["items"][0]["product_retailer_id"] == "MUG"
    referral = said("referral")
    assert referral.data["referral"]["ctwa_clid"] == "ARA"
    assert referral.data["forwarded"] is True


def test_fault_33_a_contact_card_is_a_claim_and_names_nobody() -> None:
    card = said("contacts").parts[0]
    assert card.kind is PartKind.CONTACT
    assert card.data == {"name": "Ana Souza", "phones": ["+55 11 91234-5678"], "emails": [], "claim": True}


def test_edits_deletions_and_reactions_speak_of_another_message() -> None:
    for name, what, text in (
        ("edit", What.EDITED, "In red?"),
        ("revoke", What.DELETED, ""),
        ("reaction", What.REACTED, "👍"),
        ("unreaction", What.REACTED, ""),
    ):
        notice = message(name)
        assert isinstance(notice, MessageNotice)
        assert (notice.what, notice.text) == (what, text)
        assert notice.external_id == ("wamid.ours" if what is What.REACTED else "wamid.text")
        assert notice.people == (BY_PHONE, BY_ID)


def test_a_new_number_and_a_new_id_are_told() -> None:
    change = {"field": "messages", "value": whatsapp_value(messages=[WHATSAPP_MESSAGES["changed_number"]])}
    after = Person("whatsapp", "US.2222", PORTFOLIO_ID)
    at = min(SENT_AT, NOW)
    told = read(change)
    assert [(one.before, one.after) for one in told if isinstance(one, Renamed)] == [
        (BY_PHONE, Person("phone", "+16505559999")),
        (BY_ID, after),
    ]
    assert message("changed_user_id") == Renamed(BY_ID, after, at)
    (told_by_field,) = read(next(c for c in WHATSAPP_CHANGES if c["field"] == "user_id_update"))
    assert told_by_field == Renamed(BY_ID, after, at)


def test_fault_17_and_32_somebody_without_a_number_is_known_by_their_id_in_the_portfolio() -> None:
    hidden = {k: v for k, v in WHATSAPP_MESSAGES["text"].items() if k != "from"}
    value = whatsapp_value(messages=[hidden]) | {
        "contacts": [{"profile": {"name": "Kerry"}, "user_id": USER_ID}]
    }
    (told,) = read({"field": "messages", "value": value})
    assert isinstance(told, Said)
    assert (told.people, told.address, told.name) == ((BY_ID,), USER_ID, "Kerry")
    in_other_portfolio = replace(WHATSAPP, scope="1")
    (other,) = READER.read(
        in_other_portfolio, post_of(whatsapp_post({"field": "messages", "value": value})), NOW
    )
    assert isinstance(other, Said)
    assert other.people == (Person("whatsapp", USER_ID, "1"),)


@pytest.mark.parametrize(
    "number", ["5511912345678", "551112345678", "5215512345678", "525512345678", "5491123456789"]
)
def test_fault_34_and_35_numbers_stay_as_they_come(number: str) -> None:
    text = {**WHATSAPP_MESSAGES["text"], "from": number, "from_user_id": None}
    (told,) = read({"field": "messages", "value": whatsapp_value(messages=[text])})
    assert isinstance(told, Said)
    assert (told.people, told.address) == ((Person("phone", "+" + number),), "+" + number)


def test_statuses_carry_our_id_and_one_verdict() -> None:
    told = read({"field": "messages", "value": whatsapp_value(statuses=list(WHATSAPP_STATUSES.values()))})
    notices = [one for one in told if isinstance(one, MessageNotice)]
    assert [one.what for one in notices] == [
        What.SENT,
        What.DELIVERED,
        What.READ,
        What.READ,
        What.FAILED,
    ]
    assert [one.our_id for one in notices] == [OUR_ID, None, None, None, None]
    failed = notices[-1]
    assert (failed.code, failed.verdict, failed.text) == (
        "131049",
        Verdict.OTHER_CHANNEL,
        "healthy ecosystem",
    )
    assert all(one.people == (BY_PHONE, BY_ID) and one.external_id == "wamid.ours" for one in notices)


def test_what_a_colleague_writes_on_the_phone_is_an_echo_to_the_customer() -> None:
    (told,) = read(next(c for c in WHATSAPP_CHANGES if c["field"] == "smb_message_echoes"))
    assert isinstance(told, Said)
    assert (told.echo, told.text, told.address) == (True, "From the phone", "+" + PHONE)
    assert told.people == (BY_PHONE, BY_ID)


def test_who_wants_no_news_has_said_so() -> None:
    change = next(c for c in WHATSAPP_CHANGES if c["field"] == "user_preferences")
    (told,) = read(change)
    assert isinstance(told, OptOut)
    assert (told.people, told.given, told.words) == (
        (BY_PHONE, BY_ID),
        False,
        "User requested to stop marketing messages",
    )
    change["value"]["user_preferences"][0]["value"], before = "resume", "stop"
    (again,) = read(change)
    change["value"]["user_preferences"][0]["value"] = before
    assert isinstance(again, OptOut)
    assert again.given


def test_news_of_the_account_are_told_and_the_bad_ones_marked() -> None:
    news = {
        one.what: one for change in WHATSAPP_CHANGES for one in read(change) if isinstance(one, AccountNews)
    }
    assert {what: one.bad for what, one in news.items()} == {
        "error": True,
        "message_template_status_update": True,
        "template_category_update": True,
        "phone_number_quality_update": True,
        "account_update": True,
        "account_alerts": True,
        "business_capability_update": False,
    }
    assert news["error"].data == {"code": "130429", "verdict": "again"}
    assert news["account_update"].data["waba_ban_state"] == "DISABLE"
    assert "UTILITY, MARKETING" in news["template_category_update"].detail


def test_fault_38_what_is_unsupported_or_unknown_has_a_placeholder() -> None:
    unsupported = said("unsupported")
    assert unsupported.parts[0].data == {"type": "poll", "reason": "Not supported"}
    unknown = {**WHATSAPP_MESSAGES["text"], "type": "hologram"}
    told = read({"field": "messages", "value": whatsapp_value(messages=[unknown])})
    assert [type(one) for one in told] == [NotUnderstood, Said]


def test_fault_06_29_and_40_every_entry_change_message_and_status_is_read() -> None:
    texts = [{**WHATSAPP_MESSAGES["text"], "id": f"wamid.{n}"} for n in range(8)]
    statuses = [{**WHATSAPP_STATUSES["read"], "id": f"wamid.{n}"} for n in range(3)]
    entries = [
        {
            "id": "102290129340398",
            "changes": [
                {"field": "messages", "value": whatsapp_value(messages=texts[:2], statuses=statuses)},
                {"field": "messages", "value": whatsapp_value(messages=texts[2:4])},
            ],
        },
        {
            "id": "102290129340398",
            "changes": [{"field": "messages", "value": whatsapp_value(messages=texts[4:])}],
        },
    ]
    told = READER.read(WHATSAPP, post_of({"object": "whatsapp_business_account", "entry": entries}), NOW)
    assert [one.external_id for one in told if isinstance(one, Said)] == [f"wamid.{n}" for n in range(8)]
    assert len([one for one in told if isinstance(one, MessageNotice)]) == 3
    assert len(told) == 11


def test_what_is_for_another_number_of_the_app_is_not_ours() -> None:
    value = whatsapp_value(messages=[WHATSAPP_MESSAGES["text"]])
    value = {**value, "metadata": {"phone_number_id": "999"}}
    (told,) = read({"field": "messages", "value": value})
    assert isinstance(told, NotUnderstood)
    assert "999" in told.reason
    assert NUMBER_ID not in told.reason


@given(st.data())
def test_one_bad_element_takes_none_of_its_neighbours_with_it(data: st.DataObject) -> None:
    change = data.draw(st.sampled_from(WHATSAPP_CHANGES))
    bad = data.draw(spoilt(change))
    good = {"field": "messages", "value": whatsapp_value(messages=[WHATSAPP_MESSAGES["text"]])}
    body = json.dumps(whatsapp_post(good, bad, good)).encode()
    told = READER.read(WHATSAPP, Post(body=body), NOW)
    (first,) = read(good)
    assert told[0] == told[-1] == first
    for one in told:
        assert not (isinstance(one, NotUnderstood) and one.reason.startswith("A mistake of ours")), one


@given(st.sampled_from(sorted(WHATSAPP_MESSAGES)), st.data())
def test_a_spoilt_message_loses_no_message_beside_it(name: str, data: st.DataObject) -> None:
    bad = data.draw(spoilt(WHATSAPP_MESSAGES[name]))
    good = WHATSAPP_MESSAGES["image"]
    value = whatsapp_value(messages=[good, bad, good])
    body = json.dumps(whatsapp_post({"field": "messages", "value": value})).encode()
    told = READER.read(WHATSAPP, Post(body=body), NOW)
    assert told[0] == told[-1] == message("image")
    orjson.dumps([getattr(one, "data", None) for one in told])


@given(st.data())
def test_a_spoilt_envelope_is_read_or_unreadable(data: st.DataObject) -> None:
    envelope = data.draw(spoilt(whatsapp_post(*WHATSAPP_CHANGES[:3])))
    with contextlib.suppress(Unreadable):
        READER.read(WHATSAPP, Post(body=json.dumps(envelope).encode()), NOW)


@given(st.binary() | st.text().map(str.encode))
def test_bytes_of_any_kind_are_unreadable_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(Unreadable):
        READER.read(WHATSAPP, Post(body=body), NOW)


def test_fault_60_a_nul_and_half_a_character_are_marked_and_the_others_read() -> None:
    text = {**WHATSAPP_MESSAGES["text"], "text": {"body": "a\x00b"}}
    value = whatsapp_value(messages=[text, WHATSAPP_MESSAGES["text"]])
    body = json.dumps(whatsapp_post({"field": "messages", "value": value})).replace(
        "a\\u0000b", "a\\u0000b \\ud83d"
    )
    told = READER.read(WHATSAPP, Post(body=body.encode()), NOW)
    assert [one.text for one in told if isinstance(one, Said)] == ["a\ufffdb \ufffd", "Is it in stock?"]


def test_three_megabytes_are_read_in_linear_time() -> None:
    contacts = [{"wa_id": f"4470000{n:05}", "profile": {"name": "x"}} for n in range(5000)]
    texts = [
        {**WHATSAPP_MESSAGES["text"], "id": f"w{n}", "from": f"4470000{n % 5000:05}"} for n in range(10_000)
    ]
    body = orjson.dumps(
        whatsapp_post({"field": "messages", "value": whatsapp_value(messages=texts) | {"contacts": contacts}})
    )
    started = time.perf_counter()
    assert len(READER.read(WHATSAPP, Post(body=body), NOW)) == 10_000
    assert time.perf_counter() - started < 3
