"""Things on the real machine that no submission may touch, and that tell when one did."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import select
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests import patience

UNTOUCHED = "nobody wrote here\n"
OPENING = '''
canary = {facts!r}
holes = []


def hole(what):
    """Say in the result that an attack got somewhere."""
    holes.append(what)
    print("HOLE", what)


def contained():
    """Stop before doing harm on a machine that is open to it."""
    import os

    if os.path.exists(canary["folder"]):
        hole("the machine's files are in sight")
        raise SystemExit
'''


@dataclass
class Canaries:
    """`facts` is what an attacker could know, `secret` what none may learn; `touched` fills as listeners are met."""

    folder: Path
    token: str
    secret: str
    victim: subprocess.Popen[bytes]
    segment: int
    sockets: dict[str, socket.socket]
    touched: set[str] = field(default_factory=set)

    @property
    def facts(self) -> dict[str, Any]:
        ports = {name: s.getsockname()[1] for name, s in self.sockets.items() if not name.startswith("UNIX")}
        return {
            "folder": str(self.folder),
            "token": self.token,
            "ports": ports,
            "pid": self.victim.pid,
            "segment": self.segment,
            "home": str(Path.home()),
            "root": str(Path(__file__).parents[2]),
        }

    @property
    def opening(self) -> str:
        """The first cell of a hostile notebook."""
        return OPENING.format(facts=self.facts)

    def found(self) -> set[str]:
        """Return what was reached: listeners, files that changed or appeared, the process that was to live on."""
        changed = {str(path) for path in self._files() if path.read_text() != UNTOUCHED}
        gone = {str(path) for path in self._files() if not path.exists()}
        appeared = {str(path) for path in self._forbidden() if os.path.lexists(path)}
        ended = {"the victim"} if self.victim.poll() is not None or self._is_stopped() else set()
        touched = self.touched | {name for name, each in self.sockets.items() if select.select([each], [], [], 0)[0]}
        return touched | changed | gone | appeared | ended

    def _files(self) -> list[Path]:
        return [self.folder / "file.txt"]

    def _forbidden(self) -> list[Path]:
        places = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path.home(), Path(__file__).parents[2], self.folder]
        return [place / self.token for place in places] + [self.folder / "course" / self.token]

    def _is_stopped(self) -> bool:
        return bool(psutil.Process(self.victim.pid).status() == psutil.STATUS_STOPPED)


@contextlib.contextmanager
def canaries() -> Iterator[Canaries]:
    """Set everything up, as open to other users of the machine as it can be, and clear it away afterwards."""
    token, secret = f"canary-{secrets.token_hex(8)}", f"secret-{secrets.token_hex(16)}"
    # Not below pytest's folder, which other users cannot enter: only the sandbox is to stand in the way.
    folder = Path(tempfile.mkdtemp(prefix="corpus-", dir="/tmp"))
    folder.chmod(0o777)
    for name, text in (("file.txt", UNTOUCHED), ("secret.txt", secret)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o666)
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)", secret])
    segment = _shared_segment(secret)
    shared = Path("/dev/shm") / f"{token}-given"
    shared.write_text(secret)
    shared.chmod(0o666)
    sockets = _sockets(folder, token)
    made = Canaries(folder, token, secret, victim, segment, sockets)
    stop = threading.Event()
    listener = threading.Thread(target=_listen, args=(made, stop), daemon=True)
    listener.start()
    try:
        yield made
    finally:
        stop.set()
        listener.join()
        victim.kill()
        victim.wait()
        for each in sockets.values():
            each.close()
        ctypes.CDLL(None).shmctl(segment, 0, None)  # IPC_RMID
        shared.unlink()
        for path in made._forbidden():
            with contextlib.suppress(OSError):
                path.unlink()
        shutil.rmtree(folder, ignore_errors=True)


def _sockets(folder: Path, token: str) -> dict[str, socket.socket]:
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    wanted: dict[str, tuple[int, int, Any]] = {
        "TCP": (socket.AF_INET, tcp, ("127.0.0.1", 0)),
        "UDP": (socket.AF_INET, udp, ("127.0.0.1", 0)),
        "TCP6": (socket.AF_INET6, tcp, ("::1", 0)),
        "UNIX path": (socket.AF_UNIX, tcp, str(folder / "socket")),
        "UNIX abstract": (socket.AF_UNIX, tcp, f"\0{token}"),
    }
    made = {}
    for name, (family, kind, address) in wanted.items():
        with contextlib.suppress(OSError):  # a machine without IPv6
            each = socket.socket(family, kind)
            each.bind(address)
            if kind == tcp:
                each.listen()
            made[name] = each
    (folder / "socket").chmod(0o777)
    return made


def _listen(made: Canaries, stop: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        for name, each in made.sockets.items():
            selector.register(each, selectors.EVENT_READ, name)
        while not stop.is_set():
            for key, _ in selector.select(0.1):
                made.touched.add(str(key.data))
                _take(made.sockets[key.data])


def _take(listener: socket.socket) -> None:
    if listener.type == socket.SOCK_DGRAM:
        listener.recv(1024)
    else:
        listener.accept()[0].close()


def _shared_segment(secret: str) -> int:
    """Make a System V segment that holds the secret; return its id."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(0, 4096, 0o1666)  # IPC_PRIVATE, IPC_CREAT
    address = libc.shmat(segment, None, 0)
    ctypes.memmove(address, secret.encode(), len(secret))
    libc.shmdt(ctypes.c_void_p(address))
    return int(segment)


@contextlib.contextmanager
def orphans() -> Iterator[list[psutil.Process]]:
    """Adopt whatever loses its parent meanwhile, in whatever session; afterwards the list holds who still lives."""
    left: list[psutil.Process] = []
    me, libc = psutil.Process(), ctypes.CDLL(None)
    before = set(me.children(recursive=True))
    libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    try:
        yield left
        _, alive = psutil.wait_procs(set(me.children(recursive=True)) - before, timeout=patience.SECONDS)
        left += [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    finally:
        libc.prctl(36, 0, 0, 0, 0)
