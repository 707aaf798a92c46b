"""Sets the entries of the catalogue of mistakes as MyST, and draws the runs that still learn."""

import re
from collections.abc import Collection, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from autograder import exercises
from autograder.diagnosis.catalogue import CATALOGUE, Mistake
from autograder.palette import SLOTS
from figures import mistakes_training as runs
from figures.style import INK, MUTED, WIDTH

VERDICTS = ("learns as well", "learns more slowly", "gets stuck", "diverges")


def group(key: str) -> str:
    """Return the entries of one group, in the order of the catalogue."""
    return "\n\n".join(entry(mistake) for mistake in CATALOGUE.values() if mistake.group == key)


def entry(mistake: Mistake) -> str:
    """Return one mistake: its target, its sentence with the slot it concerns, and what there is to say about it."""
    slot = f" [{SLOTS[mistake.slot].name}]{{.slot-{mistake.slot}}}" if mistake.slot else ""
    fields = {
        "wrong": formula(mistake.wrong),
        "right": formula(mistake.right),
        "tempting": escaped(mistake.tempting),
        "notice": escaped(mistake.notice),
        **_effect(mistake.id),
        "named in": _named_in(mistake.id, mistake.exercises),
    }
    lines = [f":{name}: {text}" for name, text in fields.items() if text]
    return "\n".join([f"(mistake-{mistake.id})=", "{.mistake}", f"**{formula(mistake.sentence)}**{slot}", "", *lines])


def escaped(text: str) -> str:
    """Escape what MyST would read as markup; `code` stays."""
    return re.sub(r"([\\*_\[\]<>|$~{}])", r"\\\1", text)


def formula(text: str) -> str:
    """Escape a formula and set its one- and two-letter indices low: W_jk."""
    pieces = re.split(r"(?<=\w)_([a-z]{1,2}|[0-9])\b", text)
    return "".join(f"{{sub}}`{piece}`" if i % 2 else escaped(piece) for i, piece in enumerate(pieces))


def _named_in(mistake: str, others: Collection[str]) -> str:
    """Return the exercises whose check names the mistake, each linked to the section it practises."""
    formulas = {
        name for name, exercise in exercises().items() if mistake in {suspect.mistake for suspect in exercise.suspects}
    }
    named = [exercise for name, exercise in exercises().items() if name in formulas or name in others]
    return ", ".join(f"[`{exercise.name}`](#{exercise.section.anchor})" for exercise in named)


def _effect(mistake: str) -> dict[str, str]:
    """Return what the mistake does to training, else how wrong its answer is."""
    if mistake in runs.outcomes():
        return {"training": "; ".join(_told(outcome) for outcome in runs.outcomes()[mistake])}
    found = runs.measured(mistake)
    return {"error": _size(found)} if found else {}


def _told(outcome: runs.Outcome) -> str:
    loss = "loss below 0.001" if outcome.loss < 0.001 else f"loss {outcome.loss:.2g}"
    if not outcome.loss < 1000:
        loss = "loss beyond 1000"
    right = "" if np.isnan(outcome.accuracy) else f", {outcome.accuracy:.0%} right"
    return f"{outcome.problem}: **{outcome.verdict}**, {loss}{right}"


def _size(found: runs.Measured) -> str:
    where = f"in `{found.exercise}`"
    if np.isnan(found.error):
        return f"another shape, {where}"
    if np.isinf(found.error):
        return f"NaN or infinity, {where}"
    digits = f"{found.error:.2f}" if found.error >= 0.01 else f"{found.error:.0e}".replace("e-0", "e-")
    return f"{digits} times the largest right entry, {where}"


def summary() -> str:
    """Return the table of how many mistakes came to what, by problem."""
    rows = [f"| problem | tried | {' | '.join(VERDICTS)} |", "|---|--:|" + "--:|" * len(VERDICTS)]
    for problem in runs.problems():
        found = [outcome.verdict for outcome in all_outcomes() if outcome.problem == problem.name]
        rows.append(f"| {problem.name} | {len(found)} | {' | '.join(str(found.count(word)) for word in VERDICTS)} |")
    return "\n".join(rows)


def all_outcomes() -> list[runs.Outcome]:
    return [outcome for outcomes in runs.outcomes().values() for outcome in outcomes]


def still_learning() -> list[str]:
    """Return the mistakes with which some network learned as well as without, or only more slowly."""
    return [
        mistake
        for mistake, outcomes in runs.outcomes().items()
        if any(outcome.verdict in VERDICTS[:2] for outcome in outcomes)
    ]


def draw_runs(problem: str, labels: Mapping[str, str]) -> Figure:
    """Draw the loss of the first start of each mistake in `labels` beside that of the right gradient.

    A curve has the colour of the slot that its mistake concerns.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 2.7))
    shown = {
        mistake: outcome for mistake in labels for outcome in runs.outcomes()[mistake] if outcome.problem == problem
    }
    right = next(iter(shown.values())).right[0].losses
    ax.plot(runs.EVERY * np.arange(len(right)), right, color=INK, lw=2.2, label="right gradient")
    styles = ("--", "-.", ":", (0, (1, 1, 4, 1)))
    for (mistake, outcome), style in zip(shown.items(), styles, strict=True):
        losses, slot = outcome.runs[0].losses, CATALOGUE[mistake].slot
        colour = SLOTS[slot].light if slot else MUTED
        ax.plot(runs.EVERY * np.arange(len(losses)), losses, color=colour, ls=style, label=labels[mistake])
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    figure.legend(loc="outside upper left", ncols=2, fontsize=8)
    return figure
