"use strict";

// A box that scrolls can be reached with Tab, so that the arrow keys move it.
const reach = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("div.math, .drawing")) reach.observe(box);
});

// Paper is white: a dark page is printed in the light colours.
const root = document.documentElement;
let shown;
addEventListener("beforeprint", () => {
  shown = root.dataset.theme;
  root.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  root.dataset.theme = shown;
});

const LETTERS = { net: "net", partial: "∂", sigma: "σ", delta: "δ", sum: "Σ", cdot: "·", odot: "⊙", top: "ᵀ", tfrac12: "½" };
const plain = (text) =>
  text
    .replace(/\\color\{#\w{6}\}/g, "")
    .replace(/\\([a-z]+(?:12)?)/g, (_, name) => LETTERS[name] ?? "")
    .replace(/\\.|[{}]/g, "")
    .replace(/\s+/g, " ");

// A hit of the search shows a sentence of the page, not its table of contents, the words of a graph or TeX's commands.
addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const textOf = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const beside = "#jb-print-docs-body, .bd-header-article, .bd-sidebar-secondary, .prev-next-area, .cg, [data-exercise]";
    for (const part of page.querySelectorAll(beside)) part.remove();
    return plain(textOf(page.documentElement.outerHTML, anchor));
  };
});
