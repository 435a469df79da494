"""What the Bot API's errors mean: it has a status and a sentence, of which the beginning tells them apart.

Source: the descriptions in tdlib/telegram-bot-api, and core.telegram.org/bots/api#making-requests.
"""

from collections.abc import Mapping

from safar.channels.kinds.port import Verdict

NOT_MODIFIED = "400 message is not modified"
NO_SUCH_REPLY = "400 message to be replied not found"
MIGRATED = "400 group chat was upgraded to a supergroup chat"
TOO_MANY = "429 too many requests"

CODES: Mapping[str, Verdict] = {
    NOT_MODIFIED: Verdict.SENT,
    "400 query is too old": Verdict.SENT,  # the press was heard; its little clock has run down
    NO_SUCH_REPLY: Verdict.REFUSED,
    MIGRATED: Verdict.AGAIN,
    "400 chat not found": Verdict.GONE,
    "400 peer_id_invalid": Verdict.GONE,
    "400 input_user_deactivated": Verdict.GONE,
    "400 user_is_blocked": Verdict.OTHER_CHANNEL,
    "400 not enough rights": Verdict.OTHER_CHANNEL,
    "400 have no rights to send": Verdict.OTHER_CHANNEL,
    "400 chat_write_forbidden": Verdict.OTHER_CHANNEL,
    "400 voice_messages_forbidden": Verdict.REFUSED,
    "400 business_peer_invalid": Verdict.WINDOW,
    "400 business_connection_invalid": Verdict.ACCOUNT,
    "400 business_connection_not_allowed": Verdict.ACCOUNT,
    "400 message text is empty": Verdict.OUR_FAULT,
    "400 message is too long": Verdict.OUR_FAULT,
    "400 message caption is too long": Verdict.OUR_FAULT,
    "400 can't parse entities": Verdict.OUR_FAULT,
    "400 button_data_invalid": Verdict.OUR_FAULT,
    "400 failed to get http url content": Verdict.OUR_FAULT,
    "400 wrong type of the web page content": Verdict.OUR_FAULT,
    "400 wrong http url specified": Verdict.OUR_FAULT,
    "400 wrong file identifier": Verdict.OUR_FAULT,
    "400 wrong file_id or the file is temporarily unavailable": Verdict.REFUSED,
    "400 file is too big": Verdict.REFUSED,
    "400 photo_invalid_dimensions": Verdict.REFUSED,
    "400 image_process_failed": Verdict.REFUSED,
    "400 message can't be edited": Verdict.REFUSED,
    "400 message can't be deleted": Verdict.REFUSED,
    "400 message to edit not found": Verdict.REFUSED,
    "400 message to delete not found": Verdict.REFUSED,
    "401 unauthorized": Verdict.SIGN_IN,
    "403 bot was blocked by the user": Verdict.OTHER_CHANNEL,
    "403 user is deactivated": Verdict.GONE,
    "403 bot was kicked": Verdict.GONE,
    "403 bot is not a member": Verdict.GONE,
    "403 bot can't initiate conversation with a user": Verdict.OTHER_CHANNEL,
    "403 bot can't send messages to bots": Verdict.GONE,
    "403 bot can't send messages to the user": Verdict.OTHER_CHANNEL,
    "404 not found": Verdict.SIGN_IN,  # it has no bot of this token, or no such method
    "409 conflict": Verdict.ACCOUNT,  # somebody else reads this bot's messages
    "413 request entity too large": Verdict.REFUSED,
    TOO_MANY: Verdict.AGAIN,
    "500 internal server error": Verdict.UNKNOWN,
    "502 bad gateway": Verdict.UNKNOWN,
    "504 gateway timeout": Verdict.UNKNOWN,
}
_BY_STATUS: Mapping[int, Verdict] = {
    400: Verdict.REFUSED,
    401: Verdict.SIGN_IN,
    403: Verdict.OTHER_CHANNEL,
    404: Verdict.SIGN_IN,
    409: Verdict.ACCOUNT,
    413: Verdict.REFUSED,
    429: Verdict.AGAIN,
}
_BEFORE_THE_WORDS = ("bad request: ", "forbidden: ")


def code_of(status: int, description: str) -> str:
    """Return the code in CODES that an error is, or its status and the beginning of its words."""
    words = description.casefold()
    for opening in _BEFORE_THE_WORDS:
        words = words.removeprefix(opening)
    said = f"{status} {words}"
    return next((code for code in CODES if said.startswith(code)), said[:80].strip())


def verdict_of_error(code: str) -> Verdict:
    """Return what a code means; one that nobody documents is judged by its status."""
    status = int(code.partition(" ")[0])
    return CODES.get(code) or _BY_STATUS.get(status, Verdict.UNKNOWN if status >= 500 else Verdict.OUR_FAULT)
