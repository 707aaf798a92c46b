/* Steps through the computation graphs of a page: forward, backward, with other inputs, and predicting.
 * Everything to see is in the page already; this script hides, shows and recomputes it. */
(() => {
  "use strict";

  // --- numbers, rounded and written as labels.py does

  const LARGE = 1e6;

  function write(value, digits) {
    const size = Math.abs(value);
    const lost = size > 0 && size < 10 ** -digits / 2;
    let text = lost || size >= LARGE ? size.toExponential(2) : size.toFixed(digits);
    text = text.replace(/(\.\d*?)0+(?=$|e)/, "$1").replace(/\.(?=$|e)/, "").replace("e+", "e").replace("-", "−");
    return (value < 0 && text !== "0" ? "−" : "") + text;
  }

  // --- the operations, with their slopes, as in expressions.py

  const sigmoid = (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)));
  const softmax = (...a) => {
    const largest = Math.max(...a);
    const powers = a.map((each) => Math.exp(each - largest));
    const total = powers.reduce((sum, each) => sum + each, 0);
    return powers.map((each) => each / total);
  };
  const logsumexp = (...a) => {
    const largest = Math.max(...a);
    return largest + Math.log(a.reduce((sum, each) => sum + Math.exp(each - largest), 0));
  };

  const OPERATIONS = {
    "+": [(a, b) => a + b, () => [1, 1]],
    "-": [(a, b) => a - b, () => [1, -1]],
    "*": [(a, b) => a * b, (a, b) => [b, a]],
    "/": [(a, b) => a / b, (a, b) => [1 / b, -a / (b * b)]],
    "**": [(a, b) => a ** b, (a, b) => [b ? b * a ** (b - 1) : 0, a > 0 ? a ** b * Math.log(a) : NaN]],
    negative: [(a) => -a, () => [-1]],
    exp: [Math.exp, (a) => [Math.exp(a)]],
    log: [Math.log, (a) => [1 / a]],
    sigmoid: [sigmoid, (a) => [sigmoid(a) * sigmoid(-a)]],
    tanh: [Math.tanh, (a) => [1 - Math.tanh(a) ** 2]],
    relu: [(a) => Math.max(a, 0), (a) => [a > 0 ? 1 : 0]],
    leaky_relu: [(a, s) => (a > 0 ? a : s * a), (a, s) => [a > 0 ? 1 : s, Math.min(a, 0)]],
    logsumexp: [logsumexp, softmax],
  };

  function evaluate(expression, values) {
    const [kind, ...operands] = expression;
    if (kind === "number") return { value: operands[0], slopes: new Map() };
    if (kind === "name") return { value: values.get(operands[0]), slopes: new Map([[operands[0], 1]]) };
    const inner = operands.map((operand) => evaluate(operand, values));
    const [value, slopesOf] = OPERATIONS[kind];
    const partials = slopesOf(...inner.map((each) => each.value));
    const slopes = new Map();
    inner.forEach((each, index) => {
      for (const [name, slope] of each.slopes) slopes.set(name, (slopes.get(name) ?? 0) + partials[index] * slope);
    });
    return { value: value(...inner.map((each) => each.value)), slopes };
  }

  // --- one computation

  class Computation {
    constructor(facts) {
      Object.assign(this, facts);
      this.byName = new Map(this.nodes.map((node) => [node.name, node]));
      this.root = this.nodes[this.nodes.length - 1];
      this.original = this.nodes.map((node) => ({ value: node.value, gradient: node.gradient, edges: node.edges }));
      this.originalUpstream = this.upstream;
    }

    /** Compute everything from the leaves; returns false and changes nothing when a number is not finite. */
    compute(leaves, upstream) {
      const values = new Map();
      const edges = new Map();
      for (const node of this.nodes) {
        if (!node.edges) {
          values.set(node.name, leaves.get(node.name));
          continue;
        }
        const { value, slopes } = evaluate(node.expression, values);
        values.set(node.name, value);
        edges.set(node.name, [...slopes].filter(([name]) => this.byName.get(name).kind !== "constant"));
      }
      const gradients = new Map(this.nodes.map((node) => [node.name, node === this.root ? upstream : 0]));
      for (const node of [...this.nodes].reverse()) {
        for (const [start, slope] of edges.get(node.name) ?? [])
          gradients.set(start, gradients.get(start) + gradients.get(node.name) * slope);
      }
      const all = [...values.values(), ...gradients.values(), ...[...edges.values()].flat().map(([, slope]) => slope)];
      if (!all.every(Number.isFinite)) return false;
      this.upstream = upstream;
      for (const node of this.nodes) {
        node.value = values.get(node.name);
        node.gradient = gradients.get(node.name);
        if (node.edges) node.edges = edges.get(node.name);
      }
      return true;
    }

    restore() {
      this.upstream = this.originalUpstream;
      this.nodes.forEach((node, index) => Object.assign(node, this.original[index]));
    }

    /** The edges out of a node: what arrives at it on the way back. */
    arriving(node) {
      return this.nodes.flatMap((consumer) =>
        (consumer.edges ?? [])
          .filter(([start]) => start === node.name)
          .map(([, slope]) => ({ consumer, slope, upstream: consumer.gradient })));
    }

    /** One step a node: forward in the order of computation, then backward, consumers first. */
    steps() {
      const forward = this.nodes.filter((node) => node.edges).map((node) => ({ kind: "forward", node }));
      const backward = [];
      for (const node of [...this.nodes].reverse()) {
        if (node.drawn && node.kind !== "constant") backward.push({ kind: node === this.root ? "seed" : "backward", node });
        const listed = (node.edges ?? []).map(([name]) => this.byName.get(name)).filter((leaf) => !leaf.drawn);
        if (listed.length) backward.push({ kind: "listed", node, listed });
      }
      return [...forward, ...backward];
    }

    isCutOff(node) {
      const drawn = (node.edges ?? []).filter(([name]) => this.byName.get(name).drawn);
      return drawn.length > 0 && drawn.every(([, slope]) => slope === 0);
    }
  }

  // --- what a wrong prediction was

  function subsets(items) {
    return items.reduce((found, item) => [...found, ...found.map((set) => [...set, item])], [[]]);
  }

  function sum(numbers) {
    return numbers.reduce((total, each) => total + each, 0);
  }

  /** Slopes that people write for the operation that made the consumer, when it is not its own. */
  function wrongSlopes({ consumer }, node) {
    const [kind, operand, other] = consumer.expression ?? [];
    const plain = operand?.[0] === "name" && operand[1] === node.name;
    if (!plain) return [];
    const O = consumer.value;
    const net = node.value;
    if (kind === "sigmoid")
      return [
        [O, `the slope of σ is O(1 − O), not O alone`],
        [1 - O, `the slope of σ is O(1 − O), not 1 − O alone`],
        [net * (1 - net), `O(1 − O) has to be taken at the output of σ, not at its input`],
        [O * (1 + O), `the slope of σ is O(1 − O): mind the sign`],
      ];
    if (kind === "tanh")
      return [
        [1 - net * net, `1 − O² has to be taken at the output of tanh, not at its input`],
        [1 - O, `the slope of tanh is 1 − O²: the square is missing`],
        [1 + O * O, `the slope of tanh is 1 − O²: mind the sign`],
      ];
    if (kind === "**" && other?.[0] === "number")
      return [
        [net ** (other[1] - 1), `the exponent is missing as a factor of the slope`],
        [O, `the slope of a power is not the power itself`],
      ];
    if (kind === "leaky_relu" || kind === "relu")
      return [[O, `the slope of LeakyReLU is a constant on each side, not its output`],
        [net > 0 ? 0 : 1, `that is the slope of the other side of the kink`]];
    return [];
  }

  /** Name what was done instead, by the numbers; an empty list when nothing fits. `known` have shown their gradient. */
  function diagnose(computation, node, answer, known) {
    const paths = computation.arriving(node);
    const right = node.gradient;
    const terms = paths.map(({ upstream, slope }) => upstream * slope);
    const same = (value) => Number.isFinite(value) && Math.abs(answer - value) <= 2e-3 * Math.abs(value) + 1e-9;
    const several = paths.length > 1;
    const found = [];
    const say = (value, message) => same(value) && !found.includes(message) && found.push(message);

    say(-right, "the size is right, the sign is not");
    for (const set of subsets(paths.map((_, index) => index))) {
      if (!several || !set.length || set.length === paths.length) continue;
      const missing = paths.filter((_, index) => !set.includes(index)).map(({ consumer }) => consumer.label);
      say(sum(set.map((index) => terms[index])), `the path through ${missing.join(" and ")} is missing: paths are added`);
      say(sum(terms.map((term, index) => (set.includes(index) ? -term : term))),
        `the sign of the path through ${set.map((index) => paths[index].consumer.label).join(" and ")} is wrong`);
    }
    say(sum(paths.map(({ slope }) => slope)), "the upstream gradient is missing: that is the local slope alone");
    say(sum(paths.map(({ upstream }) => upstream)), "the local slope is missing: that is the upstream gradient alone");
    if (several) {
      say(sum(terms) / terms.length, "that is the mean of the paths: they are added, not averaged");
      say(terms.reduce((product, each) => product * each, 1), "the paths are multiplied: they are added");
      paths.forEach((path, index) => {
        const others = sum(terms.filter((_, other) => other !== index));
        say(others + path.slope, `the upstream gradient is missing on the path through ${path.consumer.label}`);
        say(others + path.upstream, `the local slope is missing on the path through ${path.consumer.label}`);
      });
    }
    paths.forEach((path, index) => {
      const others = sum(terms.filter((_, other) => other !== index));
      for (const [slope, message] of wrongSlopes(path, node)) say(others + path.upstream * slope, message);
    });
    say(node.value, "that is the value of the node, not its gradient");
    say(sum(paths.map(({ upstream }) => upstream * node.value)),
      "multiplied by the node's own value: the local slope of a product is the other factor");
    say(sum(paths.map(({ upstream, slope }) => upstream / slope)), "divided by the local slope: it is a factor");
    if (!several) say(paths[0].upstream + paths[0].slope, "upstream gradient and local slope are added: multiply them");
    say(2 * right, "twice as large as it is");
    say(right / 2, "half as large as it is");
    if (!found.length) for (const other of known) say(other.gradient, `that is the gradient at ${other.label}`);
    return found.slice(0, 2);
  }

  /** Read a number or a product, sum or quotient of numbers; NaN for anything else. */
  function readAnswer(text) {
    const pieces = text.replaceAll("−", "-").replace(/[·×]/g, "*").replace(/,/g, ".").match(/(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|\S/gi) ?? [];
    let at = 0;
    const factor = () => {
      const piece = pieces[at++];
      if (piece === "-") return -factor();
      if (piece === "+") return factor();
      if (piece === "(") {
        const inner = total();
        return pieces[at++] === ")" ? inner : NaN;
      }
      return piece === undefined ? NaN : Number(piece);
    };
    const chain = (next, apply) => {
      let value = next();
      while (apply[pieces[at]]) value = apply[pieces[at++]](value, next());
      return value;
    };
    const product = () => chain(factor, { "*": (a, b) => a * b, "/": (a, b) => a / b });
    const total = () => chain(product, { "+": (a, b) => a + b, "-": (a, b) => a - b });
    const value = total();
    return at === pieces.length ? value : NaN;
  }

  /** Right is: the number itself, or rounded as it was typed with at least two digits that count. */
  function isRight(answer, text, right) {
    const near = Math.abs(answer - right) <= 1e-3 * Math.abs(right) + 1e-12;
    const typed = text.trim().replace(",", ".").replace("−", "-").match(/^-?\d*\.?(\d*)$/);
    if (near || !typed) return near;
    const counting = text.replace(/\D/g, "").replace(/^0+/, "").length;
    return counting >= 2 && Math.abs(answer - right) <= 0.5000001 * 10 ** -typed[1].length && Math.abs(answer - right) < 0.05 * Math.abs(right);
  }

  // --- the picture and what is below it

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  class Stepper {
    constructor(element) {
      this.element = element;
      this.computation = new Computation(JSON.parse(element.querySelector(".cg-facts").textContent));
      this.steps = this.computation.steps();
      this.firstBackward = this.steps.findIndex((step) => step.kind === "seed");
      this.done = this.steps.length; // how many steps are shown
      this.atOnce = true; // all of them, without having walked there
      this.asking = false;
      this.message = null;
      this.asked = new Map(); // step to whether it was right at the first try
      this.collect();
      this.listen();
      this.render();
    }

    collect() {
      const find = (selector) => [...this.element.querySelectorAll(selector)];
      this.nodeParts = new Map();
      for (const part of find("[data-node]")) {
        const name = part.dataset.node;
        this.nodeParts.set(name, [...(this.nodeParts.get(name) ?? []), part]);
      }
      this.edgeParts = new Map();
      for (const part of find("[data-edge]")) {
        const name = part.dataset.edge;
        this.edgeParts.set(name, [...(this.edgeParts.get(name) ?? []), part]);
      }
      this.rows = new Map(find("[data-row]").map((row) => [row.dataset.row, row.cells]));
      this.gradients = new Map(find("[data-gradient]").map((cell) => [cell.dataset.gradient, cell]));
      this.inputs = find("input[data-leaf]");
      this.step = this.element.querySelector(".cg-step");
      this.say = this.element.querySelector(".cg-say");
      this.ask = this.element.querySelector(".cg-ask");
      this.answer = this.element.querySelector(".cg-answer");
      this.predict = this.element.querySelector(".cg-predict");
      this.buttons = Object.fromEntries(find("button[data-do]").map((button) => [button.dataset.do, button]));
    }

    listen() {
      const act = {
        start: () => this.go(0), back: () => this.go(this.done - 1), next: () => this.next(),
        all: () => this.go(this.steps.length, true), reset: () => this.reset(), show: () => this.show(),
      };
      for (const [name, button] of Object.entries(this.buttons))
        button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act[name]());
      this.ask.addEventListener("submit", (event) => {
        event.preventDefault();
        this.judge();
      });
      this.answer.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault(); // JupyterLab keeps Enter from submitting a form
        event.stopPropagation();
        this.judge();
      });
      this.predict.addEventListener("change", () => this.startPredicting());
      for (const input of this.inputs) input.addEventListener("input", () => this.edit());
      this.element.addEventListener("keydown", (event) => {
        if (event.target.closest("input, summary, .cg-scroll") && event.target.type !== "checkbox") return;
        const move = { ArrowRight: act.next, ArrowLeft: act.back }[event.key];
        if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation(); // the book's theme turns pages with these keys
        move();
      });
    }

    // --- moving

    go(done, atOnce = false) {
      this.atOnce = atOnce;
      this.asking = false;
      this.message = null;
      this.done = Math.max(0, Math.min(this.steps.length, done));
      this.render();
    }

    next() {
      const step = this.steps[this.done];
      if (!step || this.asking) return;
      if (this.predict.checked && step.kind === "backward") {
        this.asking = true;
        this.message = null;
        this.answer.value = "";
        this.render();
        this.answer.focus();
      } else this.go(this.done + 1);
    }

    startPredicting() {
      if (this.predict.checked) {
        this.asked.clear();
        if (this.done === this.steps.length) this.done = this.firstBackward + 1;
      }
      this.go(this.done, this.atOnce && this.done === this.steps.length);
    }

    judge() {
      const { node } = this.steps[this.done];
      const text = this.answer.value;
      const answer = readAnswer(text);
      if (!Number.isFinite(answer)) {
        this.message = "Type a number, or a product or sum of numbers such as −2·0.5.";
      } else if (isRight(answer, text, node.gradient)) {
        if (!this.asked.has(this.done)) this.asked.set(this.done, true);
        this.reveal("Right. ");
        return;
      } else {
        this.asked.set(this.done, false);
        const close = Math.abs(answer - node.gradient) < 0.05 * Math.abs(node.gradient);
        const found = diagnose(this.computation, node, answer, this.steps.slice(this.firstBackward, this.done).map((step) => step.node));
        this.message = close ? "Close. Give one digit more."
          : `${this.write(answer)} is not it: ${found.length ? found.join(", or ") : this.hint(node)}.`;
      }
      this.render();
      this.answer.select();
    }

    hint(node) {
      const paths = this.computation.arriving(node);
      return `multiply the upstream gradient by the local slope${paths.length > 1 ? `, on each of the ${paths.length} paths, and add` : ""}`;
    }

    show() {
      this.asked.set(this.done, false);
      this.reveal("");
    }

    reveal(message) {
      this.asking = false;
      this.message = message;
      this.done += 1;
      this.render();
      this.buttons[this.done === this.steps.length ? "start" : "next"].focus();
    }

    // --- other numbers

    edit() {
      const leaves = new Map();
      let upstream = this.computation.upstream;
      let wrong = null;
      for (const input of this.inputs) {
        const missing = input.value.trim() === "" || !Number.isFinite(input.valueAsNumber);
        input.setAttribute("aria-invalid", missing);
        if (missing) wrong = input;
        if (input.dataset.leaf === "") upstream = input.valueAsNumber;
        else leaves.set(input.dataset.leaf, input.valueAsNumber);
      }
      for (const node of this.computation.nodes)
        if (!node.edges && !leaves.has(node.name)) leaves.set(node.name, node.value);
      this.message = null;
      if (wrong) this.message = `${wrong.dataset.label} needs a number; until then the picture keeps the last one. `;
      else if (!this.computation.compute(leaves, upstream))
        this.message = "With these numbers not everything has a finite value; the picture keeps the last ones. ";
      this.asked.clear();
      this.render();
    }

    reset() {
      this.computation.restore();
      for (const input of this.inputs) {
        input.value = input.defaultValue;
        input.removeAttribute("aria-invalid");
      }
      this.message = null;
      this.asked.clear();
      this.render();
    }

    // --- showing

    write(value) {
      return write(value, this.computation.digits);
    }

    render() {
      const { computation } = this;
      const shown = this.steps.slice(0, this.done);
      const valued = new Set(shown.filter((step) => step.kind === "forward").map((step) => step.node.name));
      const graded = new Set(shown.flatMap((step) =>
        step.kind === "forward" ? [] : step.kind === "listed" ? step.listed.map((leaf) => leaf.name) : [step.node.name]));
      for (const node of computation.nodes) this.renderNode(node, !node.edges || valued.has(node.name), graded.has(node.name));
      for (const end of computation.nodes)
        for (const [start, slope] of end.edges ?? []) this.renderEdge(start, end, slope, valued.has(end.name), graded.has(start));
      this.highlight();
      this.explain();
      this.renderButtons();
    }

    renderNode(node, hasValue, hasGradient) {
      const { computation } = this;
      const dead = node.gradient === 0 && node !== computation.root && hasGradient;
      for (const part of this.nodeParts.get(node.name) ?? []) {
        const [value, gradient] = [part.querySelector(".cg-value"), part.querySelector(".cg-upstream")];
        value.textContent = this.write(node.value);
        gradient.textContent = this.write(node.gradient);
        value.classList.toggle("cg-off", !hasValue);
        gradient.classList.toggle("cg-off", !hasGradient);
        part.classList.toggle("cg-dead", dead);
        part.classList.toggle("cg-cut", hasValue && computation.isCutOff(node));
      }
      const cells = this.rows.get(node.name);
      if (cells) {
        cells[2].textContent = hasValue ? this.write(node.value) : "?";
        if (node.kind !== "constant") cells[3].textContent = hasGradient ? this.write(node.gradient) : "?";
      }
      const own = this.gradients.get(node.name);
      if (own) own.textContent = hasGradient ? this.write(node.gradient) : "?";
    }

    renderEdge(start, end, slope, hasSlope, hasGradient) {
      const from = this.computation.byName.get(start);
      for (const part of this.edgeParts.get(`${start} ${end.name}`) ?? []) {
        const [text, back, forward] = [".cg-number", ".cg-back", ".cg-forward"].map((name) => part.querySelector(name));
        text.textContent = this.write(slope);
        text.classList.toggle("cg-off", !hasSlope);
        back.classList.toggle("cg-off", !hasGradient);
        back.classList.toggle("cg-dead", slope === 0 || end.gradient === 0);
        forward.classList.toggle("cg-dead", hasSlope && (slope === 0 || this.computation.isCutOff(from)));
      }
    }

    highlight() {
      for (const part of this.element.querySelectorAll(".cg-now")) part.classList.remove("cg-now");
      const step = this.asking ? this.steps[this.done] : this.steps[this.done - 1];
      if (!step || this.atOnce) return;
      const mark = (parts) => (parts ?? []).forEach((part) => part.classList.add("cg-now"));
      mark(this.nodeParts.get(step.node.name));
      if (step.kind === "forward") for (const [start] of step.node.edges) mark(this.edgeParts.get(`${start} ${step.node.name}`));
      if (step.kind === "backward")
        for (const { consumer } of this.computation.arriving(step.node)) mark(this.edgeParts.get(`${step.node.name} ${consumer.name}`));
    }

    explain() {
      const lines = this.asking ? this.question() : this.account();
      this.say.replaceChildren(...lines.map((pieces) => {
        const line = make("p");
        line.append(...pieces);
        return line;
      }));
      this.ask.hidden = !this.asking;
    }

    d(node) {
      return `∂${this.computation.loss}/∂${node.label}`;
    }

    question() {
      const { node } = this.steps[this.done];
      this.ask.querySelector(".cg-asked").textContent = `${this.d(node)} =`;
      const names = this.computation.arriving(node).map(({ consumer }) => consumer.label);
      return [
        [`What is ${this.d(node)}? ${node.label} goes into ${names.join(" and ")}.`],
        ...(this.message ? [[make("strong", "", this.message)]] : []),
      ];
    }

    account() {
      const step = this.steps[this.done - 1];
      const before = this.message ? [make("strong", "", this.message)] : [];
      if (!step) return [[...before, "The inputs are given. Next computes the first node from them."]];
      if (this.atOnce)
        return [[...before, "All values and gradients are shown. Start over to go through them one node at a time."]];
      const lines = {
        forward: () => this.forwardLines(step.node), seed: () => this.seedLines(step.node),
        backward: () => this.backwardLines(step.node), listed: () => this.listedLines(step),
      }[step.kind]();
      lines[0].unshift(...before);
      lines.push([make("small", "", `Step ${this.done} of ${this.steps.length}${this.score()}`)]);
      return lines;
    }

    score() {
      const tried = [...this.asked.values()];
      return tried.length ? `; right at the first try: ${tried.filter(Boolean).length} of ${tried.length}` : "";
    }

    /** The formula in labels and in numbers; without a known operation, the value alone. */
    forwardLines(node) {
      const { byName } = this.computation;
      if (!node.formula) return [[`Forward: ${node.label} = ${this.write(node.value)}.`]];
      const set = (how) => node.formula.map((piece) => (piece.name ? how(byName.get(piece.name)) : piece)).join("");
      const bracketed = (other) => (other.value < 0 ? `(${this.write(other.value)})` : this.write(other.value));
      const numbers = node.formula.length > 1 ? `${set(bracketed)} = ` : "";
      return [[`Forward: ${node.label} = ${set((other) => other.label)} = ${numbers}${this.write(node.value)}.`]];
    }

    seedLines(node) {
      const written = make("span", "cg-key-up", this.write(this.computation.upstream));
      return this.computation.given
        ? [["The ", make("span", "cg-key-up", "upstream gradient"), ` ${this.d(node)} = `, written, " arrives from what is computed above."]]
        : [["The backward pass begins at the end: ", `${this.d(node)} = `, written, "."]];
    }

    factor(className, value) {
      return make("span", className, value < 0 ? `(${this.write(value)})` : this.write(value));
    }

    /** The sum over the paths, in symbols and in numbers. */
    sumOver(node) {
      const paths = this.computation.arriving(node);
      const slot = node.kind === "parameter" ? "cg-key-input" : "cg-key-slope";
      const symbols = [];
      const numbers = [];
      paths.forEach(({ consumer, upstream, slope }, index) => {
        const plus = index ? [" + "] : [];
        symbols.push(...plus, make("span", "cg-key-up", this.d(consumer)), "·", make("span", slot, `∂${consumer.label}/∂${node.label}`));
        numbers.push(...plus, this.factor("cg-key-up", upstream), "·", this.factor(slot, slope));
      });
      return [`${this.d(node)} = `, ...symbols, " = ", ...numbers, ` = ${this.write(node.gradient)}`];
    }

    backwardLines(node) {
      const paths = this.computation.arriving(node);
      const stopped = paths.every(({ slope }) => slope === 0);
      const second = node.kind === "parameter" ? make("span", "cg-key-input", "input") : make("span", "cg-key-slope", "local slope");
      const words = ["On each edge the ", make("span", "cg-key-up", "upstream gradient"), " times the ", second];
      if (paths.length > 1) words.push(`; the ${paths.length} paths are added`);
      else words[0] = "The ";
      return [this.sumOver(node), stopped ? ["The local slope is 0: nothing gets through."] : [...words, "."]];
    }

    listedLines({ node, listed }) {
      const words = [`What is listed below for ${node.label}: `, make("span", "cg-key-up", this.d(node)), " times the ",
        make("span", "cg-key-input", "input"), " that each weight met, which is 1 for a bias."];
      return [words, ...listed.map((leaf) => this.sumOver(leaf))];
    }

    renderButtons() {
      const disable = (name, off) => this.buttons[name]?.setAttribute("aria-disabled", off);
      disable("start", this.done === 0 && !this.asking);
      disable("back", this.done === 0 && !this.asking);
      disable("next", this.done === this.steps.length || this.asking);
      disable("all", this.done === this.steps.length);
      disable("reset", this.inputs.every((input) => input.value === input.defaultValue));
    }
  }

  // --- starting

  function start() {
    if (document.readyState === "loading") return;
    for (const element of document.querySelectorAll(".cg:not([data-live])")) {
      element.dataset.live = "";
      element.stepper = new Stepper(element);
    }
  }

  document.addEventListener("DOMContentLoaded", start);
  start();
  // A notebook runs this before its output is in the document.
  let left = 60;
  const again = () => {
    start();
    if ((left -= 1)) requestAnimationFrame(again);
  };
  requestAnimationFrame(again);
})();
