"""Does a computation graph compute what PyTorch computes, and does its picture show it?"""

import json
import math
import re
from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from computation_graph import Graph, GraphError, draw, expressions, page, pytorch
from computation_graph.labels import label, number
from computation_graph.layout import Box, drawn_edges, lay_out
from computation_graph.page import facts
from computation_graph.pytorch import largest_difference

PRODUCT = "x = 2\nw = 3\nz = x * w"
SQUARED_ERROR = "x = 1\nw = 1\ny = 2\nyhat = x * w\nr = yhat - y\nloss = r ** 2"
DIAMOND = "x = 2\nw = 3\nu = x + w\nv = x * w\nf = u * v"
SKIPPING = "x = 2\nw = 3\nh = x * w\ns = h + 1\nf = h * s"
DROPPED = "h = 3\nm = 0\nd = h * m\nz = d * 2 + h\nE = z ** 2"
ALL = {"product": PRODUCT, "squared error": SQUARED_ERROR, "diamond": DIAMOND, "skipping": SKIPPING, "dropped": DROPPED}


def gradients(graph: Graph) -> dict[str, float]:
    return {name: node.gradient for name, node in graph.nodes.items()}


# --- numbers


def test_the_upstream_gradient_times_the_other_factor_reaches_each_input_of_a_product() -> None:
    assert gradients(Graph(PRODUCT, upstream=5)) == {"x": 15, "w": 10, "z": 5}


def test_the_squared_error_is_differentiated_through_its_three_nodes() -> None:
    assert gradients(Graph(SQUARED_ERROR)) == {"x": -2, "w": -2, "y": 2, "yhat": -2, "r": -2, "loss": 1}


def test_paths_are_added() -> None:
    assert gradients(Graph(DIAMOND)) == {"x": 21, "w": 16, "u": 6, "v": 5, "f": 1}


def test_a_name_used_twice_in_one_line_is_one_edge_with_both_slopes() -> None:
    graph = Graph("x = 3\ny = x * x")
    assert [(edge.start, edge.slope) for edge in graph.nodes["y"].edges] == [("x", 6)]


def test_a_constant_has_no_edge() -> None:
    graph = Graph("x = 3\nt = 1\ny = x - t", constants="t")
    assert [edge.start for edge in graph.nodes["y"].edges] == ["x"]


LEAVES = st.floats(-2, 2).map(lambda value: round(value, 3))
LINES = """{a} + {b}; {a} - {b}; {a} * {b}; {a} / (2 + {b} ** 2); -{a} * {b} + {a}; sigmoid({a}) - {b}; tanh({a} * {b});
exp(-{a} ** 2) + {b}; log(1 + {a} ** 2) * {b}; leaky_relu({a}, 0.1) + {b}; relu({a}) * {b}; logsumexp({a}, {b}, 1);
({a} + 3) ** 3 - {b}; (2 + {b} ** 2) ** {a}""".replace("\n", "").split(";")


@st.composite
def computations(drawn: st.DrawFn) -> str:
    names = ["x", "w"]
    lines = [f"x = {drawn(LEAVES)}", f"w = {drawn(LEAVES)}"]
    for index in range(drawn(st.integers(1, 5))):
        a, b = drawn(st.sampled_from(names)), names[-1]
        names.append(f"v{index}")
        lines.append(f"v{index} = " + drawn(st.sampled_from(LINES)).strip().format(a=a, b=b))
    return "\n".join([*lines, "end = " + " + ".join(names)])


@given(computations())
def test_values_and_gradients_are_those_of_pytorch(lines: str) -> None:
    try:
        graph = Graph(lines)
    except GraphError:
        assume(False)
    else:
        assert largest_difference(graph) < 1e-9


def test_a_wrong_gradient_differs_from_pytorch() -> None:
    graph = Graph(DIAMOND)
    graph.nodes["x"].gradient += 1e-3
    assert largest_difference(graph) > 1e-6


def test_a_wrong_value_differs_from_pytorch() -> None:
    graph = Graph(DIAMOND)
    graph.nodes["u"].value += 1e-3
    assert largest_difference(graph) > 1e-6


# --- reading lines


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("x = 2\nz = x @ x", r"line 2, `z = x @ x`: `x @ x` is not known"),
        ("x = 2\nz = y * x", "y has no line above"),
        ("x = 2\nx = 3\nz = x * x", "x has a line already"),
        ("x = 2\nz == x", "has to read `name = expression`"),
        ("x = 2\nz = ", "has to read `name = expression`"),
        ("x = 2\nz = tanh(x, x)", "tanh takes 1, not 2"),
        ("x = 2\nz = __import__('os')", "is not known here"),
        ("x = 2\nz = x.real", "is not known here"),
        ("x = 2\nz = True * x", "is not known here"),
        ("x = 0\nz = 1 / x", "has no value"),
        ("x = 1000\nz = exp(x)", "has no value"),
        ("x = -8\nz = x ** 0.5", "no finite value"),
        ("x = 2", "nothing to differentiate"),
        ("", "nothing to differentiate"),
        ("x = 2\ny = 3\nz = x * 2", "y: nothing is computed from it"),
        ("x = 2\nz = x * 2\ny = 3", "y, is a number"),
        ("\n".join(f"x{i} = 1" for i in range(50)) + "\nz = " + " + ".join(f"x{i}" for i in range(50)), "more than 40"),
    ],
)
def test_what_cannot_be_read_is_named(lines: str, said: str) -> None:
    with pytest.raises(GraphError, match=re.escape(said) if "`" not in said else said):
        Graph(lines)


def test_a_parameter_has_to_be_a_line_with_a_number() -> None:
    with pytest.raises(GraphError, match="z is not a line that holds a number; such lines are x, w"):
        Graph(PRODUCT, parameters="z")


def test_comments_and_empty_lines_are_left_out() -> None:
    assert list(Graph("x = 2  # an input\n\n# nothing\nz = x * x").nodes) == ["x", "z"]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("z = x * w + 1", "x·w + 1"),
        ("z = (x + w) * x", "(x + w)·x"),
        ("z = x - (w - 1)", "x − (w − 1)"),
        ("z = x / (w * x)", "x/(w·x)"),
        ("z = -x * w", "−x·w"),
        ("z = -(x + w)", "−(x + w)"),
        ("z = x * -2 + w", "x·(−2) + w"),
        ("z = (x + w) ** 2", "(x + w)²"),
        ("z = (-x) ** 2 * w", "(−x)²·w"),
        ("z = x ** w", "x^(w)"),
        ("z = 0.5 * sigmoid(x - w)", "0.5·σ(x − w)"),
    ],
)
def test_a_formula_keeps_its_brackets_where_it_needs_them(line: str, written: str) -> None:
    graph = Graph(f"x = 2\nw = 3\n{line}")
    assert graph.formula(graph.nodes["z"]) == written


# --- Value objects


class Value:
    """As in lab 02: a number, what it was made from, and the slopes."""

    def __init__(self, data: float, parents: tuple["Value", ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.parents, self.slopes = data, parents, slopes

    def __add__(self, other: "Value") -> "Value":
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value") -> "Value":
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def sigmoid(self) -> "Value":
        out = 1 / (1 + math.exp(-self.data))
        return Value(out, (self,), (out * (1 - out),))


def made_from_itself() -> Value:
    value = Value(1.0, (), (1.0,))
    value.parents = (value,)
    return value


def test_a_name_that_is_taken_is_not_given_again() -> None:
    x, w = Value(2.0), Value(3.0)
    assert gradients(draw(x * w, v1=w)) == {"v1": 2.0, "v2": 3.0, "v3": 1.0}


def test_a_value_is_drawn_with_its_names_and_pytorchs_gradients() -> None:
    x, w, b = Value(2.0), Value(-0.5), Value(0.3)
    out = (x * w + b).sigmoid()
    graph = draw(out * (out + x), x=x, w=w, b=b, out=out)
    tensors = [torch.tensor(value.data, dtype=torch.float64, requires_grad=True) for value in (x, w, b)]
    tout = torch.sigmoid(tensors[0] * tensors[1] + tensors[2])
    (tout * (tout + tensors[0])).backward()
    theirs = [tensor.grad.item() for tensor in tensors if tensor.grad is not None]
    assert [graph.nodes[name].gradient for name in ("x", "w", "b")] == pytest.approx(theirs, rel=1e-12)


def test_the_operations_of_a_value_are_told_from_its_numbers() -> None:
    x, w = Value(2.0), Value(3.0)
    graph = draw((x * w + x).sigmoid(), x=x, w=w)
    assert graph.editable
    assert [graph.formula(node) for node in graph.nodes.values() if not node.is_leaf] == ["x·w", "v₁ + x", "σ(v₂)"]


def test_an_operation_that_is_not_known_is_drawn_with_its_numbers() -> None:
    x = Value(2.0)
    graph = draw(Value(math.sin(2.0), (x,), (math.cos(2.0),)), x=x)
    assert not graph.editable
    assert graph.nodes["x"].gradient == math.cos(2.0)
    assert "<fieldset>" not in graph.html()


def test_a_value_times_itself_has_both_slopes() -> None:
    x = Value(3.0)
    assert draw(x * x, x=x).nodes["x"].gradient == 6.0


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (3.0, "a float has no data"),
        (torch.ones(1, requires_grad=True) * 2, "a Tensor has no parents"),
        (Value(1.0, (Value(1.0),), ()), "1 parents and 0 slopes"),
        (Value(1.0, None, None), "have to be tuples or lists"),  # type: ignore[arg-type]
        (made_from_itself(), "parents lead back to it"),
    ],
)
def test_what_is_no_value_is_refused(root: Any, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        draw(root)


def test_a_long_chain_is_refused_with_a_reason_and_not_by_recursion() -> None:
    last = Value(1.0)
    for _ in range(5_000):
        last = last * Value(1.0)
    with pytest.raises(GraphError, match="more than 40 nodes"):
        draw(last)


# --- as text


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (15.0, 4, "15"),
        (-0.0264, 4, "−0.0264"),
        (0.03125, 4, "0.0313"),
        (-0.03125, 4, "−0.0313"),
        (-0.0, 4, "0"),
        (0.00004, 4, "4e−5"),
        (0.00005, 4, "0.0001"),
        (999_999.5, 0, "1000000"),
        (1e6, 4, "1e6"),
        (-123_456_789.0, 4, "−1.23e8"),
        (9.999e-9, 4, "1e−8"),
        (100.0, 0, "100"),
    ],
)
def test_a_number_is_written_short(value: float, digits: int, written: str) -> None:
    assert number(value, digits) == written


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("yhat", "ŷ"),
        ("w1", "w₁"),
        ("w_12", "w₁₂"),
        ("net_j", "netⱼ"),
        ("delta_k", "δₖ"),
        ("loss", "loss"),
        ("link", "link"),
    ],
)
def test_a_name_is_shown_as_it_is_said(name: str, shown: str) -> None:
    assert label(name) == shown


def test_in_a_terminal_a_graph_is_a_table() -> None:
    assert repr(Graph(PRODUCT, upstream=5)).splitlines()[-1].split() == ["z", "x·w", "6", "5"]


def test_the_description_tells_all_values_and_gradients() -> None:
    said = Graph(PRODUCT, upstream=5).description
    assert said == "Computation graph. x = 2, w = 3, z = x·w = 6. Gradients of L: 5 at z, 10 at w, 15 at x."


# --- the picture


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("lines", ALL.values(), ids=ALL)
def test_no_two_nodes_cover_each_other_and_all_are_inside(lines: str, tall: bool) -> None:
    drawing = lay_out(Graph(lines), tall=tall)
    for one, other in combinations(drawing.boxes.values(), 2):
        assert not one.meets(other)
    for box in drawing.boxes.values():
        assert box.width / 2 <= box.x <= drawing.width - box.width / 2
        assert box.height / 2 + 20 <= box.y <= drawing.height - box.height / 2 - 20


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("lines", ALL.values(), ids=ALL)
def test_a_slope_covers_no_node(lines: str, tall: bool) -> None:
    drawing = lay_out(Graph(lines), tall=tall)
    for spot in drawing.slopes.values():
        assert not any(Box(*spot, 8, 14).meets(box) for box in drawing.boxes.values())


def test_the_computation_runs_to_the_right_or_downwards() -> None:
    graph = Graph(SKIPPING)
    wide, tall = (lay_out(graph, tall=tall).boxes for tall in (False, True))
    for edge in drawn_edges(graph):
        assert wide[edge.start].x < wide[edge.end].x
        assert tall[edge.start].y < tall[edge.end].y


def test_an_edge_that_passes_a_node_goes_around_it() -> None:
    drawing = lay_out(Graph(SKIPPING), tall=False)
    assert not any(drawing.boxes["s"].holds(point, 0) for point in drawing.paths["h", "f"])
    assert len(drawing.paths["h", "f"]) == 3


def test_a_dropped_path_is_drawn_dead() -> None:
    edges = re.findall(r'data-edge="h d">.*?(cg-forward[^"]*)".*?(cg-back[^"]*)"', Graph(DROPPED).svg())
    assert edges == [("cg-forward cg-dead", "cg-back cg-dead")]


def test_a_live_path_is_not() -> None:
    assert not re.search('class="[^"]*cg-dead', Graph(DIAMOND).svg())


# --- the page


@pytest.mark.parametrize(
    ("options", "fields"), [({}, 0), ({"loss": "E"}, 0), ({"upstream": 5}, 1), ({"upstream": 5, "loss": "z"}, 1)]
)
def test_the_upstream_gradient_has_a_field_where_it_was_given(options: dict[str, Any], fields: int) -> None:
    assert Graph(PRODUCT, **options).html().count('data-leaf=""') == fields


def test_the_page_gets_the_numbers_to_the_last_bit() -> None:
    graph = Graph("x = 0.1\nw = 0.3\nz = x / w")
    text = graph.html()
    data = json.loads(re.findall(r'class="cg-facts">(.*?)</script>', text)[0])
    assert data == json.loads(json.dumps(facts(graph)))
    assert [node["value"] for node in data["nodes"]] == [0.1, 0.3, 0.1 / 0.3]


def test_a_label_cannot_end_the_script_or_open_a_tag() -> None:
    text = Graph(PRODUCT, labels={"x": "</script><b>"}).html()
    assert "<b>" not in text
    assert text.count("</script>") == 2


def test_every_operation_is_known_to_the_script_and_to_the_judge() -> None:
    script = (page.STATIC / "graph.js").read_text("utf-8")
    table = re.findall(
        r'^    "?([^\s":]+)"?: \[', script.partition("const OPERATIONS")[2].partition("};")[0], re.MULTILINE
    )
    assert set(table) == set(expressions.OPERATIONS) == set(pytorch._OPERATIONS)
