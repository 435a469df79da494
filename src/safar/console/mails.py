"""The words of the shop's mails: read, changed in each language, looked at, and sent to oneself."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from safar.channels.actions import queue_many
from safar.channels.design import mail_look, mail_page
from safar.channels.letters import MailKind
from safar.channels.model import Outgoing
from safar.channels.texts import (
    SUBJECT_MAX,
    WORDS_MAX,
    MailWords,
    change_text,
    in_their_words,
    stored_texts,
    unknown_names,
)
from safar.console.mail_samples import SAMPLES
from safar.kernel.errors import NotFound
from safar.kernel.i18n import LANGUAGES, _, current_language, speaking
from safar.kernel.ids import new_id
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.owner.reading import known_shop

_PREVIEW_HEADERS = {
    # A page of its own kind: nothing runs in it, and only the page that shows it may frame it.
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' http: https: data:;"
        " frame-ancestors 'self'; sandbox"
    ),
    "x-frame-options": "SAMEORIGIN",
}


def _kind(request: Request) -> MailKind:
    sample = SAMPLES.get(request.path_params["kind"])
    if sample is None:
        raise NotFound
    return sample[0]


def _language(request: Request) -> str:
    """Return the language of the mail, which need not be that of the page."""
    asked = request.query_params.get("mail_language", "")
    return asked if asked in LANGUAGES else current_language()


async def _list(request: Request) -> Response:
    async with context_of(request).database.connection() as connection:
        texts = await stored_texts(connection)
    changed = {kind for kind, _language in texts}
    listed = [(kind, kind.key in changed) for kind, _write in SAMPLES.values()]
    return page(request, "console/mails.html", {"kinds": listed})


async def _mail(request: Request, wrong: Wrong = NOTHING) -> Response:
    kind, language = _kind(request), _language(request)
    async with context_of(request).database.connection() as connection:
        text = (await stored_texts(connection)).get((kind.key, language)) or MailWords(kind.key, language)
    values = {
        "kind": kind,
        "names": ["{{ " + name + " }}" for name in kind.named],
        "text": text,
        "built_in": _built_in(kind, language),
        "mail_language": language,
        "spoken": list(LANGUAGES.items()),
        "subject_max": SUBJECT_MAX,
        "words_max": WORDS_MAX,
        "sent": request.query_params.get("done") == "sent",
        "saved": request.query_params.get("done") == "saved",
        **wrong.values(),
    }
    return page(request, "console/mail.html", values, status=wrong.status)


def _built_in(kind: MailKind, language: str) -> MailWords:
    """Return the built-in words in the form in which staff write theirs."""
    named = {name: "{{ " + name + " }}" for name in kind.named}
    with speaking(language):
        subject, intro, closing = (_(text) % named for text in (kind.subject, kind.intro, kind.closing))
    return MailWords(kind.key, language, subject, intro, closing)


@posted(_mail)
async def _save(request: Request, actor: Actor, fields: Fields) -> str:
    kind, language = _kind(request), _language(request)
    built_in = _built_in(kind, language)
    words = {
        name: fields.text(name, length_max=most, required=False)
        for name, most in (("subject", SUBJECT_MAX), ("intro", WORDS_MAX), ("closing", WORDS_MAX))
    }
    for name, text in words.items():
        if unknown := unknown_names(text, kind):
            fields.problems[name] = _("This mail knows nothing called %(name)s.", name=unknown[0])
        if text == getattr(built_in, name):
            words[name] = ""
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await change_text(connection, MailWords(kind.key, language, **words), staff_id=actor.id)
    return f"/mails/{kind.key}?mail_language={language}&done=saved"


@posted(_mail)
async def _send_me(request: Request, actor: Actor, _fields: Fields) -> str:
    kind, language = _kind(request), _language(request)
    async with context_of(request).database.transaction() as connection:
        mail = replace(
            _sample(request, kind, language),
            message_id=new_id(),
            customer_id=None,
            staff_id=actor.id,
            address=actor.email,
        )
        await queue_many(connection, [mail])
    return f"/mails/{kind.key}?mail_language={language}&done=sent"


async def _preview(request: Request) -> Response:
    """Show a sample as mail programs do."""
    kind, language = _kind(request), _language(request)
    async with context_of(request).database.connection() as connection:
        mail = in_their_words(_sample(request, kind, language), await stored_texts(connection))
    context = context_of(request)
    look = mail_look(known_shop(context), context.settings.public_url)
    assert mail.letter is not None
    html = mail_page(mail.letter, subject=mail.subject or "", language=language, look=look)
    return HTMLResponse(html, headers=_PREVIEW_HEADERS)


def _sample(request: Request, kind: MailKind, language: str) -> Outgoing:
    _kind_of, write = SAMPLES[kind.key]
    return write(language, context_of(request).settings.public_url.rstrip("/"))


routes: list[BaseRoute] = [
    StaffRoute("/mails", _list, role="manager"),
    StaffRoute("/mails/{kind}", _mail, role="manager"),
    StaffRoute("/mails/{kind}", _save, role="manager", methods=["POST"]),
    StaffRoute("/mails/{kind}/preview", _preview, role="manager"),
    StaffRoute("/mails/{kind}/send-me", _send_me, role="manager", methods=["POST"]),
]
