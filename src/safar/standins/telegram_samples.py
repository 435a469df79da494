"""Updates as Telegram documents them, and what is to be read out of each."""

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]

SARA: Object = {
    "id": 5_000_000_001,
    "is_bot": False,
    "first_name": "Sara",
    "last_name": "Karimi",
    "language_code": "fa",
}
CHAT: Object = {"id": 5_000_000_001, "type": "private", "first_name": "Sara", "last_name": "Karimi"}
GROUP: Object = {"id": -1_001_000_000_009, "type": "supergroup", "title": "Buyers"}
SHOP: Object = {"id": 123456789, "is_bot": True, "first_name": "Shop", "username": "safar_shop_bot"}
OWNER: Object = {"id": 42, "is_bot": False, "first_name": "Owner"}
AT = 1_796_000_000
_FILE: Object = {"file_id": "AgAD00000001", "file_unique_id": "00000001", "file_size": 12_000}


def message(number: int = 7, **content: Any) -> dict[str, Any]:
    """Return a message of Sara's to the bot."""
    return {"message_id": number, "from": SARA, "chat": CHAT, "date": AT, **content}


def update(number: int = 1, **what: Any) -> dict[str, Any]:
    """Return an update."""
    return {"update_id": 900_000_000 + number, **what}


def _business(**content: Any) -> dict[str, Any]:
    return message(business_connection_id="bc1", **content)


_BUTTONS: Object = {"inline_keyboard": [[{"text": "Yes, please", "callback_data": "order:yes"}]]}
_MEMBER: Object = {"user": SHOP, "status": "member"}
_KICKED: Object = {"user": SHOP, "status": "kicked", "until_date": 0}

# By name: the update, and the names of the things that are read out of it, in order.
SAMPLES: Mapping[str, tuple[Object, tuple[str, ...]]] = {
    "text": (update(message=message(text="سلام، سفارش من کجاست؟")), ("Said",)),
    "start with a claim": (update(message=message(text="/start Zm9v-_1")), ("Said",)),
    "reply": (
        update(message=message(text="yes", reply_to_message=message(6, text="Blue?", **{"from": SHOP}))),
        ("Said",),
    ),
    "link behind words": (
        update(
            message=message(
                text="this one",
                entities=[{"type": "text_link", "offset": 0, "length": 4, "url": "https://shop.example/p/1"}],
            )
        ),
        ("Said",),
    ),
    "photo": (
        update(
            message=message(
                caption="broken",
                photo=[
                    {**_FILE, "file_id": "small", "width": 90, "height": 60},
                    {**_FILE, "file_id": "large", "width": 1280, "height": 853},
                ],
            )
        ),
        ("Said",),
    ),
    "voice": (update(message=message(voice={**_FILE, "duration": 3, "mime_type": "audio/ogg"})), ("Said",)),
    "audio": (update(message=message(audio={**_FILE, "duration": 3, "title": "Song"})), ("Said",)),
    "video": (
        update(
            message=message(video={**_FILE, "width": 1, "height": 1, "duration": 3, "mime_type": "video/mp4"})
        ),
        ("Said",),
    ),
    "video note": (update(message=message(video_note={**_FILE, "length": 240, "duration": 3})), ("Said",)),
    "document": (
        update(message=message(document={**_FILE, "file_name": "bill.pdf", "mime_type": "application/pdf"})),
        ("Said",),
    ),
    "animation, which is a document, too": (
        update(
            message=message(
                animation={**_FILE, "width": 1, "height": 1, "duration": 1},
                document={**_FILE, "mime_type": "video/mp4"},
            )
        ),
        ("Said",),
    ),
    "sticker": (
        update(
            message=message(
                sticker={
                    **_FILE,
                    "type": "regular",
                    "width": 512,
                    "height": 512,
                    "is_animated": False,
                    "is_video": False,
                    "emoji": "👍",
                }
            )
        ),
        ("Said",),
    ),
    "location": (update(message=message(location={"latitude": 35.7, "longitude": 51.4})), ("Said",)),
    "venue": (
        update(
            message=message(
                location={"latitude": 35.7, "longitude": 51.4},
                venue={
                    "location": {"latitude": 35.7, "longitude": 51.4},
                    "title": "Shop",
                    "address": "Valiasr",
                },
            )
        ),
        ("Said",),
    ),
    "own contact": (
        update(
            message=message(
                contact={"phone_number": "989121234567", "first_name": "Sara", "user_id": SARA["id"]}
            )
        ),
        ("Said",),
    ),
    "somebody's card": (
        update(
            message=message(contact={"phone_number": "+98 912 000 0000", "first_name": "Reza", "user_id": 9})
        ),
        ("Said",),
    ),
    "poll": (update(message=message(poll={"id": "1", "question": "Which?", "options": []})), ("Said",)),
    "forwarded": (
        update(
            message=message(text="look", forward_origin={"type": "user", "date": AT, "sender_user": OWNER})
        ),
        ("Said",),
    ),
    "album": (
        update(message=message(media_group_id="77", photo=[{**_FILE, "width": 9, "height": 9}])),
        ("Said",),
    ),
    "in a group": (update(message=message(chat=GROUP, text="@safar_shop_bot price?")), ("Said",)),
    "a group moves": (
        update(
            message=message(
                chat={"id": -42, "type": "group", "title": "Buyers"}, migrate_to_chat_id=-1_001_000_000_009
            )
        ),
        ("Renamed",),
    ),
    "somebody joins a group": (update(message=message(chat=GROUP, new_chat_members=[SARA])), ()),
    "edited": (update(edited_message=message(text="better", edit_date=AT + 60)), ("MessageNotice",)),
    "a place moves on": (
        update(edited_message=message(location={"latitude": 1, "longitude": 2}, edit_date=AT + 60)),
        (),
    ),
    "pressed": (
        update(
            callback_query={
                "id": "4382bfdwdsb323b2d9",
                "from": SARA,
                "chat_instance": "-1",
                "data": "order:yes",
                "message": message(6, text="Send it?", reply_markup=_BUTTONS, **{"from": SHOP}),
            }
        ),
        ("Said",),
    ),
    "blocked": (
        update(
            my_chat_member={
                "chat": CHAT,
                "from": SARA,
                "date": AT,
                "old_chat_member": _MEMBER,
                "new_chat_member": _KICKED,
            }
        ),
        ("Reachability",),
    ),
    "let in again": (
        update(
            my_chat_member={
                "chat": CHAT,
                "from": SARA,
                "date": AT,
                "old_chat_member": _KICKED,
                "new_chat_member": _MEMBER,
            }
        ),
        ("Reachability",),
    ),
    "reaction": (
        update(
            message_reaction={
                "chat": CHAT,
                "message_id": 6,
                "user": SARA,
                "date": AT,
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": "❤"}],
            }
        ),
        ("MessageNotice",),
    ),
    "reaction taken away": (
        update(
            message_reaction={
                "chat": CHAT,
                "message_id": 6,
                "user": SARA,
                "date": AT,
                "new_reaction": [],
                "old_reaction": [{"type": "emoji", "emoji": "❤"}],
            }
        ),
        ("MessageNotice",),
    ),
    "business connection": (
        update(
            business_connection={
                "id": "bc1",
                "user": OWNER,
                "user_chat_id": 42,
                "date": AT,
                "is_enabled": True,
                "rights": {"can_reply": True},
            }
        ),
        ("AccountNews",),
    ),
    "to the business": (update(business_message=_business(text="Are you open?")), ("Said",)),
    "by the business's owner": (
        update(business_message=_business(text="Yes, until eight", **{"from": OWNER})),
        ("Said",),
    ),
    "edited to the business": (
        update(edited_business_message=_business(text="Are you open today?", edit_date=AT + 9)),
        ("MessageNotice",),
    ),
    "deleted at the business": (
        update(
            deleted_business_messages={"business_connection_id": "bc1", "chat": CHAT, "message_ids": [7, 8]}
        ),
        ("MessageNotice", "MessageNotice"),
    ),
    "a post in a channel": (
        update(
            channel_post={
                "message_id": 3,
                "chat": {"id": -1002, "type": "channel"},
                "date": AT,
                "text": "New!",
            }
        ),
        (),
    ),
    "something else": (update(poll={"id": "1", "question": "Which?", "options": []}), ()),
}
