"""Every error code that Meta documents for sending by Instagram and Messenger, and what it means for us.

A code with its subcode counts before the code alone.
"""

from collections.abc import Mapping

from safar.channels.kinds.port import Verdict

CODES: Mapping[str, Verdict] = {
    "10/2018278": Verdict.WINDOW,
    "10/2534022": Verdict.WINDOW,
    "10/1893063": Verdict.ACCOUNT,
    "10/2018108": Verdict.ACCOUNT,
    "10": Verdict.ACCOUNT,
    "100/1893061": Verdict.OUR_FAULT,
    "100/2018001": Verdict.GONE,
    "100/2018034": Verdict.OUR_FAULT,
    "100/2018109": Verdict.REFUSED,
    "100": Verdict.OUR_FAULT,
    "0": Verdict.SIGN_IN,
    "102": Verdict.SIGN_IN,
    "190": Verdict.SIGN_IN,
    **{str(code): Verdict.ACCOUNT for code in range(200, 300)},
    "368": Verdict.ACCOUNT,
    "551": Verdict.OTHER_CHANNEL,
    "551/1545041": Verdict.OTHER_CHANNEL,
    "4": Verdict.AGAIN,
    "4/2018022": Verdict.AGAIN,
    "613": Verdict.AGAIN,
    "80004": Verdict.AGAIN,
    "80006": Verdict.AGAIN,
    "1": Verdict.UNKNOWN,
    "2": Verdict.UNKNOWN,
    "1200": Verdict.UNKNOWN,
    "2534122": Verdict.ACCOUNT,
    "2534029": Verdict.ACCOUNT,
    "1357046": Verdict.OUR_FAULT,
}
