/* Elements and icons. Text always goes in as a text node: nothing a resident or a server says is
   ever parsed as HTML. */

/** Make an element. `on*` attributes are listeners, `true`/`false` toggle, null is left out. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const ICONS = {
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  pin: "M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.500C5 14.8 12 21 12 21zM12 7.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 20.500c1-4 4.5-6 8-6s7 2 8 6",
  send: "M4 11.5 20 4l-5 16-4-6.500z",
  speaker: "M4 9.500v5h3.500L12 18.500v-13L7.5 9.500zM15.5 9a4 4 0 0 1 0 6M18 6.500a7.5 7.5 0 0 1 0 11",
  close: "M6 6l12 12M18 6 6 18",
  phone: "M6 3.500h3.500l1.5 5-2.2 1.600a12 12 0 0 0 5.1 5.100l1.6-2.2 5 1.500V18a2.5 2.5 0 0 1-2.5 2.500A15.5 15.5 0 0 1 3.5 6 2.5 2.5 0 0 1 6 3.500z",
  chat: "M4 5h16v11H10l-4.5 4v-4H4z",
};

/** A line icon; decoration only, the button beside it carries the name. */
function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A text with its long numbers – of tickets, of phones – kept whole at the end of a line. */
function unbroken(text) {
  const parts = String(text).split(/(SQ-\d{6}-\d{5}-\d|\b\d{3,4}-\d{7,8}\b)/);
  return parts.map((part, index) => (index % 2 ? el("span", { class: "whole-number" }, part) : part));
}

/** Put text on the clipboard; false when the browser does not let us. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
