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
