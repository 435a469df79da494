"""Every mail of the corpus says what its sender wrote, from whom it came, and what it reports."""

from uuid import UUID

import pytest

from safar.channels.mail import read_mail
from tests.channels.corpus import CASES
from tests.channels.corpus.case import OURS, SENT_ID, Case


def test_the_corpus_covers_every_kind() -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)
    assert sum(case.bounce is not None for case in CASES) >= 12


@pytest.mark.finding("messages-6")
@pytest.mark.finding("messages-12")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mail_is_read_as_it_was_meant(case: Case) -> None:
    mail = read_mail(case.raw, case.envelope_from, our_address=OURS)
    assert mail.error == case.error
    wanted = {
        "text": case.text,
        "folded": case.folded,
        "subject": case.subject,
        "name": case.sender,
        "address": case.address,
        "reply_to": case.reply_to,
        "automatic": case.automatic,
        "for_people": case.for_people,
    }
    assert {name: getattr(mail, name) for name, want in wanted.items() if want is not None} == {
        name: want for name, want in wanted.items() if want is not None
    }
    for words in case.says:
        assert words in mail.text
    for words in case.silent:
        assert words not in mail.text
    if case.files is not None:
        assert tuple(file.name for file in mail.files if not file.page) == case.files
    if case.bounce is None:
        assert mail.bounce is None
        return
    assert mail.bounce is not None
    assert (mail.bounce.status, mail.bounce.recipient, mail.bounce.failed) == case.bounce
    assert mail.bounce.message_id == (UUID(SENT_ID) if case.named else None)
