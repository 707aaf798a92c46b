"""Does a computation graph compute, step and predict in a real browser as it should, also without a mouse?"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page

from computation_graph import Graph
from computation_graph.labels import number
from computation_graph.pytorch import compute

PRODUCT = "x = 2\nw = 3\nz = x * w"
DIAMOND = "x = 2\nw = 3\nu = x + w\nv = x * w\nf = u * v"
UNIT = "x = 1.5\nw = -0.5\nb = 0.25\nt = 1\nnet = x * w + b\nO = sigmoid(net)\nE = 0.5 * (O - t) ** 2"
EVERYTHING = """
    x = 0.7
    w = -1.2
    a = tanh(x * w) + exp(-x ** 2)
    b = log(1 + w ** 2) / (2 + x ** 2)
    c = leaky_relu(a - b, 0.1) - relu(w - x)
    d = logsumexp(a, b, c) * sigmoid(-c)
    e = (d + 3) ** 2 + (2 + c ** 2) ** x
"""
GRAPHS_OF = {  # how many a chapter has, where it has any
    "01_chain_rule": 1,
    "02_computation_graphs": 3,
    "03_delta_template": 1,
    "05_mlp_by_hand": 1,
    "06_dropout": 1,
}

CHANGE = """(graph, leaves) => {
    for (const [name, text] of Object.entries(leaves)) {
        const input = graph.querySelector(`input[data-leaf='${name}']`);
        input.value = text;
        input.dispatchEvent(new Event("input", {bubbles: true}));
    }
}"""


class Picture:
    """One graph in a page, as a reader handles it."""

    def __init__(self, page: Page, at: Locator) -> None:
        self.page, self.at = page, at

    def press(self, what: str) -> None:
        self.at.locator(f"[data-do={what}]").click()

    def says(self) -> str:
        return self.at.locator(".cg-say").inner_text()

    def predict(self, *answers: str) -> str:
        """Ask for the next gradient and give these answers; return what is said to the last."""
        self.press("next")
        for answer in answers:
            self.at.locator(".cg-answer").fill(answer)
            self.at.locator(".cg-answer").press("Enter")
        return self.says()

    def numbers(self, name: str) -> tuple[str, str]:
        """The value and the gradient of a node as they are seen, "" where one is not shown."""
        node = self.at.locator(f"svg.cg-wide [data-node='{name}']")
        value, gradient = (self._seen(node.locator(kind)) for kind in (".cg-value", ".cg-upstream"))
        return value, gradient

    def _seen(self, text: Locator) -> str:
        return "" if "cg-off" in (text.get_attribute("class") or "") else text.text_content() or ""

    def change(self, **leaves: float) -> None:
        self.at.evaluate(CHANGE, {name: repr(value) for name, value in leaves.items()})

    def computed(self) -> dict[str, dict[str, float]]:
        """What the script holds: value and gradient of each node."""
        found: dict[str, dict[str, float]] = self.at.evaluate(
            "e => Object.fromEntries(e.stepper.computation.nodes.map("
            "n => [n.name, {value: n.value, gradient: n.gradient}]))"
        )
        return found


Open = Callable[..., Picture]


@pytest.fixture
def show(browser: Browser) -> Iterator[Open]:
    """Open a graph in a page of its own; `theme`, `width` and others are the context's."""
    contexts = []

    def opened(graph: Graph, width: int = 900, **options: Any) -> Picture:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_content(f"<!doctype html><html lang=en><title>graph</title><body>{graph.html()}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector(".cg[data-live]")
        assert problems == []
        return Picture(page, page.locator(".cg"))

    yield opened
    for context in contexts:
        context.close()


# --- numbers


def by_pytorch(
    nodes: list[dict[str, Any]], leaves: dict[str, float], upstream: float
) -> dict[str, tuple[float, float]]:
    """Value and gradient of each node, by autograd in float64, from the expressions in the page."""
    tensors: dict[str, torch.Tensor] = {}
    for node in nodes:
        if "edges" in node:
            tensors[node["name"]] = compute(node["expression"], tensors)
            tensors[node["name"]].retain_grad()
        else:
            value = leaves.get(node["name"], node["value"])
            tensors[node["name"]] = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    tensors[nodes[-1]["name"]].backward(torch.tensor(upstream, dtype=torch.float64))
    drawn = {node["name"] for node in nodes if node["kind"] != "constant"}
    return {
        name: (tensor.item(), tensor.grad.item() if tensor.grad is not None else 0.0)
        for name, tensor in tensors.items()
        if name in drawn
    }


def assert_as_pytorch(picture: Picture, rounds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    facts = json.loads(
        picture.at.locator(".cg-facts").inner_text() or picture.at.locator(".cg-facts").text_content() or ""
    )
    leaves = [node["name"] for node in facts["nodes"] if "edges" not in node]
    fixed = {"p": 0.5, "a": 0.1}  # a probability and a slope: not any number
    for _ in range(rounds):
        drawn = {name: fixed.get(name, float(np.round(rng.normal(), 4))) for name in leaves}
        picture.change(**drawn)
        theirs = by_pytorch(facts["nodes"], drawn, facts["upstream"])
        for name, found in picture.computed().items():
            if name in theirs:
                assert (found["value"], found["gradient"]) == pytest.approx(theirs[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize(
    "lines", [PRODUCT, DIAMOND, UNIT, EVERYTHING], ids=["product", "diamond", "unit", "everything"]
)
def test_after_an_edit_the_script_computes_what_pytorch_computes(show: Open, lines: str) -> None:
    assert_as_pytorch(show(Graph(lines)), rounds=25, seed=len(lines))


@pytest.mark.parametrize("chapter", GRAPHS_OF)
def test_every_graph_of_the_book_computes_what_pytorch_computes(browser: Browser, address: str, chapter: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/book/{chapter}.html", wait_until="load")
    pictures = page.locator(".cg").all()
    assert pictures
    for seed, at in enumerate(pictures):
        assert_as_pytorch(Picture(page, at), rounds=10, seed=seed)
    page.close()


def test_the_check_of_the_script_notices_a_wrong_slope(show: Open) -> None:
    picture = show(Graph(DIAMOND))
    picture.at.evaluate("e => { const c = e.stepper.computation; c.byName.get('u').expression[0] = '-'; }")
    with pytest.raises(AssertionError):
        assert_as_pytorch(picture, rounds=2, seed=0)


def test_the_script_writes_numbers_as_python_does(show: Open) -> None:
    picture = show(Graph("x = 1\nw = 1\nz = x * w", digits=4))
    rng = np.random.default_rng(3)
    sizes = [*10.0 ** rng.uniform(-9, 9, 200), 0.03125, 0.5, 1e6, 999999.99996, 0.00005, 1e-5, 9.995e-7, 0.0]
    for value in [*sizes, *(-size for size in sizes[:100])]:
        picture.change(x=float(value))
        assert picture.numbers("x")[0] == number(float(value), 4)


def test_the_original_numbers_come_back_to_the_last_bit(show: Open) -> None:
    picture = show(Graph("x = 0.1\nw = 0.3\nz = x / w"))
    before = picture.computed()
    picture.change(x=7.0)
    assert picture.computed() != before
    picture.press("reset")
    assert picture.computed() == before
    assert picture.at.locator("input[data-leaf=x]").input_value() == "0.1"


@pytest.mark.parametrize("lines", ["x = 2\nw = 3\nz = x / w", "x = 2\nw = 3\nz = x * log(w)"])
def test_where_there_is_no_number_the_picture_keeps_the_last_ones_and_says_so(show: Open, lines: str) -> None:
    picture = show(Graph(lines))
    before = picture.computed()
    picture.change(w=0.0)
    assert "finite" in picture.says()
    assert picture.computed() == before


def test_an_empty_field_is_named(show: Open) -> None:
    picture = show(Graph(PRODUCT))
    picture.at.locator("input[data-leaf=w]").fill("")
    assert "w needs a number" in picture.says()
    assert picture.at.locator("input[data-leaf=w]").get_attribute("aria-invalid") == "true"


def test_the_upstream_gradient_can_be_changed(show: Open) -> None:
    picture = show(Graph(PRODUCT, upstream=5))
    picture.at.locator("input[data-leaf='']").fill("-2")
    assert [picture.numbers(name)[1] for name in "xwz"] == ["−6", "−4", "−2"]


# --- stepping


def test_it_steps_forward_and_then_backward_one_node_at_a_time(show: Open) -> None:
    picture = show(Graph(DIAMOND))
    picture.press("start")
    seen = []
    for _ in range(8):
        picture.press("next")
        seen.append("".join(name for name in "xwuvf" if any(picture.numbers(name)) and picture.numbers(name)[1]))
    assert seen == ["", "", "", "f", "vf", "uvf", "wuvf", "xwuvf"]
    picture.press("back")
    assert picture.numbers("x")[1] == ""


def test_a_step_tells_which_factors_are_multiplied_and_added(show: Open) -> None:
    picture = show(Graph(DIAMOND))
    picture.press("back")
    picture.press("next")
    picture.press("back")
    assert "∂f/∂w = ∂f/∂u·∂u/∂w + ∂f/∂v·∂v/∂w = 6·1 + 5·2 = 16" in picture.says()
    upstream, slope = (picture.at.locator(f".cg-say .cg-key-{kind}").first for kind in ("up", "slope"))
    assert upstream.evaluate("e => getComputedStyle(e).color") == "rgb(51, 85, 238)"
    assert slope.evaluate("e => getComputedStyle(e).color") == "rgb(194, 72, 12)"


def test_the_factor_of_a_weight_is_the_input(show: Open) -> None:
    picture = show(Graph(UNIT, parameters="w b", constants="t"))
    picture.press("start")
    for _ in range(20):
        if "∂E/∂w =" in picture.says():
            break
        picture.press("next")
    assert picture.at.locator(".cg-say .cg-key-input").first.inner_text() == "∂net/∂w"


def test_a_dead_path_comes_to_life_when_the_mask_lets_it(show: Open) -> None:
    picture = show(Graph("h = 3\nm = 0\nd = h * m\nE = d ** 2 + h", constants="m"))
    dead = picture.at.locator("svg.cg-wide [data-edge='h d'] .cg-back.cg-dead")
    assert dead.count() == 1
    picture.change(m=1.0)
    assert dead.count() == 0


# --- predicting


def predicting(show: Open, lines: str, node: str, **options: Any) -> Picture:
    """A picture that will ask for the gradient of `node` next."""
    picture = show(Graph(lines, **options))
    picture.press("start")
    for _ in range(20):
        if f"∂{node} =" in picture.says():
            break
        picture.press("next")
    picture.press("back")
    picture.at.locator(".cg-predict").check()
    return picture


@pytest.mark.parametrize("answer", ["21", "21.0", "21.", "6*1 + 5*3", "6·1+5·3", "42/2", "(6+15)", " 21 ", "2.1e1"])
def test_a_right_prediction_is_right_however_it_is_typed(show: Open, answer: str) -> None:
    assert predicting(show, DIAMOND, "x").predict(answer).startswith("Right.")


@pytest.mark.parametrize("answer", ["−0.25", "-0,25", "-.25", "-0.250"])
def test_minus_signs_and_decimal_commas_are_understood(show: Open, answer: str) -> None:
    picture = predicting(show, "x = 1\nw = -0.25\nz = x * w", "x")
    assert picture.predict(answer).startswith("Right.")


@pytest.mark.parametrize(
    ("lines", "node", "answer", "said"),
    [
        (DIAMOND, "x", "-21", "the sign is not"),
        (DIAMOND, "x", "6", "the path through v is missing"),
        (DIAMOND, "x", "15", "the path through u is missing"),
        (DIAMOND, "x", "4", "the upstream gradient is missing"),
        (DIAMOND, "x", "11", "the local slope is missing"),
        (DIAMOND, "x", "10.5", "added, not averaged"),
        (DIAMOND, "x", "90", "the paths are multiplied"),
        (DIAMOND, "x", "16", "the upstream gradient is missing on the path through u"),
        (DIAMOND, "x", "-9", "the sign of the path through v is wrong"),
        (DIAMOND, "x", "2", "the value of the node"),
        (DIAMOND, "x", "3.3", "on each of the 2 paths"),
        (DIAMOND, "u", "5", "multiplied by the node's own value"),
        ("x = 2\nw = 3\ny = 1\nr = x * w - y\nE = r ** 2", "r", "5", "the exponent is missing"),
        ("x = 2\nw = 3\nz = x * w\nE = 4 * z", "x", "4", "the local slope is missing"),
        ("x = 2\nw = 3\nz = x * w\nE = 4 * z", "x", "7", "multiply them"),
        (UNIT, "net", "x", "Type a number"),
        (UNIT, "net", "", "Type a number"),
        (UNIT, "net", "1/0", "Type a number"),
        (DIAMOND, "x", "20.9", "Close"),
    ],
)
def test_a_wrong_prediction_is_told_what_it_was(show: Open, lines: str, node: str, answer: str, said: str) -> None:
    picture = predicting(show, lines, node)
    assert said in picture.predict(answer)
    assert picture.numbers(node)[1] == ""


@pytest.mark.parametrize(("slope", "said"), [(lambda O: O, "not O alone"), (lambda O: 1 - O, "not 1 − O alone")])
def test_a_wrong_slope_of_an_activation_is_named(show: Open, slope: Callable[[float], float], said: str) -> None:
    picture = predicting(show, UNIT, "net")
    O = picture.computed()["O"]
    assert said in picture.predict(f"{O['gradient'] * slope(O['value']):.6f}")


def test_a_wrong_prediction_does_not_give_the_answer_away(show: Open) -> None:
    picture = predicting(show, DIAMOND, "x")
    assert "21" not in picture.predict("6", "3.3", "-2")
    assert picture.at.locator("[data-row=x] td").nth(2).inner_text() != "21"


def test_what_a_prediction_needs_is_shown_on_request(show: Open) -> None:
    picture = predicting(show, DIAMOND, "x")
    picture.predict("1")
    picture.press("show")
    assert "= 21" in picture.says()
    assert "right at the first try: 0 of 1" in picture.says()


def test_rounding_as_on_paper_is_right_and_one_digit_is_close(show: Open) -> None:
    lines = "x = 0.0714\nw = 0.3\nz = x * w"  # the gradient of w is 0.0714
    assert predicting(show, lines, "w").predict("0.071").startswith("Right.")
    assert not predicting(show, lines, "w").predict("0.1").startswith("Right.")


# --- everybody


def test_a_keyboard_is_enough(show: Open) -> None:
    picture = show(Graph(PRODUCT, upstream=5))
    keys = picture.page.keyboard
    keys.press("Tab")
    assert picture.page.evaluate("document.activeElement.dataset.do") == "start"
    keys.press("Enter")
    keys.press("ArrowRight")
    assert "z = x·w = 2·3 = 6" in picture.says()
    for _ in range(4):
        keys.press("Tab")
    keys.press("Space")  # predict
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert picture.page.evaluate("document.activeElement.className") == "cg-answer"
    keys.type("2*5")
    keys.press("Enter")
    assert picture.says().startswith("Right.")
    assert picture.page.evaluate("document.activeElement.dataset.do") == "next"
    keys.press("Enter")
    keys.type("1")
    keys.press("Tab")
    keys.press("Tab")
    assert picture.page.evaluate("document.activeElement.dataset.do") == "show"
    keys.press("Enter")
    assert picture.numbers("x")[1] == "15"


def test_enter_checks_a_prediction_also_where_the_page_takes_the_key_for_itself(show: Open) -> None:
    """JupyterLab does: its shortcut for Enter prevents that the form is submitted."""
    picture = predicting(show, DIAMOND, "x")
    picture.page.evaluate("document.addEventListener('keydown', event => event.preventDefault())")
    assert picture.predict("21").startswith("Right.")


def test_what_is_asked_is_hidden_at_once(show: Open) -> None:
    picture = predicting(
        show,
        DIAMOND,
        "x",
    )
    picture.press("all")
    picture.press("back")
    hidden = picture.at.locator("svg.cg-wide [data-node=x] .cg-upstream")
    assert hidden.evaluate("e => [getComputedStyle(e).opacity, getComputedStyle(e).transitionDuration]") == ["0", "0s"]


def test_every_control_has_a_name_and_changes_are_announced(show: Open) -> None:
    picture = show(Graph(UNIT, parameters="w b", listed="w b", constants="t"))
    named = picture.at.evaluate(
        "e => [...e.querySelectorAll('input, button')].filter(c => !c.closest('[hidden]')).map("
        "c => c.labels?.[0]?.textContent || c.ariaLabel || c.textContent)"
    )
    assert all(name.strip() for name in named)
    assert picture.at.locator(".cg-say").get_attribute("aria-live") == "polite"
    assert picture.at.locator("svg").first.get_attribute("aria-label") == Graph(UNIT, constants="t").description


def test_the_numbers_are_also_in_a_table_that_keeps_up(show: Open) -> None:
    picture = show(Graph(DIAMOND))
    picture.change(x=1.0)
    cells = picture.at.locator("[data-row=x] td").all_text_contents()
    assert cells == ["—", "1", picture.numbers("x")[1]]


def test_without_scripts_the_whole_picture_is_there_and_no_control(show: Open) -> None:
    picture = show(Graph(DIAMOND), java_script_enabled=False)
    assert not picture.at.locator(".cg-controls").is_visible()
    assert picture.at.locator("[data-node=x] .cg-upstream").first.text_content() == "21"


def test_in_print_everything_is_shown_whatever_the_step(show: Open) -> None:
    picture = show(Graph(DIAMOND))
    picture.press("start")
    picture.page.emulate_media(media="print")
    gradient = picture.at.locator("svg.cg-wide [data-node=x] .cg-upstream")
    assert gradient.evaluate("e => getComputedStyle(e).opacity") == "1"
    assert not picture.at.locator(".cg-controls").is_visible()


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_those_who_asked_for_it(show: Open, motion: str, moves: bool) -> None:
    picture = show(Graph(DIAMOND), reduced_motion=motion)
    seconds = picture.at.locator(".cg-node").first.evaluate("e => parseFloat(getComputedStyle(e).transitionDuration)")
    assert (seconds > 0) is moves


def test_on_a_phone_the_picture_is_tall_and_as_large_as_it_was_drawn(show: Open) -> None:
    picture = show(Graph(DIAMOND), width=390)
    assert [svg.is_visible() for svg in picture.at.locator("svg").all()] == [False, True]
    shrunk = picture.at.locator("svg.cg-tall").evaluate("e => e.getBoundingClientRect().width / e.width.baseVal.value")
    assert shrunk > 0.99


def test_no_step_is_wider_than_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 900})
    page.goto(f"{address}/book/06_dropout.html", wait_until="load")
    picture = Picture(page, page.locator(".cg"))
    picture.press("start")
    steps = int(picture.at.evaluate("e => e.stepper.steps.length"))
    wider = "e => e.scrollWidth - e.clientWidth"
    for _ in range(steps):
        picture.press("next")
        assert picture.at.locator(".cg-step").evaluate(wider) <= 0, picture.says()
    page.close()


def test_two_outputs_of_a_notebook_work_in_one_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(f"<!doctype html><body>{Graph(PRODUCT, upstream=5).html()}{Graph(DIAMOND).html()}")
    page.wait_for_selector(".cg[data-live] >> nth=1")
    second = Picture(page, page.locator(".cg").nth(1))
    second.press("start")
    assert second.numbers("f")[0] == ""
    assert Picture(page, page.locator(".cg").nth(0)).numbers("z")[0] == "6"
    page.close()


def test_an_output_that_arrives_after_its_script_comes_to_life(browser: Browser) -> None:
    """JupyterLab runs an output's scripts before it puts the output into the page."""
    page = browser.new_page()
    page.set_content("<!doctype html><body>")
    element, script = re.fullmatch(r"(.*)<script>(.*)</script>", Graph(PRODUCT).html(), re.DOTALL).groups()  # type: ignore[union-attr]
    page.evaluate(script)
    page.evaluate(
        "html => { const d = document.createElement('div'); d.innerHTML = html; document.body.append(d); }", element
    )
    page.wait_for_selector(".cg[data-live]")
    page.close()


@pytest.mark.parametrize("chapter", GRAPHS_OF)
def test_the_graphs_of_the_book_move_nothing_when_they_come_to_life(
    browser: Browser, address: str, chapter: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    still, live = context.new_page(), browser.new_page()
    heights = []
    for page in (still, live):
        page.goto(f"{address}/book/{chapter}.html", wait_until="load")
        heights.append([picture.bounding_box()["height"] for picture in page.locator("svg.cg-wide").all()])  # type: ignore[index]
    assert heights[0] == heights[1] != []
    assert all(figure.locator("figcaption").count() for figure in live.locator("figure:has(.cg)").all())
    context.close()
    live.close()


def test_the_book_has_the_graphs_that_teach(site: Path) -> None:
    pages = {path.stem: path.read_text("utf-8") for path in (site / "book").glob("[0-9][0-9]_*.html")}
    counts = {name: text.count('class="cg"') for name, text in pages.items()}
    assert {name: count for name, count in counts.items() if count} == GRAPHS_OF
