"""Posts as Meta documents them, written by us: one of each shape of WhatsApp, Instagram and Messenger."""

from collections.abc import Mapping
from typing import Any

NUMBER_ID, BUSINESS_ID, PORTFOLIO_ID = "106540352242922", "102290129340398", "506914307656634"
PAGE_ID, INSTAGRAM_ID, APP_ID = "101357952244178", "17841400008460056", "670843887433847"
PHONE, USER_ID = "16505551234", "US.13491208655302741918"
_AT = "1796126400"
_PICTURE = {"id": "1003383421387256", "mime_type": "image/jpeg", "sha256": "a" * 64}


def _message(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "from": PHONE,
        "from_user_id": USER_ID,
        "id": f"wamid.{kind}",
        "timestamp": _AT,
        "type": kind,
        **more,
    }


WHATSAPP_MESSAGES: Mapping[str, dict[str, Any]] = {
    "text": _message("text", text={"body": "Is it in stock?"}),
    "image": _message("image", image={**_PICTURE, "caption": "This one"}),
    "audio": _message(
        "audio", audio={"id": "1", "sha256": "b" * 64, "mime_type": "audio/ogg; codecs=opus", "voice": True}
    ),
    "video": _message("video", video={"id": "2", "sha256": "b" * 64, "mime_type": "video/mp4"}),
    "document": _message(
        "document",
        document={"id": "3", "sha256": "b" * 64, "mime_type": "application/pdf", "filename": "bill.pdf"},
    ),
    "sticker": _message(
        "sticker", sticker={"id": "4", "sha256": "b" * 64, "mime_type": "image/webp", "animated": False}
    ),
    "location": _message("location", location={"latitude": 35.7, "longitude": 51.4, "name": "Tehran"}),
    "contacts": _message(
        "contacts",
        contacts=[
            {
                "name": {"formatted_name": "Ana Souza"},
                "phones": [{"phone": "+55 11 91234-5678", "wa_id": "5511912345678"}],
            }
        ],
    ),
    "order": _message(
        "order",
        order={
            "catalog_id": "35",
            "text": "Please",
            "product_items": [
                {"product_retailer_id": "MUG", "quantity": 2, "item_price": 9, "currency": "GBP"}
            ],
        },
    ),
    "reaction": _message("reaction", reaction={"message_id": "wamid.ours", "emoji": "👍"}),
    "unreaction": _message("reaction", reaction={"message_id": "wamid.ours"}),
    "button_reply": _message(
        "interactive",
        context={"from": "15550783881", "id": "wamid.ours"},
        interactive={"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}},
    ),
    "list_reply": _message(
        "interactive",
        interactive={
            "type": "list_reply",
            "list_reply": {"id": "row", "title": "Row", "description": "First"},
        },
    ),
    "nfm_reply": _message(
        "interactive",
        interactive={
            "type": "nfm_reply",
            "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"},
        },
    ),
    "button": _message("button", button={"payload": "stop", "text": "Stop"}, context={"id": "wamid.ours"}),
    "changed_number": {
        "from": PHONE,
        "id": "wamid.system",
        "timestamp": _AT,
        "type": "system",
        "system": {
            "body": "User changed number",
            "wa_id": "16505559999",
            "type": "user_changed_number",
            "user_id": "US.2222",
            "previous_user_id": USER_ID,
        },
    },
    "changed_user_id": {
        "id": "wamid.system2",
        "timestamp": _AT,
        "type": "system",
        "system": {"type": "user_changed_user_id", "user_id": "US.2222", "previous_user_id": USER_ID},
    },
    "unsupported": _message(
        "unsupported",
        errors=[
            {
                "code": 131051,
                "title": "Unsupported",
                "message": "Unsupported",
                "error_data": {"details": "Not supported"},
            }
        ],
        unsupported={"type": "poll"},
    ),
    "edit": _message(
        "edit",
        edit={"original_message_id": "wamid.text", "message": {"type": "text", "text": {"body": "In red?"}}},
    ),
    "revoke": _message("revoke", revoke={"original_message_id": "wamid.text"}),
    "referral": _message(
        "text",
        text={"body": "Hello"},
        referral={"source_url": "https://fb.me/x", "source_id": "7", "source_type": "ad", "ctwa_clid": "ARA"},
        context={"forwarded": True},
    ),
}


def _status(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "wamid.ours",
        "status": status,
        "timestamp": _AT,
        "recipient_id": PHONE,
        "recipient_user_id": USER_ID,
        **more,
    }


WHATSAPP_STATUSES: Mapping[str, dict[str, Any]] = {
    "sent": _status(
        "sent",
        biz_opaque_callback_data="019387a1-0000-7000-8000-000000000001",
        pricing={"billable": True, "pricing_model": "PMP", "category": "service", "type": "regular"},
    ),
    "delivered": _status("delivered"),
    "read": _status("read"),
    "played": _status("played"),
    "failed": _status(
        "failed",
        errors=[
            {
                "code": 131049,
                "title": "Not delivered",
                "message": "Not delivered",
                "error_data": {"details": "healthy ecosystem"},
            }
        ],
    ),
}
CONTACTS = [{"profile": {"name": "Kerry", "username": "kerry"}, "wa_id": PHONE, "user_id": USER_ID}]
_METADATA = {"display_phone_number": "15550783881", "phone_number_id": NUMBER_ID}


def whatsapp_value(**lists: Any) -> dict[str, Any]:
    """Return the value of a change with such lists (messages, statuses …)."""
    return {"messaging_product": "whatsapp", "metadata": _METADATA, "contacts": CONTACTS, **lists}


WHATSAPP_CHANGES: tuple[dict[str, Any], ...] = (
    *({"field": "messages", "value": whatsapp_value(messages=[one])} for one in WHATSAPP_MESSAGES.values()),
    *({"field": "messages", "value": whatsapp_value(statuses=[one])} for one in WHATSAPP_STATUSES.values()),
    {"field": "messages", "value": whatsapp_value(errors=[{"code": 130429, "title": "Rate limit hit"}])},
    {
        "field": "smb_message_echoes",
        "value": whatsapp_value(
            message_echoes=[
                {
                    "from": "15550783881",
                    "to": PHONE,
                    "to_user_id": USER_ID,
                    "id": "wamid.echo",
                    "timestamp": _AT,
                    "type": "text",
                    "text": {"body": "From the phone"},
                }
            ]
        ),
    },
    {
        "field": "user_id_update",
        "value": whatsapp_value(
            user_id_update=[
                {"wa_id": PHONE, "user_id": {"previous": USER_ID, "current": "US.2222"}, "timestamp": _AT}
            ]
        ),
    },
    {
        "field": "user_preferences",
        "value": whatsapp_value(
            user_preferences=[
                {
                    "wa_id": PHONE,
                    "user_id": USER_ID,
                    "detail": "User requested to stop marketing messages",
                    "category": "marketing_messages",
                    "value": "stop",
                    "timestamp": 1796126400,
                }
            ]
        ),
    },
    {
        "field": "message_template_status_update",
        "value": {
            "event": "REJECTED",
            "message_template_id": 1,
            "message_template_name": "offer",
            "message_template_language": "pt_BR",
            "reason": "INVALID_FORMAT",
            "message_template_category": "MARKETING",
        },
    },
    {
        "field": "template_category_update",
        "value": {
            "message_template_id": 1,
            "message_template_name": "order",
            "message_template_language": "en",
            "previous_category": "UTILITY",
            "new_category": "MARKETING",
        },
    },
    {
        "field": "phone_number_quality_update",
        "value": {"display_phone_number": "15550783881", "event": "DOWNGRADE", "current_limit": "TIER_2K"},
    },
    {
        "field": "account_update",
        "value": {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "x"},
        },
    },
    {
        "field": "account_alerts",
        "value": {
            "entity_type": "BUSINESS",
            "alert_info": {
                "alert_severity": "INFORMATIONAL",
                "alert_status": "NONE",
                "alert_type": "INCREASED_CAPABILITIES_ELIGIBILITY_FAILED",
                "alert_description": "Not yet",
            },
        },
    },
    {
        "field": "business_capability_update",
        "value": {"max_daily_conversation_per_phone": 2000, "max_phone_numbers_per_business": 25},
    },
)


def whatsapp_post(*changes: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS_ID, "changes": list(changes)}]}


_STAMP = 1796126400000


def _event(**what: Any) -> dict[str, Any]:
    return {"sender": {"id": "5501"}, "recipient": {"id": PAGE_ID}, "timestamp": _STAMP, **what}


META_EVENTS: Mapping[str, dict[str, Any]] = {
    "text": _event(message={"mid": "m_text", "text": "Is it in stock?"}),
    "reply": _event(message={"mid": "m_reply", "text": "That one", "reply_to": {"mid": "m_ours"}}),
    "quick_reply": _event(message={"mid": "m_quick", "text": "Yes", "quick_reply": {"payload": "yes"}}),
    "image": _event(
        message={
            "mid": "m_image",
            "attachments": [{"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/a.jpg"}}],
        }
    ),
    "several": _event(
        message={
            "mid": "m_several",
            "text": "Two",
            "attachments": [
                {"type": "audio", "payload": {"url": "https://cdn.fbsbx.com/a.mp4"}},
                {"type": "file", "payload": {"url": "https://cdn.fbsbx.com/b.pdf"}},
                {
                    "type": "sticker",
                    "payload": {"url": "https://scontent.xx.fbcdn.net/s.png", "sticker_id": 3},
                },
            ],
        }
    ),
    "location": _event(
        message={
            "mid": "m_place",
            "attachments": [{"type": "location", "payload": {"coordinates": {"lat": 35.7, "long": 51.4}}}],
        }
    ),
    "story": _event(
        message={
            "mid": "m_story",
            "text": "Nice",
            "reply_to": {"story": {"id": "9", "url": "https://scontent.cdninstagram.com/s.jpg"}},
        }
    ),
    "share": _event(
        message={"mid": "m_share", "attachments": [{"type": "share", "payload": {"url": "https://x.com/p"}}]}
    ),
    "unsupported": _event(message={"mid": "m_unsupported", "is_unsupported": True}),
    "deleted": _event(message={"mid": "m_text", "is_deleted": True}),
    "echo": {
        "sender": {"id": PAGE_ID},
        "recipient": {"id": "5501"},
        "timestamp": _STAMP,
        "message": {"mid": "m_echo", "text": "From the phone", "is_echo": True, "app_id": 263902037430900},
    },
    "own_echo": {
        "sender": {"id": PAGE_ID},
        "recipient": {"id": "5501"},
        "timestamp": _STAMP,
        "message": {
            "mid": "m_ours",
            "text": "Yes",
            "is_echo": True,
            "app_id": int(APP_ID),
            "metadata": "019387a1-0000-7000-8000-000000000001",
        },
    },
    "edit": _event(message_edit={"mid": "m_text", "text": "In red?", "num_edit": 1}),
    "reaction": _event(reaction={"mid": "m_ours", "action": "react", "reaction": "love", "emoji": "❤"}),
    "unreaction": _event(reaction={"mid": "m_ours", "action": "unreact"}),
    "postback": _event(postback={"mid": "m_postback", "title": "Start", "payload": "START"}),
    "postback_without_id": _event(postback={"title": "Start", "payload": "START"}),
    "read_up_to": _event(read={"watermark": _STAMP}),
    "read_one": _event(read={"mid": "m_ours"}),
    "delivery": _event(delivery={"mids": ["m_ours", "m_other"], "watermark": _STAMP}),
    "referral": _event(referral={"ref": "summer", "source": "SHORTLINK", "type": "OPEN_THREAD"}),
    "optin": _event(optin={"type": "notification_messages", "title": "News"}),
    "stop": _event(
        optin={"type": "notification_messages", "notification_messages_status": "STOP_NOTIFICATIONS"}
    ),
    "policy": _event(policy_enforcement={"action": "block", "reason": "Spam"}),
    "thread": _event(pass_thread_control={"new_owner_app_id": "1", "metadata": "to the inbox"}),
}


def meta_post(*events: Mapping[str, Any], about: str = "page", own_id: str = PAGE_ID) -> dict[str, Any]:
    return {"object": about, "entry": [{"id": own_id, "time": _STAMP, "messaging": list(events)}]}
