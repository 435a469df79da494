"""What is ordered again, for the decisions about it."""

from datetime import UTC, datetime

from safar.kernel.ids import derived_id
from safar.stock.replenish.model import Terms, VariantStanding

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = Terms(service_percent=95, cover_days=28, lead_days=14)
MUG = VariantStanding(
    variant_id=derived_id("mug"), sku="MUG", title="Mug", week_mean=14.0, week_deviation=7.0,
    fixed_point=None, fixed_up_to=None, minimum_units=1, service_percent=None, on_hand=100, held=0,
    reserve=0, incoming=0, supplier_id=derived_id("potter"), cost_minor=250, currency="GBP", pack_size=1,
    lead_days=6,
)  # fmt: skip
