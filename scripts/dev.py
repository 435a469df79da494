"""Safar for whoever changes it: `safar serve`, whose processes start anew when a file of theirs changes.

    python scripts/dev.py [demo]        (make dev, make dev ARGS=demo)

Code, templates, SQL, styles, scripts and catalogues are all read when a process starts; PostgreSQL and its
data stay as they are. A change of the schema is for a new data folder: stop, `make clean`, start again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "safar"
KINDS = {".py", ".html", ".sql", ".css", ".js", ".svg", ".po"}
ROLES = {b"front", b"console", b"worker"}
EVERY_S = 0.3


def stamps() -> dict[str, int]:
    """Return when each file was changed last, in ns."""
    found = {}
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = [name for name in folders if name not in ("__pycache__", "vendor")]
        for name in files:
            if os.path.splitext(name)[1] in KINDS:
                path = os.path.join(folder, name)
                try:
                    found[path] = os.stat(path).st_mtime_ns
                except FileNotFoundError:  # an editor has put another in its place in this moment
                    continue
    return found


def changed(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return the files that came, went or changed."""
    paths = before.keys() | after.keys()
    return sorted(path for path in paths if before.get(path) != after.get(path))


def processes(parent: int) -> Iterator[int]:
    """Yield the processes of ours that `safar serve` has started and starts again when they end."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            of = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0") if of == parent else []
        except (OSError, ValueError, IndexError):  # gone meanwhile
            continue
        if b"run" in words and ROLES & set(words):
            yield int(folder.name)


def main() -> int:
    command = "demo" if "demo" in sys.argv[1:] else "serve"
    safar = subprocess.Popen([sys.executable, "-m", "safar", command])
    signal.signal(signal.SIGTERM, lambda *_: safar.terminate())
    before = stamps()
    while True:
        try:
            return safar.wait(EVERY_S)
        except subprocess.TimeoutExpired:
            pass
        except KeyboardInterrupt:
            safar.terminate()
            return safar.wait()
        after = stamps()
        files = changed(before, after)
        before = after
        if files:
            time.sleep(0.1)  # for what an editor or git writes after it
            before = stamps()
            names = ", ".join(str(Path(path).relative_to(SOURCE)) for path in files[:3])
            print(f"changed: {names}{' …' if files[3:] else ''}; starting anew", flush=True)
            for pid in processes(safar.pid):
                os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
