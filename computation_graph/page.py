"""The interactive picture as HTML: the static picture, the numbers it was made from, and a script that steps through.

A notebook's output holds the style and the script.  A site loads `static/graph.css` and `static/graph.js` once for all
its pages and names the slots' colours itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from computation_graph import svg
from computation_graph.expressions import tokens

if TYPE_CHECKING:
    from computation_graph.graph import Graph, Node

HERE = Path(__file__).parent
STATIC = HERE / "static"
_TEMPLATES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)


def style() -> str:
    return "".join((STATIC / name).read_text("utf-8") for name in ("colours.css", "graph.css"))


def standalone(graph: Graph) -> str:
    """Return the wide picture as a file of its own, with its style inside."""
    return svg.picture(graph, tall=False).replace(">", f"><style>{style()}</style>", 1)


def fragment(graph: Graph, *, alone: bool) -> str:
    """Return the element for one graph; with its style and script where it stands `alone`."""
    leaves = [node for node in graph.nodes.values() if node.is_leaf]
    above = [node for node in leaves if node.drawn or node.kind == "constant"]
    data = json.dumps(facts(graph), allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")
    return _TEMPLATES.get_template("graph.html.j2").render(
        graph=graph,
        alone=alone,
        style=Markup(style()),
        script=Markup((STATIC / "graph.js").read_text("utf-8")),
        wide=Markup(svg.picture(graph, tall=False)),
        tall=Markup(svg.picture(graph, tall=True)),
        facts=Markup(data),
        fields=above,
        listed=[node for node in leaves if node not in above],
        weights_drawn=any(node.kind == "parameter" and node.drawn for node in leaves),
        typed=lambda value: repr(value).removesuffix(".0"),  # the shortest text that is this very number
    )


def facts(graph: Graph) -> dict[str, Any]:
    """What the script needs, as data for JSON: numbers as Python computed them, to the last bit."""
    return {
        "loss": graph.loss,
        "digits": graph.digits,
        "upstream": graph.upstream,
        "given": graph.is_given,
        "nodes": [_node(node) for node in graph.nodes.values()],
    }


def _node(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": node.name,
        "label": node.label,
        "kind": node.kind,
        "drawn": node.drawn,
        "value": node.value,
        "gradient": node.gradient,
    }
    if not node.is_leaf:
        found["edges"] = [[edge.start, edge.slope] for edge in node.edges]
        if node.expression is not None:
            found |= {"expression": node.expression, "formula": tokens(node.expression)}
    return found
