"""Whether this installation can be reached from outside, and which settings are then unsafe."""

import ipaddress
from urllib.parse import urlsplit

from safar.settings import Settings


def open_to_the_world(settings: Settings) -> bool:
    """Tell whether customers reach the shop by HTTPS or by an address that is not this machine's own."""
    address = urlsplit(settings.public_url)
    return address.scheme == "https" or not _is_this_machine(address.hostname or "")


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def doubts(settings: Settings) -> list[str]:
    """Return warnings about unsafe settings, one sentence each; for the operator, so always in English."""
    shop, console = urlsplit(settings.public_url), urlsplit(settings.console_url)
    warnings = []
    if shop.scheme == "https" and settings.proxies_trusted == 0:
        warnings.append(
            "SAFAR_PUBLIC_URL is https, but SAFAR_PROXIES_TRUSTED is 0: all visitors count as one, your"
            " proxy. Set it to the number of proxies in front (docs/operations.md)."
        )
    if open_to_the_world(settings) and shop.scheme != "https":
        warnings.append("SAFAR_PUBLIC_URL is not https: cookies, orders and passwords travel in the clear.")
    if open_to_the_world(settings) and shop.hostname == console.hostname:
        warnings.append(
            "Shop and console have the same host name, so browsers send the cookies of one to the other."
            " Give the console a name of its own (SAFAR_CONSOLE_URL)."
        )
    if settings.test_payments and open_to_the_world(settings):
        warnings.append(
            "SAFAR_TEST_PAYMENTS is on: where the test card is offered, goods go out without money."
        )
    return warnings
