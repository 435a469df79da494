"""The door of the embedded PostgreSQL: its socket's folder, and who is let in by it.

Nobody but the server's own user (and root) can reach the socket, and PostgreSQL asks the kernel who it is
that connects: there is no password to lose, and no user of the machine who is believed without one.
"""

import os
import pwd
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from safar.kernel.account import own_folder

_MAP = "safar"
_PATH_LENGTH_MAX = 80  # paths of sockets end at about 100 characters
_RECORD = "socket.path"


def socket_folder(directory: Path) -> Path:
    """Return where the server over `directory` has its socket, as its own folder says."""
    inside = directory / "socket"
    if len(str(inside)) < _PATH_LENGTH_MAX:
        return inside
    with suppress(OSError, UnicodeDecodeError):
        return Path((directory / _RECORD).read_text(encoding="utf-8"))
    return inside


def make_socket_folder(directory: Path, user: pwd.struct_passwd | None) -> None:
    """Make the folder, closed to everybody else; `directory` is ours already.

    Where its path would be too long for a socket, a fresh folder with a short name that nobody can foresee
    is made among the temporary files, and written down in `directory`.
    """
    folder = socket_folder(directory)
    if len(str(folder)) < _PATH_LENGTH_MAX and (folder.parent == directory or _is_ours(folder, user)):
        own_folder(folder, user, private=True)
        return
    folder = Path(tempfile.mkdtemp(prefix="safar-", dir=_short_place()))  # mode 0700, never an old one
    own_folder(folder, user, private=True)
    record = directory / _RECORD
    record.unlink(missing_ok=True)
    descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(str(folder))


def drop_socket_folder(directory: Path) -> None:
    """Remove a folder among the temporary files, and the note of it."""
    folder = socket_folder(directory)
    if folder.parent != directory:
        for left in (*folder.glob(".s.PGSQL.*"), directory / _RECORD):
            left.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


def write_rules(data: Path, user: pwd.struct_passwd | None) -> None:
    """Let in by the socket whom the kernel knows as the server's user or as who starts it; nobody else."""
    names = {pwd.getpwuid(os.geteuid()).pw_name} | ({user.pw_name} if user else set())
    rules = {
        "pg_hba.conf": [f"local all postgres peer map={_MAP}"],
        "pg_ident.conf": [f'{_MAP} "{name}" postgres' for name in sorted(names)],
    }
    for name, lines in rules.items():
        descriptor = os.open(data / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            if user is not None:
                os.fchown(file.fileno(), user.pw_uid, user.pw_gid)


def _short_place() -> str:
    """Return the folder of this user's run-time files if it is a safe one, else that of temporary files."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    with suppress(OSError):
        status = os.stat(runtime)
        if os.geteuid() != 0 and status.st_uid == os.geteuid() and not status.st_mode & 0o077:
            return runtime
    place = tempfile.gettempdir()
    return place if len(place) < _PATH_LENGTH_MAX // 2 else "/tmp"  # noqa: S108 – mkdtemp makes its own in it


def _is_ours(folder: Path, user: pwd.struct_passwd | None) -> bool:
    """Tell whether the noted folder still stands as we made it: a folder of ours, closed to others."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    owner = os.geteuid() if user is None else user.pw_uid
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == owner
        and stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    )
