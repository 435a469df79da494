"""`safar serve`: PostgreSQL when none is given, front, console, worker; what dies is started again."""

import asyncio
import ctypes
import errno
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from pydantic import SecretStr
from rich.console import Console

from safar.kernel.account import account, as_account, for_the_world, own_folder
from safar.kernel.exposure import doubts
from safar.kernel.heartbeat import BEAT_FD, Heart
from safar.kernel.log import error_kind, log
from safar.kernel.postgres import EmbeddedPostgres
from safar.kernel.secrets import refuse_weak
from safar.settings import Settings

_WATCH_S = 0.1
_START_S_MAX = 90.0  # on a loaded machine a process takes half a minute only to import
_STOP_S_MAX = 8.0
_QUICK_DEATH_S = 5.0
_PAUSE_S_MAX = 5.0


@dataclass(slots=True)
class Child:
    """One process of ours and how often it died soon after its start."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    start_after: float = 0.0
    heart: Heart | None = None


class Supervisor:
    """Starts everything in order, keeps it running, stops it in order and leaves nothing behind."""

    def __init__(self, settings: Settings, *, extra_roles: Sequence[str] = ()) -> None:
        self.settings = settings
        self.postgres = None if settings.database_url else EmbeddedPostgres(settings.data_dir / "postgres")
        self.url = settings.database_url or (self.postgres.url() if self.postgres else "")
        self.children = [
            *(Child("front") for _ in range(settings.front_processes)),
            Child("console"),
            Child("worker"),
            *(Child(role) for role in extra_roles),
        ]
        self.user: pwd.struct_passwd | None = None  # as whom the processes run that the world talks to
        self.owner_password: str | None = None
        self.restarts = 0
        self._stopping = False

    async def start(self, owner_email: str) -> None:
        """Start everything; return when it can be used. Raises RuntimeError saying what could not start."""
        settings = self.settings
        refuse_weak(settings)
        self._refuse_taken_ports()
        for doubt in doubts(settings):
            log.warning("serve.look_at_this", what=doubt)
        self.user = for_the_world(settings)
        own_folder(settings.data_dir, account())
        if self.postgres is not None:
            self.postgres.start()
            self.url = self.postgres.url()
        self.owner_password = await self._installed(owner_email)
        await asyncio.gather(*(self._ready(child, self._spawn(child)) for child in self.children))

    async def _installed(self, owner_email: str) -> str | None:
        """Bring the database up to date; return the first owner's one-time password if just made.

        In a process that ends: what migrates, and the rooms, are 50 MB that nothing here needs later.
        """
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as answer:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "safar", "install", owner_email, str(writing)),
                env={**os.environ, **_as_environment(self.settings), "SAFAR_DATABASE_URL": self.url},
                pass_fds=(writing,),
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
            os.close(writing)
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
            said = answer.read()
        if not said:
            raise RuntimeError("the database could not be made ready; the messages above say why")
        told = orjson.loads(said)
        if told["refused"]:
            raise RuntimeError(told["refused"])
        password: str | None = told["owner_password"]
        return password

    def _refuse_taken_ports(self) -> None:
        """Raise RuntimeError when somebody listens on a port of ours.

        Several of our processes may share a port, so a second Safar on it would start without complaint
        and take every other request.
        """
        settings = self.settings
        wanted = [
            ("SAFAR_FRONT_PORT", settings.front_host, settings.front_port),
            ("SAFAR_CONSOLE_PORT", settings.console_host, settings.console_port),
            ("SAFAR_MAIL_IN_PORT", settings.mail_in_host, settings.mail_in_port),
        ]
        if any(child.role == "mailbox" for child in self.children):
            host = settings.mailbox_host
            wanted += [
                ("SAFAR_MAILBOX_SMTP_PORT", host, settings.mailbox_smtp_port),
                ("SAFAR_MAILBOX_HTTP_PORT", host, settings.mailbox_http_port),
            ]
        for name, host, port in wanted:
            if port and not _is_free(host, port):
                raise RuntimeError(
                    f"Port {port} on {host} is in use: is another Safar running? Stop it, or set {name}."
                )

    async def watch(self) -> None:
        """Start again whatever dies, for ever; a process that dies at once is given growing pauses."""
        while not self._stopping:
            try:
                await self._look_after_all()
            except OSError as error:  # no memory or no descriptor for another process at this moment
                log.error("serve.cannot_start", error=error_kind(error))
            await asyncio.sleep(_WATCH_S)

    async def stop(self) -> None:
        """Stop the children, then PostgreSQL; kill what does not stop in eight seconds."""
        self._stopping = True  # or the watch would start again what is stopped here
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + _STOP_S_MAX
        while any(process.poll() is None for process in running) and time.monotonic() < end:
            await asyncio.sleep(0.05)
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
        for child in self.children:
            if child.heart is not None:
                child.heart.close()
                child.heart = None
        if self.postgres is not None:
            self.postgres.stop()

    def pids(self, role: str) -> Iterator[int]:
        """Yield the process ids of a role ("front", "console", "worker", "postgres")."""
        if role == "postgres" and self.postgres is not None and self.postgres.process is not None:
            yield self.postgres.process.pid
        for child in self.children:
            if child.role == role and child.process is not None:
                yield child.process.pid

    def _spawn(self, child: Child) -> int:
        """Start the child's process; return the descriptor on which it says that it is ready."""
        reading, writing = os.pipe()
        hearing, beating = os.pipe()
        environment = {**os.environ, **_as_environment(self.settings)}
        environment |= {"SAFAR_DATABASE_URL": self.url, "SAFAR_READY_FD": str(writing), BEAT_FD: str(beating)}
        if self.user is not None:
            environment["HOME"] = str(self.settings.data_dir.absolute())
        child.process = subprocess.Popen(
            [sys.executable, "-m", "safar", "run", child.role],
            env=environment,
            pass_fds=(writing, beating),
            start_new_session=True,
            preexec_fn=_end_with_parent,
            **as_account(self.user),
        )
        child.started = time.monotonic()
        if child.heart is not None:
            child.heart.close()
        child.heart = Heart(child.role, child.process, hearing)
        os.close(writing)
        os.close(beating)
        os.set_blocking(reading, False)
        return reading

    async def _ready(self, child: Child, reading: int) -> None:
        end = time.monotonic() + _START_S_MAX
        try:
            while time.monotonic() < end:
                if _said_something(reading):
                    return
                if child.process is None or child.process.poll() is not None:
                    break
                await asyncio.sleep(0.02)
        finally:
            os.close(reading)
        raise RuntimeError(f"the {child.role} did not start; its messages above say why")

    async def _look_after_all(self) -> None:
        if self.postgres is not None and not self.postgres.alive():
            await self._restart_postgres(self.postgres)
        if self.postgres is not None:
            self.postgres.keep_log_small()
        for child in self.children:
            if not self._stopping:
                if child.heart is not None:
                    child.heart.listen(self.settings.silent_s_max)
                self._revive(child)

    def _revive(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None or child.process.poll() is None:
            return
        if child.start_after == 0.0:
            quick = now - child.started < _QUICK_DEATH_S
            child.quick_deaths = child.quick_deaths + 1 if quick else 0
            child.start_after = now + min(0.5 * child.quick_deaths, _PAUSE_S_MAX)
            log.warning("serve.died", died=child.role, code=child.process.returncode)
        if now >= child.start_after:
            child.start_after = 0.0
            self.restarts += 1
            os.close(self._spawn(child))

    async def _restart_postgres(self, postgres: EmbeddedPostgres) -> None:
        log.warning("serve.died", died="postgres")
        tries = 0
        while not self._stopping:
            tries += 1
            self.restarts += 1
            try:
                await postgres.start_again()
                return
            except RuntimeError as error:  # its old processes may need a moment to go
                log.warning("serve.postgres_not_back", error=str(error))
            await asyncio.sleep(min(_WATCH_S * tries, _PAUSE_S_MAX))


def _as_environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the variables that give a child process the same ones."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        f"SAFAR_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left may be taken again
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True


def _said_something(reading: int) -> bool:
    try:
        return bool(os.read(reading, 1))
    except BlockingIOError:
        return False


def _end_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def url_of(settings: Settings) -> str:
    """Return where the database of a running `safar serve` is."""
    return settings.database_url or EmbeddedPostgres(settings.data_dir / "postgres").url()


def say_where(
    screen: Console, settings: Settings, owner: str, password: str | None, *, mailbox: bool = False
) -> None:
    """Print where everything is and how to sign in."""
    screen.print(f"\n  Shop     {settings.public_url}")
    screen.print(f"  Console  {settings.console_url}")
    if mailbox:
        screen.print(f"  Mailbox  http://{settings.mailbox_host}:{settings.mailbox_http_port}")
    if password is None:
        screen.print(f"  Sign in with your own password; [bold]safar staff reset {owner}[/] makes a new one.")
    else:
        screen.print(f"  Sign in as [bold]{owner}[/] with the one-time password [bold]{password}[/]")
        screen.print("  (shown only now; you will choose your own).")
    screen.print("  Ctrl-C stops everything.\n")


def stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
