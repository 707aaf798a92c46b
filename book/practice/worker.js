// Runs Python for a page, so that the page itself is never held up.  It loads at once and then answers one check after
// another.  What it says: {kind: "loading", bytes}, {kind: "ready"}, {kind: "verdict", ...}, {kind: "failed", error}.

const say = (kind, more = {}) => postMessage({ kind, ...more });

// Pyodide fetches with this; what has arrived is counted on the way.
const fetched = self.fetch.bind(self);
let bytes = 0;
let told = 0;
self.fetch = async (...asked) => {
  const answer = await fetched(...asked);
  if (!answer.ok || !answer.body) return answer;
  const counter = new TransformStream({
    transform(chunk, out) {
      bytes += chunk.length;
      if (bytes - told > 200_000) say("loading", { bytes: (told = bytes) });
      out.enqueue(chunk);
    },
  });
  return new Response(answer.body.pipeThrough(counter), answer);
};

const start = async () => {
  const { loadPyodide } = await import("./pyodide/pyodide.mjs");
  const python = await loadPyodide({ packages: ["autograder"] });
  return python.pyimport("autograder.browser.practice");
};

const started = start();
started.then(
  () => say("ready"),
  (error) => say("failed", { error: String(error) }),
);

onmessage = async ({ data: { lab, answers, exercise, seconds } }) => {
  const practice = await started;
  try {
    say("verdict", JSON.parse(practice.check_on_page(lab, JSON.stringify(answers), exercise, seconds)));
  } catch (error) {
    say("failed", { error: String(error) });
  }
};
