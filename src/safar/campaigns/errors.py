"""What a campaign refuses."""

from safar.kernel.errors import BadRequest, Conflict


class NothingToPromise(Conflict):
    """There are not enough units: the offer needs %(units)s of this product, %(free)s are free in the
    warehouse. Receive more, or offer fewer.
    """

    code = "nothing_to_promise"


class StartNotAhead(Conflict):
    """Choose a date and time that is still ahead, within a year."""

    code = "start_not_ahead"


class NotPublished(Conflict):
    """The product of this campaign is not published. Publish it in the catalogue first."""

    code = "not_published"


class NobodyToReach(Conflict):
    """Nobody in this audience may be written to. Choose another audience, or ask customers for their
    consent.
    """

    code = "nobody_to_reach"


class NothingToSay(Conflict):
    """The message has no subject and text yet. Write them before you start."""

    code = "nothing_to_say"


class CampaignUnderWay(Conflict):
    """This campaign was started meanwhile: it can no longer be changed or deleted. Copy it to write
    another.
    """

    code = "campaign_under_way"


class NoSuchStep(Conflict):
    """This campaign cannot do that now: it is %(state)s. Reload the page to see how it stands."""

    code = "no_such_step"


class BadLink(BadRequest):
    """This link is not complete. Open it again from the message, or copy all of it into the address bar."""

    code = "bad_link"
