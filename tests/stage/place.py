"""A place of its own for a whole Safar: ports, a folder, and a look at which processes belong to it."""

import os
from pathlib import Path

from safar.kernel.ports import reserve_port
from safar.settings import Settings

_PORTS = ("front_port", "console_port", "mail_in_port", "mailbox_smtp_port", "mailbox_http_port")


# A few steady buyers buy as many customers would.
_NO_LIMITS = ("unpaid_orders_max", "unpaid_share_percent", "mails_per_address_hour")
_CHOSEN = (*_PORTS, *_NO_LIMITS, "data_dir", "public_url", "console_url")


def settings_at(folder: Path) -> Settings:
    """Return settings of a Safar that meets no other: its own folder, ports that are reserved for it."""
    ports = {name: reserve_port() for name in _PORTS}
    return Settings(
        unpaid_orders_max=0,
        unpaid_share_percent=0,
        mails_per_address_hour=0,
        data_dir=folder,
        public_url=f"http://127.0.0.1:{ports['front_port']}",
        console_url=f"http://127.0.0.1:{ports['console_port']}",
        **ports,  # type: ignore[arg-type]
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Return this process's environment with what makes the command line use `settings`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SAFAR_")}
    chosen = {name: getattr(settings, name) for name in _CHOSEN}
    return own | {f"SAFAR_{name.upper()}": str(value) for name, value in chosen.items()}


def processes_of(folder: Path) -> list[str]:
    """Return the living processes whose command line or environment names `folder`."""
    needle = str(folder).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            told = command + (entry / "environ").read_bytes()
        except OSError:  # it has gone, or is a zombie
            continue
        if needle in told:
            found.append(f"{entry.name}: {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found
