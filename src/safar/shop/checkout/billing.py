"""Company, tax number and billing address at the checkout; they are asked for where a customer wants them."""

from safar.kernel.i18n import _
from safar.kernel.web.forms import Fields
from safar.orders.billing import Billing
from safar.pricing.addresses import address_form, is_region
from safar.pricing.places import is_country, postcode_as_written

FIELDS = (
    "billing_company",
    "billing_tax_number",
    "billing_name",
    "billing_address",
    "billing_postcode",
    "billing_city",
    "billing_region",
    "billing_country",
)


def read_billing(fields: Fields, country: str) -> Billing:
    """Return who is billed, where `billing` is ticked; without a country it is that of the delivery.

    Problems stay in `fields`.
    """
    if not fields.values.get("billing"):
        return Billing()
    address = fields.text("billing_address", length_max=500, required=False)
    billed_in = fields.text("billing_country", length_max=2, required=False).upper() or country
    if not is_country(billed_in):
        fields.problems.setdefault("billing_country", _("Choose one of the options."))
    billing = Billing(
        company=fields.text("billing_company", length_max=200, required=False),
        tax_number=fields.text("billing_tax_number", length_max=40, required=False),
        name=fields.text("billing_name", length_max=100, required=False),
        address=address,
        postcode=postcode_as_written(fields.text("billing_postcode", length_max=16, required=False)),
        city=fields.text("billing_city", length_max=100, required=bool(address)),
        region=fields.text("billing_region", length_max=100, required=False),
        country=billed_in if address else "",
    )
    for name in FIELDS:
        if "<" in fields.values.get(name, "") or ">" in fields.values.get(name, ""):
            fields.problems.setdefault(name, _("This has characters that cannot be used."))
    return billing


def region_of(fields: Fields, name: str, country: str) -> str:
    """Return the state or province, where addresses of the country name one; problems stay in `fields`.

    Whoever sends the field has to fill it where the country needs it; programs may leave it out.
    """
    form = address_form(country)
    if not form.region:
        return ""
    region = fields.text(name, length_max=100, required=name in fields.values and form.region_needed)
    if region and not is_region(country, region):
        fields.problems.setdefault(name, _("Choose one of the options."))
    return region
