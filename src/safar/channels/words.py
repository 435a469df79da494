"""What becomes of a message on a messenger, in words."""

from safar.channels.kinds.port import Verdict
from safar.kernel.i18n import N_, _

VERDICTS = {
    Verdict.SENT: N_("Taken by the provider"),
    Verdict.AGAIN: N_("Refused for now, tried again later"),
    Verdict.UNKNOWN: N_("Nobody can tell whether it was taken"),
    Verdict.REFUSED: N_("Refused"),
    Verdict.WINDOW: N_("They have not written for too long: only an approved template may be sent"),
    Verdict.OTHER_CHANNEL: N_("They cannot be reached on this channel"),
    Verdict.OPTED_OUT: N_("They do not want messages here"),
    Verdict.GONE: N_("The number or name does not exist any more"),
    Verdict.SIGN_IN: N_("The provider no longer accepts the token"),
    Verdict.ACCOUNT: N_("The provider wants something of the account’s owner"),
    Verdict.SLOWER: N_("Too much was sent from this account"),
    Verdict.TEMPLATE: N_("The template is not approved like this"),
    Verdict.OUR_FAULT: N_("The provider did not understand what we sent"),
}


def verdict_text(verdict: str) -> str:
    """Return what an attempt came to, in the language in force; what has no words here stands as it is."""
    return _(VERDICTS[Verdict(verdict)]) if verdict in VERDICTS else verdict
