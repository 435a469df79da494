"""Whether tests that go round and round do so for long: `make thorough` asks for it, the suite does not.

The short form has every kind of round once; what fails in one of many hundred rounds is for the long one.
"""

import os
from typing import TypeVar

T = TypeVar("T")

THOROUGH = os.environ.get("THOROUGH") == "1"


def long_form(short: T, long: T) -> T:
    """Return `long` in `make thorough`, `short` in the suite."""
    return long if THOROUGH else short
