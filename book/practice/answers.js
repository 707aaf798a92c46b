// The answers of one lab, kept in the browser: by exercise and by what the exercise was when the answer was begun, so
// that a lab that has changed shows its new text.  A page from before still keeps its answers.

const PREFIX = "backprop-by-hand";

// A short digest (FNV-1a), to tell two texts apart.
const digest = (text) => {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return hash.toString(36);
};

export class Answers {
  constructor(lab, onTrouble) {
    this.lab = lab;
    this.onTrouble = onTrouble;
  }

  #key(exercise, stub) {
    return `${PREFIX}/${this.lab}/${exercise}/${digest(stub)}`;
  }

  // What was typed and what it was worth: {source, points, most, checked}, where `checked` is what the points are for.
  read(exercise, stub) {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key(exercise, stub)));
      return typeof kept?.source === "string" ? kept : null;
    } catch {
      return null;
    }
  }

  write(exercise, stub, kept) {
    try {
      if (kept) localStorage.setItem(this.#key(exercise, stub), JSON.stringify(kept));
      else localStorage.removeItem(this.#key(exercise, stub));
      this.onTrouble(false);
    } catch {
      this.onTrouble(true);
    }
  }

  // Calls `then` with what another page of this browser keeps from now on.
  onOtherPage(exercise, stub, then) {
    addEventListener("storage", ({ key }) => {
      if (key === this.#key(exercise, stub)) then(this.read(exercise, stub));
    });
  }

  // An answer to this exercise as it was before the lab changed, or null.
  older(exercise, stub) {
    try {
      const own = this.#key(exercise, stub);
      const before = `${PREFIX}/${this.lab}/${exercise}/`;
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(before) && key !== own);
      const sources = keys.map((key) => JSON.parse(localStorage.getItem(key))?.source);
      return sources.find((source) => typeof source === "string") ?? null;
    } catch {
      return null;
    }
  }
}
