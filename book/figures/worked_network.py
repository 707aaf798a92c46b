"""The worked network of chapters 05 and 06 as a computation graph: its lines, written from its arrays."""

import numpy as np
from numpy.typing import NDArray

from computation_graph import Graph
from figures import style

Array = NDArray[np.float64]


def draw(
    x: Array, W1: Array, b1: Array, W2: Array, b2: Array, label: int, a: float, mask: Array | None = None, p: float = 0
) -> Graph:
    """Display the network for one sample; shapes (D,), (D, H), (H,), (H, K), (K,), and (H,) for a dropout mask.

    Weights and biases are listed below the picture.  Nodes are called x1, net1, h1, d1 (with a mask), z1 and E.
    """
    leaves = [f"x{i} = {value}" for i, value in enumerate(x, 1)]
    parameters: dict[str, str] = {}
    for layer, (weights, biases) in enumerate(((W1, b1), (W2, b2)), 1):
        for (below, above), value in np.ndenumerate(weights):
            name = f"W{layer}_{below + 1}_{above + 1}"
            parameters[name] = f"W{'₁₂'[layer - 1]}({below + 1},{above + 1})"
            leaves.append(f"{name} = {value}")
        for above, value in enumerate(biases, 1):
            parameters[f"b{layer}_{above}"] = f"b{'₁₂'[layer - 1]}({above})"
            leaves.append(f"b{layer}_{above} = {value}")
    constants = {"a": a}
    if mask is not None:
        constants |= {**{f"m{j}": value for j, value in enumerate(mask, 1)}, "p": p}
    leaves += [f"{name} = {value}" for name, value in constants.items()]
    computed = _layers(len(x), len(b1), len(b2), label, dropout=mask is not None)
    return style.graph(
        "\n".join(leaves + computed),
        parameters=parameters,
        listed=parameters,
        constants=constants,
        labels=parameters,
        digits=6,
    )


def _layers(D: int, H: int, K: int, label: int, *, dropout: bool) -> list[str]:
    below = "d" if dropout else "h"
    lines = [f"net{j} = {_affine('x', D, 1, j)}" for j in range(1, H + 1)]
    lines += [f"h{j} = leaky_relu(net{j}, a)" for j in range(1, H + 1)]
    lines += [f"d{j} = h{j} * m{j} / (1 - p)" for j in range(1, H + 1) if dropout]
    lines += [f"z{k} = {_affine(below, H, 2, k)}" for k in range(1, K + 1)]
    logits = ", ".join(f"z{k}" for k in range(1, K + 1))
    return [*lines, f"E = logsumexp({logits}) - z{label + 1}"]


def _affine(below: str, count: int, layer: int, unit: int) -> str:
    products = [f"{below}{i} * W{layer}_{i}_{unit}" for i in range(1, count + 1)]
    return " + ".join([*products, f"b{layer}_{unit}"])
