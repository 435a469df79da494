"""Settings of tests whose shop is tiny."""

import pytest

from safar.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A shop for one, where the next place is always one of the last: nobody does a proof of work for it."""
    return settings.model_copy(update={"gate_work_percent": 100})
