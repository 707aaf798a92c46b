// Runs Python for a page, so that the page itself is never held up.  It loads at once and then answers one check after
// another.  What it says: {kind: "loading", bytes}, {kind: "ready"}, {kind: "verdict", ...}, {kind: "failed", error}.

const say = (kind, more = {}) => postMessage({ kind, ...more });
const fail = (error) => {
  say("failed", { error: String(error?.message ?? error) });
  throw error;
};

// Pyodide waits for ever where one of its parts does not come or cannot be used.
addEventListener("unhandledrejection", (event) => say("failed", { error: String(event.reason?.message ?? event.reason) }));

// The lock names the packages of this build, so a copy that the browser kept is asked about; all others may be kept.
const fetched = self.fetch.bind(self);
const latest = (...asked) => {
  const isLock = String(asked[0]?.url ?? asked[0]).endsWith("pyodide-lock.json");
  if (!isLock) return fetched(...asked);
  return fetched(asked[0], { ...asked[1], cache: "no-cache" }).catch(() => fetched(...asked));
};

// Pyodide fetches with this; what arrives is counted on a copy, since a browser keeps what it made of WebAssembly for
// the answer that came from the network only.
let bytes = 0;
let told = 0;
const count = async (copy) => {
  const reader = copy.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes - told > 200_000) say("loading", { bytes: (told = bytes) });
  }
};
self.fetch = async (...asked) => {
  const answer = await latest(...asked).catch(fail);
  if (!answer.ok) fail(`${answer.url.split("/").pop()}: ${answer.status}`);
  count(answer.clone()).catch(fail);
  return answer;
};

const start = async () => {
  const { loadPyodide } = await import("./pyodide/pyodide.mjs");
  const python = await loadPyodide({ packages: ["autograder"] });
  python.setStdin({ error: true }); // nobody can be asked
  return python.pyimport("autograder.browser.practice");
};

const started = start();
started.then(() => say("ready"), fail).catch(() => {});

onmessage = async ({ data: { lab, answers, exercise, seconds } }) => {
  const practice = await started;
  say("verdict", JSON.parse(practice.check_on_page(lab, JSON.stringify(answers), exercise, seconds)));
};
