// Python in workers: one that checks, and one that is kept ready while a check takes suspiciously long.

const SECONDS = 10; // for a check; the worker itself stops code of Python, and is stopped a second later
const SPARE_AFTER = 2; // seconds

export class NotHere extends Error {} // Python cannot be had
export class Broken extends Error {} // it could, and broke during a check

class Worked {
  constructor(address) {
    this.loading = () => {};
    this.worker = new Worker(address, { type: "module" });
    this.answers = [];
    this.ready = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => {
        if (data.kind === "loading") this.loading(data.bytes);
        else if (data.kind === "ready") resolve((this.isReady = true));
        else if (data.kind === "failed") this.#fail(reject, data.error);
        else this.settle?.resolve(data);
      };
      this.worker.onerror = (event) => this.#fail(reject, event.message || "the worker did not start");
    });
    this.ready.catch(() => {});
  }

  #fail(reject, error) {
    const told = this.isReady ? new Broken(error) : new NotHere(error);
    reject(told);
    this.settle?.reject(told);
  }

  ask(question) {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.worker.postMessage(question);
    });
  }

  end() {
    this.worker.terminate();
  }
}

export class Python {
  #address;
  #now;
  #spare;
  #turn = Promise.resolve();

  constructor(address) {
    this.#address = address;
  }

  // Checks one after the other.  `tell` hears {kind: "loading", bytes} and {kind: "checking"}.  Resolves to the verdict,
  // or to null where the code did not come to an end; rejects with NotHere where Python cannot be had.
  check(question, tell) {
    const verdict = this.#turn.then(() => this.#check(question, tell));
    this.#turn = verdict.catch(() => {});
    return verdict;
  }

  async #check(question, tell) {
    const python = await this.#loaded(tell);
    tell({ kind: "checking" });
    const timers = [];
    const after = (seconds) => new Promise((done) => timers.push(setTimeout(done, 1000 * seconds, null)));
    after(SPARE_AFTER).then(() => (this.#spare ??= new Worked(this.#address)));
    try {
      const verdict = await Promise.race([python.ask({ ...question, seconds: SECONDS }), after(SECONDS + 1)]);
      if (verdict === null) this.#replace(python);
      return verdict;
    } catch (error) {
      this.#replace(python);
      throw error;
    } finally {
      timers.forEach(clearTimeout);
    }
  }

  async #loaded(tell) {
    if (!globalThis.WebAssembly) throw new NotHere("this browser has no WebAssembly");
    try {
      this.#now ??= this.#spare ?? new Worked(this.#address);
      if (this.#now === this.#spare) this.#spare = undefined;
      const python = this.#now;
      python.loading = (bytes) => tell({ kind: "loading", bytes });
      await python.ready;
      return python;
    } catch (error) {
      this.#now?.end();
      this.#now = undefined;
      throw error instanceof NotHere ? error : new NotHere(String(error));
    }
  }

  #replace(python) {
    python.end();
    this.#now = this.#spare;
    this.#spare = undefined;
  }
}
