"""What a program may answer instead of taking a message: documented in docs/channels/http.md."""

from collections.abc import Mapping

from safar.channels.kinds.port import Verdict

CODES: Mapping[str, Verdict] = {
    "refused": Verdict.REFUSED,
    "gone": Verdict.GONE,
    "opted_out": Verdict.OPTED_OUT,
    "other_channel": Verdict.OTHER_CHANNEL,
    "window": Verdict.WINDOW,
    "http_400": Verdict.OUR_FAULT,
    "http_401": Verdict.SIGN_IN,
    "http_403": Verdict.SIGN_IN,
    "http_404": Verdict.ACCOUNT,
    "http_409": Verdict.SENT,  # it has this one already
    "http_410": Verdict.ACCOUNT,
    "http_413": Verdict.REFUSED,
    "http_422": Verdict.REFUSED,
    "http_429": Verdict.AGAIN,
    "http_500": Verdict.UNKNOWN,
    "http_502": Verdict.UNKNOWN,
    "http_503": Verdict.AGAIN,  # by our documentation: it has not taken it
    "http_504": Verdict.UNKNOWN,
}


def verdict_of_answer(code: str, status: int) -> Verdict:
    """Return what an answer means; a status that is not documented by its class."""
    if code in CODES:
        return CODES[code]
    return Verdict.UNKNOWN if status >= 500 or status < 400 else Verdict.REFUSED
