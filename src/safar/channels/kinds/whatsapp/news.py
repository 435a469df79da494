"""What Meta tells of the account itself: templates, quality, limits, bans."""

from collections.abc import Callable, Mapping
from typing import Any

from safar.channels.kinds.port import AccountNews
from safar.channels.kinds.reading import flat, object_of, short

_BAD_TEMPLATES = frozenset(
    {"REJECTED", "PAUSED", "DISABLED", "FLAGGED", "LIMIT_EXCEEDED", "PENDING_DELETION"}
)
_GOOD_EVENTS = frozenset({
    "PARTNER_ADDED", "PARTNER_APP_INSTALLED", "VERIFIED_ACCOUNT", "ACCOUNT_RECONNECTED",
    "PRIMARY_BUSINESS_LOCATION_SET", "AD_ACCOUNT_LINKED", "VOLUME_BASED_PRICING_TIER_UPDATE",
    "MM_LITE_TERMS_SIGNED", "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
})  # fmt: skip


def _word(value: Mapping[str, Any], name: str) -> str:
    return short(value.get(name)).upper()


def _never(_value: Mapping[str, Any]) -> bool:
    return False


# Each field of the account, and when its owner has to be told.
NEWS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "message_template_status_update": lambda value: _word(value, "event") in _BAD_TEMPLATES,
    "message_template_quality_update": lambda value: _word(value, "new_quality_score") == "RED",
    "message_template_components_update": _never,
    # Another category is another price.
    "template_category_update": lambda _value: True,
    "template_correct_category_detection": lambda _value: True,
    "phone_number_quality_update": lambda value: _word(value, "event") in ("FLAGGED", "DOWNGRADE"),
    "phone_number_name_update": lambda value: _word(value, "decision") == "REJECTED",
    "business_capability_update": _never,
    "account_update": lambda value: _word(value, "event") not in _GOOD_EVENTS,
    "account_alerts": lambda _value: True,
    "account_review_update": lambda value: _word(value, "decision") in ("REJECTED", "DISABLED"),
    "account_settings_update": _never,
    "security": lambda _value: True,
    "business_status_update": lambda _value: True,
    "business_username_update": _never,
    "business_username_updates": _never,
    "payment_configuration_update": _never,
    "partner_solutions": _never,
    "flows": _never,
    "messaging_handovers": _never,
    "user_actions": _never,
    # Told while an app is connected with a phone; they are no news and open no window.
    "history": _never,
    "smb_app_state_sync": _never,
    "group_lifecycle_update": _never,
    "group_participants_update": _never,
    "group_settings_update": _never,
    "group_status_update": _never,
}
_SAYING = (
    "event", "message_template_name", "message_template_language", "previous_category", "new_category",
    "correct_category", "new_quality_score", "decision", "current_limit", "max_daily_conversation_per_phone",
    "max_daily_conversations_per_business", "alert_type", "alert_status", "alert_description", "reason",
    "rejection_reason",
)  # fmt: skip


_NESTED = ("ban_info", "alert_info", "violation_info", "restriction_info", "disable_info", "rejection_info")


def news_of(field: str, value: Mapping[str, Any]) -> AccountNews:
    """Return what a change says of the account. Nested facts (a ban, an alert) stand beside the others."""
    data = flat(value)
    for name in (
        "ban_info",
        "alert_info",
        "violation_info",
        "restriction_info",
        "disable_info",
        "rejection_info",
    ):
        data.update(flat(object_of(value.get(name)), most=10))
    detail = ", ".join(data[name] for name in _SAYING if name in data)[:500]
    return AccountNews(field, detail or field, bad=NEWS[field](value), data=data)
