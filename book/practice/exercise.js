// One exercise of a lab's page: the field, its buttons, and what the check says.

import { makeEditor } from "./editor.js";
import { button, element, fill } from "./elements.js";
import { Broken, NotHere } from "./python.js";

const SAVE_AFTER = 300; // milliseconds without a key
const ENDLESS = "The check was stopped: it took more than 10 seconds. Does every loop in it come to an end? Your answer is kept.";
const AS_A_FILE = "This page was opened as a file, and a browser runs Python only in a page that a server sends.";

export class Exercise {
  constructor(place, lab) {
    this.place = place;
    this.lab = lab;
    this.name = place.dataset.exercise;
    this.anchor = place.closest("section[id]")?.id ?? "";
    this.stub = place.querySelector("pre").textContent.replace(/\n+$/, "");
    this.kept = lab.answers.read(this.name, this.stub) ?? { source: this.stub };
    this.build();
    addEventListener("pagehide", () => this.save());
    lab.answers.onOtherPage(this.name, this.stub, (kept) => this.adopt(kept));
  }

  build() {
    const hint = `practice-keys-${this.name}`;
    this.field = element("div", { class: "practice-editor highlight" });
    this.checkButton = button("Check", () => this.check(), { "data-action": "check" });
    this.checkButton.classList.add("practice-check");
    this.backButton = button("Start over", () => this.startOverOrBack(), { "data-action": "start-over" });
    this.size = element("span", { class: "practice-size" });
    this.bar = element("progress", { max: 1, "aria-label": "Python is loading" });
    this.news = element("span");
    this.busy = element("p", { class: "practice-busy", hidden: true }, [this.bar, " ", this.news]);
    this.verdict = element("div", { "data-verdict": true, class: "practice-verdict" });
    this.since = element("p", { class: "practice-since" });
    const keys = "Tab indents. Esc, then Tab leaves the field. Shift+Enter checks.";
    this.place.append(
      element("div", { class: "practice-field" }, [
        this.field,
        element("div", { class: "practice-row" }, [
          this.checkButton,
          this.backButton,
          this.size,
          element("span", { class: "practice-keys", id: hint }, [keys]),
        ]),
        this.busy,
        this.verdict,
        this.since,
      ]),
    );
    this.editor = makeEditor({
      parent: this.field,
      source: this.kept.source,
      label: `Your answer: ${this.name}`,
      describedBy: hint,
      onChange: () => this.onChange(),
      onCheck: () => this.check(),
    });
    this.place.classList.add("practice-on");
    this.showBack();
    this.showOlder();
    this.showSince();
  }

  get source() {
    return this.editor.source;
  }

  get isWritten() {
    return this.source.trim() !== this.stub.trim();
  }

  get state() {
    const { points, most, checked } = this.kept;
    if (points === undefined || !this.isWritten) return "open";
    if (checked !== this.source) return "changed";
    return points === most ? "done" : "wrong";
  }

  showSize(text) {
    this.size.textContent = text;
  }

  onChange() {
    if (!this.isReplacing) this.showBack();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), SAVE_AFTER);
    this.showSince();
    this.lab.showProgress();
  }

  save() {
    clearTimeout(this.saving);
    if (this.kept.source === this.source) return;
    this.kept.source = this.source;
    this.keep();
  }

  keep() {
    const empty = !this.isWritten && this.kept.points === undefined;
    this.lab.answers.write(this.name, this.stub, empty ? null : this.kept);
  }

  // Another page of this browser has this lab open, too, and something was typed there.
  adopt(kept) {
    if (this.isChecking || this.field.contains(document.activeElement)) return;
    this.kept = kept ?? { source: this.stub };
    if (this.kept.source !== this.source) this.replace(this.kept.source);
    this.showSince();
    this.lab.showProgress();
  }

  // --- back to the stub, and from there to the answer again

  startOverOrBack() {
    const back = this.thrown;
    this.replace(back ?? this.stub, back === undefined ? this.source : undefined);
    this.lab.tell(back === undefined ? "The exercise is as it was given." : "Your answer is back.");
  }

  replace(source, thrown) {
    this.isReplacing = true;
    this.editor.source = source;
    this.isReplacing = false;
    this.showBack(thrown);
  }

  showBack(thrown) {
    this.thrown = thrown;
    this.backButton.textContent = thrown === undefined ? "Start over" : "Bring my answer back";
    this.backButton.disabled = thrown === undefined && !this.isWritten;
  }

  showOlder() {
    const older = this.kept.source === this.stub ? this.lab.answers.older(this.name, this.stub) : null;
    if (older === null) return;
    const use = button("Show it", () => {
      this.editor.source = older;
      note.remove();
    });
    const note = element("p", {}, ["This exercise has changed since you answered it. Your answer is kept. ", use]);
    this.field.before(note);
  }

  // --- the check

  async check() {
    if (this.isChecking) return;
    this.isChecking = true;
    this.checkButton.setAttribute("aria-disabled", "true");
    this.save();
    this.show(null);
    const { source } = this;
    try {
      this.showBusy("Waiting for the check before");
      const lab = await this.lab.notebook().catch(() => {
        throw new NotHere("the lab could not be fetched");
      });
      const question = { lab, answers: this.lab.answered(), exercise: this.name };
      const verdict = await this.lab.python.check(question, (news) => this.onNews(news));
      if (verdict) this.onVerdict(verdict, source);
      else this.show({ html: element("p", {}, [ENDLESS]), text: ENDLESS });
    } catch (error) {
      if (error instanceof Broken) this.showBroken(error);
      else this.showNotHere(error);
    }
    this.busy.hidden = true;
    this.isChecking = false;
    this.checkButton.removeAttribute("aria-disabled");
  }

  onNews({ kind, bytes = 0 }) {
    if (kind === "checking") {
      this.showBusy("Checking");
      for (const exercise of this.lab.exercises) exercise.showSize("");
    } else {
      const [now, all] = [bytes, this.lab.bytes].map((count) => (count / 1e6).toFixed(1));
      this.showBusy(`Loading Python: ${now}${this.lab.bytes ? ` of ${all}` : ""} MB`);
      if (this.lab.bytes) this.bar.value = Math.min(bytes / this.lab.bytes, 1);
    }
  }

  showBusy(news) {
    if (this.busy.hidden) {
      this.bar.removeAttribute("value");
      this.lab.tell("The check has begun.");
    }
    this.busy.hidden = false;
    this.news.textContent = news;
  }

  onVerdict({ points, max_points: most, html, text }, source) {
    Object.assign(this.kept, { points, most, checked: source });
    this.keep();
    const report = element("div");
    report.innerHTML = html;
    this.show({ html: report, text, points, most });
    this.lab.showProgress();
  }

  show(verdict) {
    for (const name of ["data-points", "data-max-points", "data-right"]) this.verdict.removeAttribute(name);
    fill(this.verdict, verdict ? [verdict.html] : []);
    if (verdict?.most !== undefined) {
      this.verdict.setAttribute("data-points", verdict.points);
      this.verdict.setAttribute("data-max-points", verdict.most);
      this.verdict.toggleAttribute("data-right", verdict.points === verdict.most);
    }
    if (verdict) this.lab.tell(verdict.text);
    this.showSince();
  }

  showSince() {
    const { points, most, checked } = this.kept;
    const changed = checked !== this.source;
    if (points === undefined || !this.isWritten || this.isChecking) this.since.textContent = "";
    else if (changed) this.since.textContent = "Changed since it was checked.";
    else if (this.verdict.firstChild) this.since.textContent = "";
    else this.since.textContent = `Checked before: ${points} of ${most} points.`;
  }

  showBroken(error) {
    const told = `Python broke off during the check (${error.message}). Your answer is kept: mend it, or check again.`;
    this.show({ html: element("p", {}, [told]), text: told });
  }

  showNotHere(error) {
    const reason = location.protocol === "file:" ? AS_A_FILE : `Python could not be started here (${error.message}).`;
    const instead = "Your answer is kept. Download the lab with your answers, and check it in a notebook: ";
    const start = element("a", { href: this.lab.panel.dataset.start }, ["Start here"]);
    const told = element("p", {}, [`${reason} ${instead}`, start, " says how."]);
    this.show({ html: told, text: told.textContent });
  }
}
