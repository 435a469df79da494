"""Trying out discount codes: after so many that do not exist each further try costs a small calculation.

It is counted in each process, by browser and by network; what is behind a network may be thousands, so nobody
is shut out. A code that exists costs nothing of it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from starlette.requests import Request

from safar.gate.door.limits import Buckets
from safar.kernel.database import Database
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of
from safar.orders.model import Buyer
from safar.pricing.discounts import discounts
from safar.shop.checkout.buyer import buyer_of

BITS = 15  # of the proof of work: half a million hashes, some seconds of a phone's
_PROOFS_MAX = 50_000  # those of the ten minutes for which a proof is good
_PATIENT_PER_MINUTE = 10.0


class Guesses:
    """How many codes that do not exist one browser and one network may try in an hour; 0 is no limit."""

    def __init__(self, of_visitor: int, of_network: int) -> None:
        self._visitors = Buckets(of_visitor / 60, of_visitor)
        self._networks = Buckets(of_network / 60, of_network)
        self._patient = Buckets(_PATIENT_PER_MINUTE, _PATIENT_PER_MINUTE)
        self._proofs: OrderedDict[str, None] = OrderedDict()

    def take(self, buyer: Buyer) -> bool:
        """Tell whether one more may be tried without a proof, and count it."""
        if not self._visitors.take(str(buyer.visitor_id)):
            return False
        if buyer.network is None or self._networks.take(buyer.network):
            return True
        self._visitors.uncount(str(buyer.visitor_id))
        return False

    def uncount(self, buyer: Buyer) -> None:
        """Take the last try out of the count again: the code exists."""
        self._visitors.uncount(str(buyer.visitor_id))
        if buyer.network is not None:
            self._networks.uncount(buyer.network)

    def take_proof(self, buyer: Buyer, sent: Mapping[str, str]) -> bool:
        """Tell whether a proof was done that is good for one more; each is, once."""
        patience = sent.get("patience", "")
        proof = patience or sent.get("challenge", "")
        if buyer.worked_bits < BITS or not proof or proof in self._proofs:
            return False
        if patience and buyer.network is not None and not self._patient.take(buyer.network):
            return False
        self._proofs[proof] = None
        if len(self._proofs) > _PROOFS_MAX:
            self._proofs.popitem(last=False)
        return True


_guesses: WeakKeyDictionary[Database, Guesses] = WeakKeyDictionary()


async def work_before_code(request: Request, fields: Fields, code: str) -> int:
    """Return of how many bits a proof of work comes before the code is looked at; 0: it may be used.

    Every door that takes a code asks here first.
    """
    if not code:
        return 0
    context, buyer = context_of(request), buyer_of(request, fields)
    settings = context.settings
    guesses = _guesses.setdefault(
        context.database, Guesses(settings.code_guesses_max, settings.code_guesses_network)
    )
    is_free = guesses.take(buyer)
    if not is_free and not guesses.take_proof(buyer, fields.values):
        return BITS
    if is_free:
        async with context.database.connection() as connection:
            known = await discounts(connection, [code])
        if any(discount.active for discount in known.values()):
            guesses.uncount(buyer)
    return 0
