// Makes elements of a page.

export const element = (tag, attributes = {}, children = []) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
};

export const fill = (parent, children) => parent.replaceChildren(...children);

export const button = (label, onClick, attributes = {}) => {
  const made = element("button", { type: "button", class: "practice-button", ...attributes }, [label]);
  made.addEventListener("click", onClick);
  return made;
};
