"""The system account that owns our files and processes: the caller's, or one of our own under root."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from safar.kernel.exposure import open_to_the_world
from safar.kernel.log import log
from safar.settings import Settings

ACCOUNT = "_safar"
_OWN_MODE = 0o700
_PASSAGE_MODE = 0o711  # folders that we make on the way: to walk through, not to look into


def account() -> pwd.struct_passwd | None:
    """Return the account to run as instead of root, created at first use; None when not started as root.

    Raises RuntimeError when it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home"]
        command += ["--shell", "/usr/sbin/nologin", ACCOUNT]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(
                f"Safar does not run as root, and its account {ACCOUNT} could not be made ({error})."
                " Start it as an ordinary user."
            ) from None
        return pwd.getpwnam(ACCOUNT)


def as_account(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as this user, in its own group only."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own_folder(folder: Path, user: pwd.struct_passwd | None, *, private: bool = False) -> None:
    """Make `folder` unless it is there, and give it to `user`; `private` closes it to everybody else.

    Raises RuntimeError for a folder of somebody else's, and where `user` cannot get to it: what is not ours
    is left as it is.
    """
    folder = folder.absolute()
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        new.chmod(_OWN_MODE if new == folder else _PASSAGE_MODE)
    status = folder.stat()
    owner = os.geteuid() if user is None else user.pw_uid
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (owner, os.geteuid()):
        raise RuntimeError(
            f"{folder} belongs to {_name(status.st_uid)}, not to {_name(os.geteuid())}. Start Safar as its"
            " owner, or set SAFAR_DATA_DIR to a folder of its own."
        )
    if user is not None:
        require_way(folder, user)
        if status.st_uid != user.pw_uid:
            os.chown(folder, user.pw_uid, user.pw_gid)
    if private:
        folder.chmod(_OWN_MODE)


def require_way(path: Path, user: pwd.struct_passwd) -> None:
    """Raise RuntimeError, saying what to do, when `user` may not traverse the folders above `path`."""
    for parent in path.absolute().parents:
        status = parent.stat()
        if status.st_uid == user.pw_uid:
            wanted = stat.S_IXUSR
        else:
            wanted = stat.S_IXGRP if status.st_gid == user.pw_gid else stat.S_IXOTH
        if not status.st_mode & wanted:
            raise RuntimeError(
                f"Started by root, Safar runs as the account {user.pw_name}, which is not let through"
                f" {parent} to {path}. Let it through (chmod o+x {parent}), put that elsewhere, or start"
                " Safar as an ordinary user."
            )


def for_the_world(settings: Settings) -> pwd.struct_passwd | None:
    """Return the account for processes that read untrusted input; None to keep the caller's own.

    Where the account cannot get to Python or to our code (an installation in root's home, say), an
    installation that only this machine reaches runs as root and says so. Raises RuntimeError for others.
    """
    user = account()
    if user is None or settings.allow_root:
        return None
    try:
        for path in (Path(sys.executable), Path(sys.executable).resolve(), Path(__file__)):
            require_way(path, user)
    except RuntimeError as error:
        if open_to_the_world(settings):
            raise
        log.warning("serve.runs_as_root", reason=str(error))
        return None
    return user


def give_to_owner_of(folder: Path, descriptor: int) -> None:
    """Give a file that root has just created (an open descriptor) to the owner of its folder."""
    if os.geteuid() == 0:
        status = folder.stat()
        os.fchown(descriptor, status.st_uid, status.st_gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
