"""Company, tax number and billing address at the checkout; they are asked for where a customer wants them."""

from safar.kernel.i18n import _
from safar.kernel.text import fold
from safar.kernel.web.forms import Fields
from safar.orders.billing import Billing
from safar.pricing.addresses import address_form, is_region
from safar.pricing.places import countries_named, is_postcode, postcode_as_written, postcode_example

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
    billed_in = _country(fields, country)
    billing = Billing(
        company=fields.text("billing_company", length_max=200, required=False),
        tax_number=fields.text("billing_tax_number", length_max=40, required=False),
        name=fields.text("billing_name", length_max=100, required=False),
        address=address,
        postcode=_postcode(fields, billed_in),
        city=fields.text("billing_city", length_max=100, required=bool(address)),
        region=_region(fields, billed_in),
        country=billed_in if address else "",
    )
    for name in FIELDS:
        if "<" in fields.values.get(name, "") or ">" in fields.values.get(name, ""):
            fields.problems.setdefault(name, _("This has characters that cannot be used."))
    return billing


def _country(fields: Fields, delivered_to: str) -> str:
    """Return the country that is billed: by its name in any of our languages, or by its code."""
    typed = fields.text("billing_country", length_max=60, required=False)
    codes, unknown = countries_named(typed)
    if unknown or len(codes) > 1:
        fields.problems.setdefault("billing_country", _("Enter the name of a country."))
    return codes[0] if codes else delivered_to


def _postcode(fields: Fields, country: str) -> str:
    postcode = postcode_as_written(fields.text("billing_postcode", length_max=16, required=False))
    if postcode and not is_postcode(country, postcode):
        example = postcode_example(country)
        fields.problems.setdefault(
            "billing_postcode", _("Enter a valid postcode, like %(example)s.", example=example)
        )
    return postcode


def _region(fields: Fields, country: str) -> str:
    """Return the state or province where addresses of the country name one; elsewhere nothing asks for it."""
    region = fields.text("billing_region", length_max=100, required=False)
    form = address_form(country)
    if not region or not form.region:
        return ""
    named = (key for key, names in form.regions if fold(region) in {fold(key), *map(fold, names)})
    if (key := next(named, None if form.regions else region)) is None:
        fields.problems.setdefault("billing_region", _("Enter a state or province of this country."))
    return key or region


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
