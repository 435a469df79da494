"""Reports of mail that did not arrive, or is late, as servers write them; and mails that only look like one."""

from tests.channels.corpus.case import SENT_ID, Case, joined, mail, part

ID = f"<{SENT_ID}@safar.example>"
ORIGINAL = (
    f"From: shop@safar.example\r\nTo: ann@customer.example\r\nMessage-ID: {ID}\r\nSubject: Re: Help\r\n"
)
DAEMON = "Mail Delivery Subsystem <MAILER-DAEMON@mx.customer.example>"


def _status(action: str = "failed", status: str = "5.1.1", extra: str = "") -> str:
    return (
        f"Reporting-MTA: dns; mx.customer.example\r\n{extra}\r\nFinal-Recipient: rfc822; ann@customer.example\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    )


def _report(
    name: str, *pieces: bytes, want: tuple[str, str, bool], named: bool = True, **headers: str
) -> Case:
    raw = mail(
        joined(*pieces), sender=DAEMON, subject="Undelivered Mail Returned to Sender",
        kind='multipart/report; report-type=delivery-status; boundary="x"', **headers,
    )  # fmt: skip
    return Case(name=f"bounce {name}", raw=raw, envelope_from="", bounce=want, named=named)


def _plain(
    name: str, text: str, *, want: tuple[str, str, bool], subject: str = "failure notice", sender: str = DAEMON,
    named: bool = True, envelope: str = "", **headers: str,
) -> Case:  # fmt: skip
    raw = mail(text, sender=sender, subject=subject, **headers)
    return Case(name=f"bounce {name}", raw=raw, envelope_from=envelope, bounce=want, named=named)


GONE = ("5.1.1", "ann@customer.example", True)
TEXT = part("It could not be delivered.", "text/plain")

CASES = (
    _report("rfc 3464 with the headers", TEXT, part(_status(), "message/delivery-status"),
            part(ORIGINAL, "text/rfc822-headers"), want=GONE),
    _report("rfc 3464 with the mail", TEXT, part(_status(), "message/delivery-status"),
            part(ORIGINAL + "\r\nWe send it.", "message/rfc822"), want=GONE),
    _report("rfc 3464 without the mail, an answer to it", TEXT, part(_status(), "message/delivery-status"),
            want=GONE, In_Reply_To=ID),
    _report("rfc 3464 without the mail, by References", TEXT, part(_status(), "message/delivery-status"),
            want=GONE, References=f"<a@b.example> {ID}"),
    _report("rfc 3464 with nothing of ours", TEXT, part(_status(), "message/delivery-status"), want=GONE,
            named=False),
    _report("rfc 3464 full mailbox", TEXT, part(_status(status="5.2.2"), "message/delivery-status"),
            part(ORIGINAL, "text/rfc822-headers"), want=("5.2.2", "ann@customer.example", True)),
    _report("rfc 3464 given up after a while", TEXT, part(_status(status="4.4.1"), "message/delivery-status"),
            part(ORIGINAL, "text/rfc822-headers"), want=("4.4.1", "ann@customer.example", True)),
    _report("rfc 3464 late", TEXT, part(_status("delayed", "4.4.1"), "message/delivery-status"),
            part(ORIGINAL, "text/rfc822-headers"), want=("4.4.1", "ann@customer.example", False)),
    _report("rfc 3464 arrived", TEXT, part(_status("delivered", "2.0.0"), "message/delivery-status"),
            part(ORIGINAL, "text/rfc822-headers"), want=("2.0.0", "ann@customer.example", False)),
    _report("rfc 6533", TEXT,
            part(_status().replace("rfc822; ann@", "utf-8; \\x{967}\\x{93F}n@"), "message/global-delivery-status"),
            part(ORIGINAL, "message/global-headers"), want=("5.1.1", "१िn@customer.example", True)),
    _report("rfc 6533 with raw letters and the mail", TEXT,
            part(_status().replace("rfc822; ann@", "utf-8; मीरा@"), "message/global-delivery-status"),
            part(ORIGINAL + "\r\nWe send it.", "message/global"), want=("5.1.1", "मीरा@customer.example", True)),
    _report("postfix", part(
        "This is the mail system at host mx.customer.example.\n\nI'm sorry to have to inform you that your message"
        " could not\nbe delivered to one or more recipients.\n", "text/plain"),
            part(_status(extra="X-Postfix-Queue-ID: 4Abc\r\n"), "message/delivery-status"),
            part(ORIGINAL, "message/rfc822"), want=GONE),
    _plain("qmail",
           "Hi. This is the qmail-send program at mx.customer.example.\n\n<ann@customer.example>:\n"
           "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
           f"{ORIGINAL}\nWe send it.", want=GONE),
    _plain("qmail that gave up",
           "Hi. This is the qmail-send program at mx.customer.example.\n\n<ann@customer.example>:\n"
           "CNAME lookup failed temporarily. (#4.4.3)\nI'm not going to try again; this message has been in the "
           f"queue too long.\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
           want=("4.4.3", "ann@customer.example", True)),
    _plain("exim",
           "This message was created automatically by mail delivery software.\n\nA message that you sent could not "
           "be delivered to one or more of its\nrecipients. This is a permanent error.\n\n  ann@customer.example\n"
           "    550 5.1.1 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\n"
           f"{ORIGINAL}", subject="Mail delivery failed: returning message to sender", want=GONE,
           X_Failed_Recipients="ann@customer.example", Auto_Submitted="auto-replied"),
    _plain("exim late",
           "This message was created automatically by mail delivery software.\nA message that you sent has not yet "
           f"been delivered to one or more of its\nrecipients after more than 24 hours.\nMessage-ID: {ID}\n\n"
           "No action is required on your part.", subject="Warning: message 1abc delayed 24 hours",
           want=("5.0.0", "", False)),
    _plain("exchange in words",
           "Delivery has failed to these recipients or groups:\n\nann@customer.example (ann@customer.example)\n"
           "The e-mail address you entered couldn't be found.\n\nDiagnostic information for administrators:\n\n"
           f"#550 5.1.1 RESOLVER.ADR.RecipNotFound ##\n\nOriginal message headers:\n\n{ORIGINAL}",
           subject="Undeliverable: Re: Help", sender="postmaster@customer.example",
           want=("5.1.1", "", True), X_MS_Exchange_Message_Is_Ndr=""),
    _plain("gmail in words",
           "Address not found\n\nYour message wasn't delivered to ann@customer.example because the address couldn't "
           f"be found.\n\n550 5.1.1 The email account does not exist.\n\nMessage-ID: {ID}",
           subject="Delivery Status Notification (Failure)", sender="mailer-daemon@googlemail.com",
           want=GONE, X_Failed_Recipients="ann@customer.example"),
    _plain("gmail in HTML and words", f"Message blocked\n\n550 5.7.1 blocked\n{ID}",
           subject="Delivery Status Notification (Failure)", sender="mailer-daemon@googlemail.com",
           want=("5.7.1", "ann@customer.example", True), X_Failed_Recipients="ann@customer.example"),
    _plain("yahoo",
           "Sorry, we were unable to deliver your message to the following address.\n\n<ann@customer.example>:\n"
           f"554: delivery error: dd This user doesn't have a yahoo.com account\n\n--- Below this line\n{ORIGINAL}",
           subject="Failure Notice", want=("5.0.0", "ann@customer.example", True)),
    _plain("sendmail late",
           f"    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
           f"    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\nThe original message was received at Mon, 30 Nov\n"
           f"Warning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old\n{ID}",
           subject="Warning: could not send message for past 4 hours", want=("5.0.0", "", False)),
    _plain("a server that says it in Portuguese", f"A sua mensagem não foi entregue.\n\n{ORIGINAL}",
           subject="Não é possível entregar: Re: Help", sender="postmaster@customer.example", want=("5.0.0", "", True)),
    _plain("with a sender of its own, envelope null", f"Delivery failure\n{ORIGINAL}", subject="Delivery failure",
           sender="bounces@host.example", want=("5.0.0", "", True)),
    Case(name="no bounce: an answering machine without a sender",
         raw=mail("I am away until Monday.", subject="Away", In_Reply_To=ID), envelope_from="", automatic=True,
         says=("I am away",)),
    Case(name="no bounce: a person who writes of one",
         raw=mail("I got this: Undelivered Mail Returned to Sender. Why?", subject="Undelivered mail"),
         says=("I got this",), automatic=False),
    Case(name="no bounce: a person who forwards one",
         raw=mail(joined(part("See, it failed", "text/plain"),
                         part("From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n5.1.1", "message/rfc822")),
                  kind="multipart/mixed; boundary=x"), says=("See, it failed",)),
    Case(name="no bounce: a postmaster who is a person",
         raw=mail("Hello, our new address is this.", sender="postmaster@customer.example", subject="New address"),
         says=("Hello",)),
    Case(name="no bounce: a receipt of reading",
         raw=mail(joined(part("It was displayed", "text/plain"),
                         part("Final-Recipient: rfc822;ann@customer.example\r\nDisposition: manual-action; displayed",
                              "message/disposition-notification")),
                  kind="multipart/report; report-type=disposition-notification; boundary=x"), automatic=True),
)  # fmt: skip
