"""The command line: safar serve | demo | bench | channels | staff | privacy | journal | secrets."""

import asyncio
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from safar.bench import BENCHES
from safar.kernel.log import set_up_logging
from safar.kernel.memory import scan_less_often
from safar.settings import Settings, settings_of_environment

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
screen = Console(highlight=False)
_OWNER = "owner@safar.example"


@app.callback()
def _safar() -> None:
    """Safar carries every customer from the promise a campaign makes to the moment it is kept."""


@app.command()
def serve(
    owner: Annotated[str, typer.Option(help="E-mail of the first owner, made at the first start")] = _OWNER,
) -> None:
    """Start PostgreSQL (unless SAFAR_DATABASE_URL is set), shop, console and worker until Ctrl-C."""
    settings = settings_of_environment()
    set_up_logging(settings.log_level, "serve")
    _run(_serve(settings, owner))


async def _serve(settings: Settings, owner: str) -> None:
    from safar.serve import Supervisor, say_where, stop_signal

    stop = stop_signal()
    supervisor = Supervisor(settings)
    try:
        await supervisor.start(owner)
        say_where(screen, settings, owner, supervisor.owner_password)
        watching = asyncio.create_task(supervisor.watch())
        await stop.wait()
        watching.cancel()
    finally:
        await supervisor.stop()


@app.command(hidden=True)
def run(role: str) -> None:
    """Run one process; `safar serve` starts these."""
    os.umask(0o077)
    scan_less_often()
    settings = settings_of_environment()
    if role == "mailbox":
        from safar.demo.mailbox import run_mailbox

        set_up_logging(settings.log_level, role)
        uvloop.run(run_mailbox(settings))
        return
    if settings.database_url is None:
        raise typer.BadParameter("set SAFAR_DATABASE_URL to run a single process")
    from safar.app import run_role

    uvloop.run(run_role(role, settings.database_url))


@app.command(hidden=True)
def install(owner: str, answer: int) -> None:
    """Bring a database up to date; `safar serve` starts this, and reads how it went from `answer`."""
    os.umask(0o077)
    scan_less_often()
    settings = settings_of_environment()
    if settings.database_url is None:
        raise typer.BadParameter("set SAFAR_DATABASE_URL to the database to bring up to date")
    from safar import installation

    set_up_logging(settings.log_level, "install")
    uvloop.run(installation.install_at(settings, settings.database_url, owner, answer))


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1, max=5000, help="How many virtual customers")] = 300,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long they come for")] = 60,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop everything after the report")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file")] = None,
) -> None:
    """Carry one campaign through with virtual customers on real data, and print the promise report."""
    from safar.demo.run import run_demo

    settings = settings_of_environment()
    set_up_logging(settings.log_level, "demo")
    _run(run_demo(settings, customers=customers, seconds=seconds, leave=exit_, report=report))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help=" | ".join(BENCHES))],
    seconds: Annotated[float, typer.Option(min=0.2, max=3600, help="Length of each measured round")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the run into this PNG (surge)")] = None,
) -> None:
    """Measure on this machine, beside the physical limit measured in the same run."""
    if name not in BENCHES:
        raise typer.BadParameter(f"there is no bench {name!r}; choose one of: {', '.join(BENCHES)}")
    if plot is not None and name != "surge":
        raise typer.BadParameter("only `surge` draws a plot")
    measure = importlib.import_module(f"safar.bench.{name}").measure
    settings = settings_of_environment()
    set_up_logging(settings.log_level, "bench")
    figures: dict[str, Any] = {}

    async def measured() -> None:
        figures.update(await (measure(seconds) if plot is None else measure(seconds, plot)))

    _run(measured())
    screen.print(json.dumps(figures, indent=None if as_json else 2), soft_wrap=True, markup=False)


staff = typer.Typer(no_args_is_help=True, help="Staff of this installation.")
app.add_typer(staff, name="staff")


@staff.command()
def reset(email: str) -> None:
    """Print a new one-time password for EMAIL; their sessions end. Needs a running `safar serve`."""
    from safar.installation import reset_password

    settings = settings_of_environment()
    set_up_logging(settings.log_level, "staff")
    passwords: list[str | None] = []

    async def renewed() -> None:
        passwords.append(await reset_password(settings, email))

    _run(renewed())
    if passwords[0] is None:
        raise typer.BadParameter(f"there is no staff member {email!r}")
    screen.print(f"One-time password of {email}: [bold]{passwords[0]}[/]")


privacy = typer.Typer(no_args_is_help=True, help="What is kept of people. Needs a running `safar serve`.")
app.add_typer(privacy, name="privacy")


@privacy.command(name="export")
def export_person(person: Annotated[str, typer.Argument(help="Customer's number or address")]) -> None:
    """Print all that is kept of a person, as JSON."""
    from safar.privacy.command import exported_person
    from safar.serve import url_of

    settings = settings_of_environment()
    found: list[str] = []

    async def export() -> None:
        found.append(await exported_person(settings, url_of(settings), person))

    _run(export())
    sys.stdout.write(found[0])


@privacy.command(name="erase")
def erase_person(
    person: Annotated[str, typer.Argument(help="Customer's number or address")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Take away who a person is, for good; confirmed orders keep what their invoices need."""
    from safar.privacy.command import erased
    from safar.serve import url_of

    if not yes:
        typer.confirm(f"Erase {person} for good?", abort=True)
    settings = settings_of_environment()
    changed: list[str] = []

    async def erase() -> None:
        changed.extend(await erased(settings, url_of(settings), person))

    _run(erase())
    screen.print("\n".join(["Erased.", *changed]), markup=False)


@privacy.command()
def forget() -> None:
    """Forget at once what is kept longer than the settings say; the worker does it by itself, slowly."""
    from safar.privacy.command import forgotten
    from safar.serve import url_of

    settings = settings_of_environment()
    gone: list[str] = []

    async def forget_now() -> None:
        gone.extend(await forgotten(settings, url_of(settings)))

    _run(forget_now())
    screen.print("\n".join(gone) or "Nothing was over.", markup=False)


journal = typer.Typer(no_args_is_help=True, help="Months of the journal as Parquet files.")
app.add_typer(journal, name="journal")


@journal.command(name="export")
def export_month(
    month: Annotated[str, typer.Argument(help="Such as 2031-05")],
    folder: Annotated[Path, typer.Argument(help="Where the file goes")],
) -> None:
    """Write a month of the journal as a file, and read it again. Needs a running `safar serve`."""
    from safar.journal.command import exported_month
    from safar.serve import url_of

    settings = settings_of_environment()
    written: list[Path] = []

    async def export() -> None:
        written.append(await exported_month(settings, url_of(settings), month, folder))

    _run(export())
    screen.print(f"{written[0]} is written and was read again.", markup=False)


@journal.command(name="check")
def check_months(files: Annotated[list[Path], typer.Argument(help="Files of months")]) -> None:
    """Read files of months again, every row of them, and say whether they are as they were written."""
    from safar.journal.archive import Damaged, check_file

    damaged = 0
    for file in files:
        try:
            seal = check_file(file)
        except Damaged as error:
            damaged += 1
            screen.print(str(error), markup=False)
        else:
            screen.print(f"{file.name}: {seal.rows} events, {seal.first_id} to {seal.last_id}", markup=False)
    if damaged:
        raise typer.Exit(1)


channels = typer.Typer(no_args_is_help=True, help="The channels by which customers write.")
app.add_typer(channels, name="channels")


@channels.command()
def kit(
    kind: str, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line")] = False
) -> None:
    """Hold channel KIND, ours or another package's, to what every channel must do."""
    from safar.channels import kit as kits
    from safar.standins.cases import kit_cases

    set_up_logging("CRITICAL", "kit")
    cases = kit_cases()
    if kind not in cases:
        raise typer.BadParameter(f"no kit for {kind!r}; choose one of: {', '.join(sorted(cases))}")
    results = uvloop.run(kits.run_kit(cases[kind]))
    if as_json:
        print(kits.kit_json(cases[kind], results))
    for result in () if as_json else results:
        screen.print(f"{'✗' if result.problems else '✓'} {result.promise}")
        for problem in result.problems:
            screen.print(f"    {problem}", markup=False)
    raise typer.Exit(1 if any(result.problems for result in results) else 0)


secrets = typer.Typer(no_args_is_help=True, help="The secrets of this installation.")
app.add_typer(secrets, name="secrets")


@secrets.command()
def rotate() -> None:
    """Encrypt stored secrets anew with the first of SAFAR_SECRET_KEYS. Needs a running `safar serve`."""
    from safar.installation import rotated

    settings = settings_of_environment()
    set_up_logging(settings.log_level, "secrets")
    said: list[str] = []

    async def rotate_now() -> None:
        said.append(await rotated(settings))

    _run(rotate_now())
    screen.print(said[0])


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; an error that a person can act on is one line, not a traceback."""
    os.umask(0o077)  # what we write is for nobody else
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(work)
    except RuntimeError as error:
        screen.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None


def main() -> None:
    """Run the command line; settings that are wrong are said by their variables' names."""
    try:
        app()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            screen.print(f"[red]SAFAR_{name}: {problem['msg']}[/]")
        sys.exit(2)
