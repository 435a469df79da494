"""Every error code that Meta documents for the WhatsApp Cloud API, and the one thing that it means for us.

The same codes stand in answers, statuses, messages and changes. Only what Meta refuses before it takes it may
be sent again; what it says of itself (unknown error, service down) leaves it open whether a message went out.
"""

from collections.abc import Mapping

from safar.channels.kinds.port import Verdict

_CODES: dict[Verdict, tuple[int | range, ...]] = {
    Verdict.SIGN_IN: (0, 190),
    Verdict.ACCOUNT: (
        3, 10, range(200, 300), 368, 131005, 131031, 131037, 131042, 131044, 131045, 131063,
        range(133000, 133004), range(133005, 133017),
    ),
    Verdict.UNKNOWN: (1, 2, 131000, 131016, 131057, 133004),
    Verdict.AGAIN: (4, 80007, 130429, 131056, 132069, 134101, 2494100),
    Verdict.SLOWER: (131048, 131064),
    Verdict.WINDOW: (131047,),
    Verdict.OPTED_OUT: (131050,),
    Verdict.OTHER_CHANNEL: (130472, 130497, 131026, 131049, 131062),
    Verdict.TEMPLATE: (
        132000, 132001, 132005, 132008, 132012, 132015, 132016, 132018, 1349174, 1349175,
        2388012, 2388019, 2388039, 2388040, 2388047, 2388072, 2388073, 2388103, 2388293, 2388299,
    ),
    Verdict.REFUSED: (
        130403, 131021, 131030, 131052, 131053, 131055, 131060, 132007, 132068, 134100, 134102, 137000,
        # What groups, calls, flows, blocked users and names of businesses answer: nothing that we ask for.
        131020, 131041, 131059, range(131201, 131216), range(138000, 138019),
        range(139000, 139005), range(139100, 139104), range(147001, 147006), 2593109,
    ),
    Verdict.OUR_FAULT: (33, 100, 131008, 131009, 131051, 135000),
}  # fmt: skip


def _flat() -> Mapping[str, Verdict]:
    found: dict[str, Verdict] = {}
    for verdict, codes in _CODES.items():
        for code in codes:
            for number in code if isinstance(code, range) else (code,):
                found[str(number)] = verdict
    return found


CODES = _flat()
