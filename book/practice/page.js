// Practice on the page of a lab: an editor for each exercise, its check, what is done, and the lab to take along.
// Nothing of Python is fetched before somebody asks for a check.

import { Answers } from "./answers.js";
import { button, element, fill } from "./elements.js";
import { Exercise } from "./exercise.js";
import { withAnswers } from "./notebook.js";
import { Python } from "./python.js";

const PARTS = new URL("./", document.currentScript.src);
const SIGNS = { done: ["✓", "done"], wrong: ["✗", "not right yet"], changed: ["~", "changed since its check"], open: ["–", "open"] };

class Lab {
  constructor(panel) {
    this.panel = panel;
    this.name = panel.dataset.lab;
    this.python = new Python(new URL(`worker.js?v=${panel.dataset.version}`, PARTS));
    this.answers = new Answers(this.name, (trouble) => this.onStorage(trouble));
    this.build();
    const places = document.querySelectorAll("[data-exercise]");
    this.exercises = [...places].map((place) => new Exercise(place, this));
    this.showProgress();
    this.showSize();
  }

  build() {
    this.size = element("span");
    this.done = element("p", { class: "practice-done" });
    this.list = element("ul", { class: "practice-list" });
    this.storage = element("p", { hidden: true }, [
      "This browser keeps nothing for this page (its storage is full or switched off): download the lab before you leave.",
    ]);
    this.status = element("p", { role: "status", class: "practice-heard" });
    this.downloaded = element("span", { role: "status" });
    fill(this.panel, [
      element("p", {}, [
        element("strong", {}, ["Or answer here."]),
        " Type under each exercise and press Check. Your answers stay in this browser. ",
        this.size,
      ]),
      this.done,
      this.list,
      element("p", {}, [
        button("Download this lab with my answers", () => this.download(), { "data-action": "download" }),
        " ",
        this.downloaded,
      ]),
      this.storage,
      this.status,
    ]);
    this.panel.hidden = false;
  }

  // The lab as it was given, as text; fetched once, when it is needed.
  async notebook() {
    this.text ??= await this.#fetched(this.panel.dataset.notebook, { cache: "no-cache" });
    return this.text;
  }

  async #fetched(address, options) {
    const answer = await fetch(address, options);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.text();
  }

  // What is answered so far, by exercise: everything that is no longer as it was given.
  answered() {
    const written = this.exercises.filter((exercise) => exercise.isWritten);
    return Object.fromEntries(written.map((exercise) => [exercise.name, exercise.source]));
  }

  async download() {
    try {
      const text = withAnswers(await this.notebook(), this.answered());
      const link = element("a", { download: `${this.name}.ipynb` });
      link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" }));
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      const count = Object.keys(this.answered()).length;
      this.downloaded.textContent = `${count} of ${this.exercises.length} answers are in it.`;
    } catch {
      this.downloaded.textContent = "The lab could not be fetched: is the page open from a server, and is that reachable?";
    }
  }

  showProgress() {
    const count = this.exercises.filter(({ state }) => state === "done").length;
    const { elsewhere } = this.panel.dataset;
    const others = elsewhere ? ` here; in PyTorch, for the notebook: ${elsewhere}` : "";
    this.done.textContent = `${count} of ${this.exercises.length} exercises done${others}`;
    fill(
      this.list,
      this.exercises.map(({ name, state, anchor }) => {
        const [sign, meaning] = SIGNS[state];
        const mark = element("span", { role: "img", "aria-label": meaning, title: meaning }, [sign]);
        return element("li", { "data-state": state }, [mark, " ", element("a", { href: `#${anchor}` }, [name])]);
      }),
    );
  }

  async showSize() {
    try {
      const { bytes } = JSON.parse(await this.#fetched(new URL("manifest.json", PARTS), { cache: "no-cache" }));
      this.bytes = bytes;
    } catch {
      this.bytes = 0;
    }
    const much = this.bytes ? `${Math.round(this.bytes / 1e6)} MB` : "some megabytes";
    this.size.textContent = `The first check loads Python (${much}); later ones, and later visits, have it.`;
    for (const exercise of this.exercises) exercise.showSize(`The first check loads Python, ${much}.`);
  }

  onStorage(trouble) {
    this.storage.hidden = !trouble;
  }

  // Have a screen reader say it.
  tell(text) {
    this.status.textContent = text;
  }
}

for (const panel of document.querySelectorAll("[data-lab]")) new Lab(panel);
