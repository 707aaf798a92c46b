// The field in which an answer is typed.  Its colours are those that the page's style sheet gives to code.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { pythonLanguage } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";

// Pygments' short names, by which the theme colours code.
const colours = tagHighlighter([
  { tag: tags.comment, class: "c1" },
  { tag: [tags.controlKeyword, tags.definitionKeyword, tags.keyword, tags.moduleKeyword], class: "k" },
  { tag: [tags.operator, tags.operatorKeyword], class: "o" },
  { tag: [tags.string, tags.special(tags.string)], class: "s2" },
  { tag: tags.number, class: "mi" },
  { tag: [tags.bool, tags.null, tags.self], class: "kc" },
  { tag: tags.function(tags.definition(tags.variableName)), class: "nf" },
  { tag: tags.definition(tags.className), class: "nc" },
  { tag: tags.meta, class: "nd" },
]);

export const makeEditor = ({ parent, source, label, describedBy, onChange, onCheck }) => {
  const check = () => {
    onCheck();
    return true;
  };
  const view = new EditorView({
    parent,
    doc: source,
    extensions: [
      history(),
      EditorView.lineWrapping, // on a phone nobody scrolls a field sideways inside a page
      indentOnInput(),
      indentUnit.of("    "),
      EditorState.tabSize.of(4),
      bracketMatching(),
      pythonLanguage,
      syntaxHighlighting(colours),
      keymap.of([
        { key: "Mod-Enter", run: check },
        { key: "Shift-Enter", run: check },
        ...defaultKeymap,
        ...historyKeymap,
        indentWithTab, // Esc, then Tab leaves the field: CodeMirror sees to it, and a line under it says so
      ]),
      EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": describedBy }),
      EditorView.updateListener.of((update) => update.docChanged && onChange()),
    ],
  });
  return {
    get source() {
      return view.state.doc.toString();
    },
    set source(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    focus: () => view.focus(),
  };
};
