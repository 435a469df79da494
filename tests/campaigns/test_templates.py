"""What may stand in a campaign's text: it is tried with customers of every kind, and bounded."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from safar.campaigns import actions, mail, sending
from safar.campaigns.liquid import TEXT_MAX
from safar.campaigns.model import Offer
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.stage import campaigns as makers
from tests.stage.campaigns import read, states

OFFER = Offer(new_id(), "L1", "Glass lantern", "glass-lantern", "lights", 1250, "GBP")
FACTS = mail.Facts(OFFER, 1500, 60, "Safar Gifts")


def problem(body: str) -> str | None:
    return mail.template_problems({"en": "Hello"}, {"en": body}, FACTS).get("body_en")


@pytest.mark.finding("messages-4")
@pytest.mark.parametrize(
    "body",
    [
        '{% assign p = customer.name | split: " " %}{{ p[0] }} {{ link }}',
        "{% if customer.name == 'Ada' %}{{ nothing }}{% endif %}{{ link }}",
        "No link here",
        "{% if customer.name == 'Ada' %}{{ link }}{% endif %}",
        "{{ link | upcase }}",
    ],
)
def test_a_text_that_fails_for_some_customers_is_refused_when_it_is_written(body: str) -> None:
    assert problem(body) is None or problem(body)
    assert problem(body) is not None


@pytest.mark.finding("messages-4")
def test_units_are_written_as_people_write_them_and_calculate_as_a_number() -> None:
    body = "{{ units }} / {{ units | times: 2 }} / {% if units > 1000 %}many{% endif %} {{ link }}"
    assert problem(body) is None
    written = mail.write_mail(
        {"en": "x"}, {"en": body}, FACTS, name="Ada", language="en", link="L", unsubscribe="U"
    )
    assert written.body.startswith("1,500 / 3000 / many L")


def test_what_joins_and_parts_letters_stays_in_subject_and_name() -> None:
    written = mail.write_mail(
        {"fa": "برای {{ customer.name }} گذاشته‌ایم"},
        {"fa": "{{ link }}"},
        FACTS,
        name="علی‌رضا\tक्‍ष",
        language="fa",
        link="L",
        unsubscribe="U",
    )
    assert written.subject == "برای علی‌رضا क्‍ष گذاشته‌ایم"


def test_a_customer_whose_language_is_not_spoken_gets_the_shops() -> None:
    facts = replace(FACTS, language="fa")
    texts = {"hi": "h {{ link }}", "fa": "f {{ link }}"}

    def spoken(language: str, **those: str) -> str:
        return mail.write_mail(
            those, those, facts, name=None, language=language, link="L", unsubscribe=""
        ).language

    assert spoken("hi", **texts) == "hi"
    assert spoken("en", **texts) == "fa"
    assert spoken("en", hi="h {{ link }}") == "hi"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a\n{% if %}x{% endif %}", "Line 2: {% if %} is empty; say what it is about."),
        ("{{ link", "“{{” is never closed; write “}}” after it."),
        ("{% if a %}", "{% if %} is never closed; write {% endif %} after it."),
        ("{{ link }}{{ nonsense }}", "There is nothing called “nonsense”. Use only the words listed above."),
        ("{{ link | nope }}", "There is no filter called “nope”."),
        ("{% endfor %}", "{% endfor %} does not belong here."),
    ],
)
def test_a_mistake_in_a_template_is_said_in_words(body: str, said: str) -> None:
    assert problem(body) == said


_GROWING = "{{ 'aaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaa'" * 6 + " | size }}"


@pytest.mark.finding("security-29")
@pytest.mark.parametrize(
    "body",
    [
        _GROWING,
        "{{ (1..100000000) | join: ',' | size }}",
        "{{ (1..100000000) | first }}",
        "{% assign x = 'a' %}" + "{% assign x = x | append: x %}" * 60 + "{{ x | size }}",
        "{{ 99 " + "| times: 99 " * 20 + "}}",
        "{% for i in (1..1000000000) %}{{ i }}{% endfor %}",
        "{{ customer.name | strip_html }}",
        "{% if 1 %}" * 1200 + "{% endif %}" * 1200,
    ],
    ids=range(8),
)
def test_no_filter_begins_with_or_makes_more_than_a_letter_holds(body: str) -> None:
    """Refused before the work is done: what a filter is given and what it makes are bounded in length."""
    assert problem(body[: mail.BODY_MAX - 10] + "{{ link }}") is not None


@pytest.mark.finding("security-29")
def test_what_letters_need_goes_through() -> None:
    body = (
        "{{ customer.name | default: 'friend' | capitalize | truncate: 30 }}"
        " {{ 'a b' | split: ' ' | join: '-' }} {{ shop | upcase | append: '!' | replace: 'S', 's' }}"
        " {{ link }}"
    )
    assert problem(body) is None
    assert TEXT_MAX > mail.BODY_MAX


@pytest.mark.finding("messages-4")
@pytest.mark.finding("security-24")
async def test_one_customer_whose_text_cannot_be_written_stops_nobody(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        mail, "template_problems", lambda *_texts: {}
    )  # as if what was tried had not met this customer
    body = {"en": "{% if customer.name == 'C 1' %}{{ nothing }}{% endif %}{{ link }}"}
    campaign_id = await makers.started(context, reach=3, body=body)
    await sending.send_due(context)
    assert await states(context, campaign_id) == {("queued", None): 2, ("skipped", "template"): 1}


@pytest.mark.finding("messages-4")
@pytest.mark.finding("security-24")
async def test_a_campaign_that_fails_rests_and_the_others_go_on(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await makers.started(context, reach=2)
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    sound = await makers.campaign(context, variant_id, units=10)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, sound)
    write = sending._written

    async def fails(connection: Any, context: Any, campaign: Any, sends: Any) -> Any:
        if campaign.id == broken:
            raise RuntimeError("this one")
        return await write(connection, context, campaign, sends)

    monkeypatch.setattr(sending, "_written", fails)
    assert await sending.send_due(context)
    assert await states(context, broken) == {("planned", None): 2}
    assert await states(context, sound) == {("queued", None): 2}
    ((queue, item, error),) = await read(context, "SELECT queue, item, error FROM setbacks")
    assert (queue, UUID(item)) == ("campaigns.sending", broken)
    assert "RuntimeError" in error
