"""What Twilio's error codes mean. Source: twilio.com/docs/api/errors."""

from collections.abc import Mapping

from safar.channels.kinds.port import Verdict

OPTED_OUT = "21610"

CODES: Mapping[str, Verdict] = {
    "20001": Verdict.UNKNOWN,
    "20003": Verdict.SIGN_IN,
    "20005": Verdict.ACCOUNT,  # the account is not active
    "20404": Verdict.OUR_FAULT,
    "20429": Verdict.AGAIN,
    "20500": Verdict.UNKNOWN,
    "20503": Verdict.UNKNOWN,
    "21211": Verdict.GONE,
    "21212": Verdict.ACCOUNT,  # our own number is not one
    "21408": Verdict.ACCOUNT,  # the region is not switched on
    "21602": Verdict.OUR_FAULT,  # no text
    "21603": Verdict.OUR_FAULT,  # no sender
    "21604": Verdict.OUR_FAULT,  # no receiver
    "21606": Verdict.ACCOUNT,
    "21608": Verdict.ACCOUNT,  # on trial: this number has to be verified first
    OPTED_OUT: Verdict.OPTED_OUT,
    "21611": Verdict.AGAIN,  # the number's queue is full
    "21612": Verdict.OTHER_CHANNEL,
    "21614": Verdict.OTHER_CHANNEL,
    "21617": Verdict.OUR_FAULT,
    "21620": Verdict.OUR_FAULT,
    "21623": Verdict.OUR_FAULT,
    "21654": Verdict.TEMPLATE,
    "21656": Verdict.TEMPLATE,
    "21703": Verdict.ACCOUNT,  # the messaging service has no number
    "21704": Verdict.ACCOUNT,
    "30001": Verdict.AGAIN,
    "30002": Verdict.ACCOUNT,
    "30003": Verdict.AGAIN,  # the handset is off: it was not delivered, and may be later
    "30004": Verdict.OTHER_CHANNEL,
    "30005": Verdict.GONE,
    "30006": Verdict.OTHER_CHANNEL,
    "30007": Verdict.REFUSED,
    "30008": Verdict.UNKNOWN,
    "30010": Verdict.REFUSED,  # dearer than the account allows
    "30019": Verdict.REFUSED,
    "30022": Verdict.SLOWER,
    "30023": Verdict.SLOWER,  # the day's number for a brand
    "30034": Verdict.ACCOUNT,  # not registered (A2P 10DLC)
    "30410": Verdict.UNKNOWN,
    "30450": Verdict.REFUSED,
    "63003": Verdict.GONE,
    "63016": Verdict.WINDOW,
    "63018": Verdict.AGAIN,
    "63024": Verdict.GONE,
    "63032": Verdict.OTHER_CHANNEL,
    "63049": Verdict.OTHER_CHANNEL,
}


def verdict_of_code(code: str, status: int = 400) -> Verdict:
    """Return what a code means; one that nobody documents is judged by the status it came with."""
    if code in CODES:
        return CODES[code]
    if status == 429:
        return Verdict.AGAIN
    if status >= 500:
        return Verdict.UNKNOWN
    return Verdict.SIGN_IN if status == 401 else Verdict.REFUSED
