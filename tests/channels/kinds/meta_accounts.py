"""The accounts of Meta's channels on which their tests stand."""

import copy
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from hypothesis import strategies as st

from safar.channels.kinds.port import ChannelAccount, OutboundMessage, Post
from safar.standins.meta_samples import APP_ID, BUSINESS_ID, INSTAGRAM_ID, NUMBER_ID, PAGE_ID, PORTFOLIO_ID

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
OUR_ID = UUID("019387a1-0000-7000-8000-000000000001")
SECRETS = {"token": "EAAG-token", "app_secret": "secret-of-the-app"}
WHATSAPP = ChannelAccount(
    id=UUID(int=1),
    kind="whatsapp",
    name="Shop",
    scope=PORTFOLIO_ID,
    details={
        "phone_number_id": NUMBER_ID,
        "business_account_id": BUSINESS_ID,
        "portfolio_id": PORTFOLIO_ID,
        "verify_token": "verify-me",
    },
    secrets=SECRETS,
)
MESSENGER = replace(
    WHATSAPP,
    kind="messenger",
    scope=PAGE_ID,
    details={"page_id": PAGE_ID, "app_id": APP_ID, "verify_token": "verify-me"},
)
INSTAGRAM = replace(
    WHATSAPP,
    kind="instagram",
    scope=INSTAGRAM_ID,
    details={"page_id": PAGE_ID, "instagram_id": INSTAGRAM_ID, "app_id": APP_ID, "verify_token": "verify-me"},
)


def at(account: ChannelAccount, url: str) -> ChannelAccount:
    """Return the account with its API at a stand-in."""
    return replace(account, details={**account.details, "api_url": url})


def signed(body: bytes, secret: str = SECRETS["app_secret"]) -> Post:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Post(body=body, headers={"x-hub-signature-256": f"sha256={digest}"})


def post_of(envelope: Mapping[str, Any]) -> Post:
    return Post(body=orjson.dumps(envelope))


def letter(text: str = "Yes", address: str = "+16505551234", **more: Any) -> OutboundMessage:
    return OutboundMessage(**{"id": OUR_ID, "address": address, "text": text, "language": "en", **more})


_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, float("inf"), "", "x", "\x00", "a" * 600, [], {}, [[]], [None], {"id": {}}]
)
DEEP: Any = orjson.loads(b"[" * 900 + b"]" * 900)


@st.composite
def spoilt(draw: st.DrawFn, sample: Any) -> Any:
    """Draw a sample of which something is missing, of another type, or nested without end."""
    value = copy.deepcopy(sample)
    for _time in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["gone", "odd", "deep", "listed"]))
        if what == "gone":
            del holder[key]
        elif what == "odd":
            holder[key] = draw(_ODD)
        elif what == "deep":
            holder[key] = DEEP
        else:
            holder[key] = [holder[key], holder[key]]
    return value


def _places(value: Any) -> Any:
    if value is DEEP:
        return
    keys: Any = (
        value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
