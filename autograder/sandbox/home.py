"""A learner's process on the learner's own machine: the same shell as in the sandbox, without its walls.

For one's own notebooks: it protects from nothing. What the walls would refuse is refused here too, so that a notebook
finds what it will find when it is graded. Works wherever Python does. `Home` is the side that asks, `main` the process.
"""

from __future__ import annotations

import _thread
import errno
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograder.sandbox.paths import DEVICES, FOLDER, READABLE
from autograder.sandbox.session import SINGLE, NoProcessError, Session, Settings
from autograder.sandbox.watch import Seconds
from autograder.sandbox.wire import INTERRUPT, WireError, receive, send, within

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, {!r}); from autograder.sandbox.home import main; main()"
_SECONDS_TO_START = 900  # of the clock: only what hangs takes as long
_SECONDS_TO_END = 0.1  # it closes its socket a moment before it is gone
_KEPT = ("SYSTEMROOT",)  # Windows makes no socket without it
_PROGRAMS = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn")


class Home:
    """A process of this Python in an empty folder. Raises NoProcessError."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # A process that was ended may keep its folder for a while on Windows.
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True)
        self._word = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._process = _start(settings, self._folder.name, server.getsockname()[1], self._word)
            try:
                self.link, self.pid = self._connected(server)
            except (OSError, WireError) as error:
                self.end_fork()
                raise NoProcessError(f"Python did not start for the notebook ({error})") from None

    def _connected(self, server: socket.socket) -> tuple[socket.socket, int]:
        server.settimeout(1)
        patience = within(_SECONDS_TO_START)
        while patience():
            with suppress(TimeoutError):
                link, _ = server.accept()
                said = receive(link, most=100_000, patience=patience)
                if isinstance(said, dict) and said.get("word") == self._word:
                    if "failed" in said:
                        raise OSError(str(said["failed"]).strip().splitlines()[-1])
                    return link, int(said["ready"])
                link.close()
            if self._process.poll() is not None:
                raise OSError(f"it ended with exit code {self._process.returncode}")
        raise AssertionError("patience ends by raising")

    def interrupt(self) -> None:
        """Interrupt what it does now: when this returns it has the signal, so nothing later gets it."""
        if os.name != "nt":
            self._process.send_signal(signal.SIGINT)
        elif self._process.stdin and self._process.stdout:
            self._process.stdin.write(INTERRUPT)
            self._process.stdin.flush()
            self._process.stdout.read(1)

    def end_fork(self) -> int:
        """End it; return its exit code, minus the signal that ended it, or 0 if it still ran."""
        try:
            return self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return 0
        finally:
            for stream in (self._process.stdin, self._process.stdout):
                assert stream
                with suppress(OSError):
                    stream.close()
            self._folder.cleanup()


def open_at_home(settings: Settings, used: Seconds) -> Session:
    """Return a session with a new process, which adds to `used`. Raises NoProcessError."""
    home = Home(settings)
    return Session(home, home.link, home.pid, used)


def _start(settings: Settings, folder: str, port: int, word: str) -> subprocess.Popen[bytes]:
    options = {
        "port": port,
        "word": word,
        "torch": settings.torch,
        "output_bytes": settings.limits.output_bytes,
        "memory_bytes": settings.limits.memory_bytes,
        "scratch_bytes": settings.limits.scratch_bytes,
    }
    alone: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is for the one who asks
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(
        [sys.executable, "-B", "-P", "-c", _PROGRAM.format(str(_ROOT)), json.dumps(options)],
        env=os.environ | dict.fromkeys(SINGLE, "1") | {"IPYTHONDIR": folder, "MPLBACKEND": "agg"},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **alone,
    )


# --- the process


def main() -> None:
    """Load, say so, and answer until the other side is gone."""
    from autograder.sandbox.inside import loading

    options = json.loads(sys.argv[1])
    _thread.start_new_thread(_heed, (os.dup(0), os.dup(1)))
    link = socket.create_connection(("127.0.0.1", options["port"]))
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        if not options["torch"]:
            loading.hide_torch()
        shell = loading.load(options["torch"], options["output_bytes"])
        _empty(os.getcwd())
        loading.settle(shell, os.getcwd(), _KEPT)
        _bound(options)
        os.system = _no_program
        sys.addaudithook(_walls(os.path.realpath(os.getcwd())))
    except Exception:
        return send(link, {"word": options["word"], "failed": traceback.format_exc()})
    send(link, {"word": options["word"], "ready": os.getpid()})
    return shell.serve(link)


def _heed(commands: int, answers: int) -> None:
    """Interrupt what runs when told to, where the system has no signal for that; end with the other side."""
    while os.read(commands, 1) == INTERRUPT:
        _thread.interrupt_main()
        os.write(answers, b".")
    os._exit(1)


def _empty(folder: str) -> None:
    """Remove the profile that IPython made while it loaded."""
    import shutil

    for name in os.listdir(folder):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def _bound(options: dict[str, Any]) -> None:
    """Limit memory and files as in the sandbox, where the system can."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        addresses = pages * resource.getpagesize() + options["memory_bytes"]
        limits = ((resource.RLIMIT_AS, addresses), (resource.RLIMIT_FSIZE, options["scratch_bytes"]))
        for limit, value in limits:
            resource.setrlimit(limit, (value, value))


def _no_program(command: object) -> int:
    """Answer as the C library does where no program can be started: it raises nothing."""
    return 127 << 8


def _walls(folder: str) -> Any:
    """Return an audit hook that refuses what the sandbox refuses: other people's files, programs and the network."""
    readable = tuple(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, *READABLE))
    places = (folder, *readable)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            _check_file(os.fsdecode(arguments[0]), str(arguments[1] or "r"), folder, places)
        elif event == "socket.getaddrinfo":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        elif event in _PROGRAMS or _is_outward(event, arguments):
            raise _refusal(errno.EPERM)

    return refuse


def _is_outward(event: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether a socket is for others. asyncio needs one to wake itself with, to wait for anything at all."""
    if os.name == "nt":
        return event == "socket.connect" and arguments[1][:1] != ("127.0.0.1",)
    return event == "socket.connect" or (event == "socket.__new__" and arguments[1] not in (socket.AF_UNIX, -1))


def _check_file(path: str, mode: str, folder: str, places: tuple[str, ...]) -> None:
    where = os.path.realpath(path)
    inside = [place for place in places if where == place or where.startswith(place.rstrip(os.sep) + os.sep)]
    if path in (*DEVICES, os.devnull):
        return
    if not inside:
        raise _refusal(errno.ENOENT, path)
    if folder not in inside and set(mode) & set("wax+"):
        raise _refusal(errno.EROFS, path)


def _refusal(number: int, *path: str) -> OSError:
    return OSError(number, os.strerror(number), *path)
