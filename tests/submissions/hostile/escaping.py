"""Attacks that leave the sandbox: network, files, processes, signals, and folders that lead elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.submissions.corpus import (
    ESCAPING,
    Entry,
    code,
)
from tools.make_class import LAB

LEFT = """
import os
places = {"/tmp", "/var/tmp", "/dev/shm", os.getcwd(), os.path.expanduser("~")}
for place in places:
    if os.path.exists(os.path.join(place, "left-for-the-next")):
        hole(f"something from another submission is in {place}")
for place in places:
    try:
        open(os.path.join(place, "left-for-the-next"), "w").close()
    except OSError:
        pass
"""

CELLS = {
    "network": """
import socket
for name, port in canary["ports"].items():
    family = socket.AF_INET6 if name == "TCP6" else socket.AF_INET
    kind = socket.SOCK_DGRAM if name == "UDP" else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as link:
            link.settimeout(1)
            link.connect(("::1" if name == "TCP6" else "127.0.0.1", port))
            link.send(b"hello")
            hole(name)
    except OSError:
        pass
""",
    "network by a library": """
import urllib.request
try:
    urllib.request.urlopen(f"http://127.0.0.1:{canary['ports']['TCP']}/", timeout=1)
except Exception:
    pass
""",
    "UNIX sockets": """
import os, socket
for address in (canary["folder"] + "/socket", "\\0" + canary["token"], "/run/docker.sock", "/run/systemd/notify"):
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(1)
            link.connect(address)
            hole(address)
    except OSError:
        pass
""",
    "raw sockets": """
import socket
for family, kind, protocol in ((17, 3, 3), (2, 3, 1), (16, 3, 0), (40, 1, 0), (38, 5, 0)):
    try:
        socket.socket(family, kind, protocol).close()
        hole(f"a socket of family {family}")
    except OSError:
        pass
""",
    "files written outside": """
import os
places = ["/tmp", "/var/tmp", "/dev/shm", "/", canary["home"], canary["root"], canary["folder"]]
for folder in [*places, canary["folder"] + "/course"]:
    try:
        with open(f"{folder}/{canary['token']}", "w") as file:
            file.write("here I was")
    except OSError:
        pass
try:
    open(canary["folder"] + "/file.txt", "a").write("and here")
except OSError:
    pass
""",
    "files made otherwise": """
import os
for path in (canary["folder"], canary["home"], "/var/tmp", "/dev/shm"):
    for make in (os.mkdir, os.mkfifo, lambda p: os.symlink("/etc", p), lambda p: os.mknod(p, 0o20666, 0x103)):
        try:
            make(f"{path}/{canary['token']}")
        except OSError:
            pass
for change in (os.unlink, lambda p: os.truncate(p, 0), lambda p: os.chmod(p, 0), lambda p: os.rename(p, p + "x")):
    try:
        change(canary["folder"] + "/file.txt")
    except OSError:
        pass
""",
    "the lab's Python changed": """
import autograder, os, sys, sysconfig
new = sysconfig.get_path("purelib") + "/" + canary["token"] + ".pth"
for path in (np.__file__, autograder.__file__, os.__file__, new):
    try:
        open(path, "a").close()
        hole(f"{path} can be changed")
    except OSError:
        pass
""",
    "signals": """
import os, signal
contained()
for pid in (canary["pid"], os.getppid(), 1):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        if pid not in (0, os.getpid()):
            try:
                os.kill(pid, number)
            except OSError:
                pass
os.kill(-1, signal.SIGKILL)
""",
    "signals to the group": """
import os, signal
contained()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.killpg(0, signal.SIGTERM)
""",
    "children that outlive": """
import os, subprocess, sys, time
contained()
for twice in (False, True):
    try:
        if os.fork() == 0:
            os.setsid()
            if not twice or os.fork() == 0:
                time.sleep(600)
            os._exit(0)
    except OSError:
        pass
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
for command in (sleep, ["/bin/sleep", "600"], ["setsid", "sleep", "600"]):
    try:
        subprocess.Popen(command, start_new_session=True)
    except OSError:
        pass
""",
    "children by other means": """
import multiprocessing, os
contained()
def sleep():
    import time
    time.sleep(600)
for method in ("fork", "spawn", "forkserver"):
    try:
        multiprocessing.get_context(method).Process(target=sleep, daemon=True).start()
    except Exception:
        pass
try:
    os.posix_spawn("/bin/sleep", ["sleep", "600"], {})
except OSError:
    pass
""",
    "shell cells": """
!touch {canary["folder"]}/{canary["token"]}; cat {canary["folder"]}/secret.txt
%sx cat {canary["folder"]}/secret.txt
%system cat {canary["folder"]}/secret.txt
""",
    "magic that runs programs": """
for magic, line in (("bash", ""), ("sh", ""), ("script", "python3"), ("perl", ""), ("ruby", "")):
    try:
        get_ipython().run_cell_magic(magic, line, f"cat {canary['folder']}/secret.txt")
    except BaseException:
        pass
for magic, line in (("writefile", canary["folder"] + "/" + canary["token"]), ("capture", "")):
    try:
        get_ipython().run_cell_magic(magic, line, "here I was")
    except BaseException:
        pass
""",
    "files loaded by magic": """
import os
for magic in ("run", "load"):
    try:
        get_ipython().run_line_magic(magic, canary["folder"] + "/secret.txt")
        hole(magic)
    except BaseException:
        pass
try:
    get_ipython().run_line_magic("cd", canary["folder"])
except BaseException:
    pass
if os.getcwd() == canary["folder"]:
    hole("the current directory is on the machine")
""",
    "another root": """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0:
    hole("a user namespace can be made")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    hole("something can be mounted")
if libc.umount2(b"/tmp", 2) == 0 or libc.umount2(b"/proc", 2) == 0:
    hole("something can be unmounted")
for change in (lambda: os.chroot("/tmp"), lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0)):
    try:
        change()
        hole("roots or users can be changed") if os.geteuid() != 0 or change else None
    except OSError:
        pass
if os.getuid() == 0 or os.geteuid() == 0:
    hole("the process runs as root")
for pid in (1, os.getppid()):
    for link in ("root", "cwd", "fd/0"):
        try:
            if os.path.exists(f"/proc/{pid}/{link}" + canary["folder"]):
                hole(f"/proc/{pid}/{link} leads out")
        except OSError:
            pass
""",
    "system calls nobody needs": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = {"bpf": 321, "userfaultfd": 323, "perf_event_open": 298, "io_uring_setup": 425, "keyctl": 250, "add_key": 248,
         "memfd_create": 319, "open_by_handle_at": 304, "kexec_load": 246, "init_module": 175, "swapon": 167}
import platform
for name, number in calls.items() if platform.machine() == "x86_64" else ():
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), *(ctypes.c_long(0),) * 5)
    if ctypes.get_errno() not in (1, 38):  # EPERM, ENOSYS: refused before it was looked at
        hole(f"{name}: errno {ctypes.get_errno()}")
""",
    "devices": """
import glob
for name in ("mem", "kmsg", "sda", "vda", "tty", "ptmx", "fuse", "net/tun", "kvm"):
    path = f"/dev/{name}"
    try:
        open(path, "rb").close()
        hole(path)
    except OSError:
        pass
for path in ("/etc/passwd", "/etc/shadow", "/root", "/home", "/sys/kernel", "/var/lib", "/run"):
    if glob.glob(path + "/*") or glob.glob(path) and "etc" in path:
        hole(f"{path} is in sight")
""",
    "the terminal typed into": """
import fcntl, os, termios
for descriptor in range(0, 10):
    try:
        fcntl.ioctl(descriptor, termios.TIOCSTI, b"x")
        hole("a terminal can be typed into")
    except OSError:
        pass
""",
    "a start-up file left behind": """
import os
home = os.path.expanduser("~")
startup = f"{home}/.ipython/profile_default/startup/0.py"
for path in (startup, f"{home}/sitecustomize.py", "numpy.py", "sitecustomize.py", "usercustomize.py"):
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        open(path, "w").write(f"print('HOLE', 'left behind')\\nraise SystemExit")
    except OSError:
        pass
os._exit(0)
""",
    "something left for the next": LEFT,
    "something found from the last": LEFT,
}


def _shadows(folder: Path) -> None:
    """Put modules beside the notebook that would be imported by whoever stands in this folder."""
    source = f"open({str(folder.parents[3] / 'file.txt')!r}, 'a').write('shadow'); raise SystemExit"
    for name in ("numpy", "sitecustomize", "autograder", "IPython", "json", "nbgrader_config", "ipython_config"):
        (folder / f"{name}.py").write_text(source)
    startup = folder / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text(source)
    (folder / "own.pth").write_text(f"import os; {source}")


def _links(folder: Path) -> None:
    outside = folder.parents[3]
    (folder / "secret.ipynb").symlink_to(outside / "secret.txt")
    (folder / "data").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "timestamp.txt").symlink_to(outside / "secret.txt")


def _is_link(folder: Path) -> None:
    path = folder / f"{LAB}.ipynb"
    path.unlink()
    path.symlink_to(folder.parents[1] / "base right" / LAB / path.name)


def _folder_is_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.parents[1] / "base right" / LAB)


def _fifo(folder: Path) -> None:
    (folder / f"{LAB}.ipynb").unlink()
    os.mkfifo(folder / f"{LAB}.ipynb")


def _socket(folder: Path) -> None:
    import socket

    path = folder / f"{LAB}.ipynb"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        # A socket's address is short, so it is made by its name in here.
        here = os.open(".", os.O_PATH)
        os.chdir(folder)
        try:
            bound.bind(path.name)
        finally:
            os.fchdir(here)
            os.close(here)


def _timestamp_fifo(folder: Path) -> None:
    os.mkfifo(folder / "timestamp.txt")


def _notebook_is_folder(folder: Path) -> None:
    (folder / f"{LAB}.ipynb").unlink()
    (folder / f"{LAB}.ipynb").mkdir()


FOLDERS = [
    Entry("modules beside the notebook", ESCAPING, files=_shadows),
    Entry("links beside the notebook", ESCAPING, files=_links, says="timestamp"),
    Entry("a link to another's notebook", ESCAPING, earns="untouched", files=_is_link, says="is a link"),
    Entry("a link to another's folder", ESCAPING, earns="untouched", files=_folder_is_link, says="is a link"),
    Entry("a pipe for a notebook", ESCAPING, earns="untouched", files=_fifo, says="not a regular file"),
    Entry("a socket for a notebook", ESCAPING, earns="untouched", files=_socket),
    Entry("a folder for a notebook", ESCAPING, earns="untouched", files=_notebook_is_folder),
    Entry("a pipe for a timestamp", ESCAPING, files=_timestamp_fifo),
    Entry(
        "%%bash with all in it",
        ESCAPING,
        edit=lambda given: given["cells"].insert(
            3, code("%%bash\ncat /proc/*/environ; env; cat /tmp/corpus-*/secret.txt; touch /tmp/corpus-*/course/x")
        ),
    ),
]


def entries() -> list[Entry]:
    return [*(Entry(id, ESCAPING, first=source) for id, source in CELLS.items()), *FOLDERS]
