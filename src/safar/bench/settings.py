"""The settings of an installation that a bench measures."""

from pathlib import Path

from safar.kernel.ports import reserve_port
from safar.settings import Settings


def bench_settings(folder: Path) -> Settings:
    """Return settings of an installation of its own in `folder`; its mail server does not exist.

    Nobody does a proof of work: its cost would be the load generator's, on the same cores.
    """
    front, console, mail_in, nowhere = (reserve_port() for _ in range(4))
    return Settings(
        data_dir=folder,
        front_port=front,
        console_port=console,
        mail_in_port=mail_in,
        site_capacity=1_000_000,
        gate_work_percent=100,
        log_level="CRITICAL",
        # A few browsers buy as thousands would; the checkout's bench, whose buyers are many, sets them back.
        order_units_max=0,
        unpaid_orders_max=0,
        unpaid_orders_network=0,
        unpaid_share_percent=0,
        smtp_url=f"smtp://127.0.0.1:{nowhere}",
    )
