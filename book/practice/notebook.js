// The lab as a notebook to hand in: the file that was given, with answers in it and nothing else changed.

export const withAnswers = (text, answers) => {
  const notebook = JSON.parse(text);
  for (const cell of notebook.cells) {
    const { solution, grade_id: name } = cell.metadata.nbgrader ?? {};
    if (cell.cell_type === "code" && solution && name in answers) cell.source = lines(answers[name]);
  }
  return `${JSON.stringify(notebook, null, 1)}\n`;
};

// As nbformat writes a text: line by line, each with its end.
const lines = (source) => source.match(/[^\n]*\n|[^\n]+$/g) ?? [];
