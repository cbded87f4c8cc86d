/* 教一教: marking words, finding an intent or a leaf, and deciding with single keys. The page works
   without it; everything here only makes it quicker. Offsets on the server are code points. */

const at = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/* ---- marking words ------------------------------------------------------------------------- */

const points = (text) => Array.from(text).length;
let chosen = null; // what is selected in the sentence: {start, end} in code points

function sentenceText() {
  return at("#sentence")?.textContent ?? "";
}

/** The part of the sentence that is selected, without blanks at its ends; null when there is none. */
function selected() {
  const sentence = at("#sentence");
  const selection = document.getSelection();
  if (!sentence || !selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!sentence.contains(range.startContainer) || !sentence.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.setStart(sentence, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const words = range.toString();
  const start = points(before.toString()) + points(words) - points(words.trimStart());
  const trimmed = words.trim();
  return trimmed ? { start, end: start + points(trimmed), words: trimmed } : null;
}

document.addEventListener("selectionchange", () => {
  const types = at(".types");
  if (!types || types.contains(document.activeElement)) return;
  const found = selected();
  if (!found && document.getSelection()?.isCollapsed === false) return;
  chosen = found;
  types.hidden = !found;
  if (found) at(".chosen", types).textContent = found.words;
});

/* A tap on the bar must not take the selection away before the click arrives. */
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest?.(".types")) event.preventDefault();
});

function addMark(type) {
  if (!chosen) return;
  const { start, end, words } = chosen;
  const name = at(`.types [data-type="${type}"]`).textContent;
  const item = document.createElement("li");
  item.dataset.type = type;
  const value = document.createElement("input");
  Object.assign(value, { type: "hidden", name: "mark", value: `${start}:${end}:${type}` });
  const kind = document.createElement("b");
  kind.textContent = name;
  const said = document.createElement("span");
  said.textContent = words;
  const drop = document.createElement("button");
  Object.assign(drop, { type: "button", className: "drop", textContent: "✕", ariaLabel: `去掉“${words}”` });
  item.append(value, kind, " ", said, " ", drop);
  at(".marks").append(item);
  document.getSelection()?.removeAllRanges();
  chosen = null;
  at(".types").hidden = true;
  showMarks();
  at("details.fix").open = true;
  at("#sentence").focus({ preventScroll: true });
}

/** Draw the marks into the sentence; of two that overlap the first one, the check says the rest. */
function showMarks() {
  const sentence = at("#sentence");
  const text = Array.from(sentenceText());
  const marks = all(".marks input")
    .map((input) => input.value.split(":"))
    .map(([start, end, type]) => ({ start: Number(start), end: Number(end), type }))
    .sort((a, b) => a.start - b.start);
  const parts = [];
  let done = 0;
  for (const mark of marks) {
    if (mark.start < done) continue;
    parts.push(text.slice(done, mark.start).join(""));
    const node = document.createElement("mark");
    node.dataset.type = mark.type;
    node.title = at(`.types [data-type="${mark.type}"]`)?.textContent ?? "";
    node.textContent = text.slice(mark.start, mark.end).join("");
    parts.push(node);
    done = mark.end;
  }
  sentence.replaceChildren(...parts, text.slice(done).join(""));
  look();
}

document.addEventListener("click", (event) => {
  const type = event.target.closest?.(".types button")?.dataset.type;
  if (type) addMark(type);
  const drop = event.target.closest?.(".marks .drop");
  if (drop) {
    drop.parentElement.remove();
    showMarks();
    at("details.fix").open = true;
    (at(".marks .drop") ?? at("#sentence")).focus({ preventScroll: true });
  }
});

/** The sentence by keyboard: one character is selected from the start, arrows move and extend. */
function moveSelection(event) {
  const selection = document.getSelection();
  const sentence = at("#sentence");
  if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const forward = event.key === "ArrowRight" || event.key === "End";
  if (!selection.rangeCount || !sentence.contains(selection.anchorNode)) {
    selection.collapse(sentence, 0);
    selection.modify("extend", "forward", "character");
    return;
  }
  const step = event.key.startsWith("Arrow") ? "character" : "lineboundary";
  if (event.shiftKey) selection.modify("extend", forward ? "forward" : "backward", step);
  else {
    selection.modify("move", forward ? "forward" : "backward", step);
    if (!forward) selection.modify("move", "backward", "character");
    selection.modify("extend", "forward", "character");
  }
  if (!sentence.contains(selection.focusNode)) selection.collapse(sentence, 0);
}

/* ---- choosing an intent and a leaf --------------------------------------------------------- */

const ruleOf = () => at('[name="intent"]:checked')?.dataset ?? null;

/** Whether a leaf may go with the intent that is chosen; the server has the last word. */
function fits(label, rule) {
  const leaf = label.dataset.leaf;
  if (!rule || rule.rule === "without") return false;
  if (rule.leaves.split(" ").includes(leaf) && leaf) return true;
  if (rule.rule === "only") return false;
  return leaf === "" ? rule.rule === "optional" : "usual" in label.dataset || "intent" in label.dataset;
}

function filter(picker) {
  const words = at(".find", picker).value.trim().toLowerCase().split(/\s+/);
  const rule = picker.dataset.picker === "leaf" ? ruleOf() : undefined;
  let shown = 0;
  for (const label of all("label[data-find]", picker)) {
    const text = label.dataset.find.toLowerCase();
    const right = words.every((word) => text.includes(word)) && (rule === undefined || fits(label, rule));
    // A leaf with an intent of its own is only found by who looks for it.
    label.hidden = !right || ("intent" in label.dataset && words[0] === "");
    shown += !label.hidden;
  }
  at(".nothing", picker).hidden = shown > 0;
}

function showChoice() {
  const rule = ruleOf();
  const leaf = at('[data-picker="leaf"]');
  if (!leaf) return;
  leaf.hidden = !rule || rule.rule === "without";
  const picked = at('[name="leaf"]:checked');
  if (picked && !fits(picked.closest("label"), rule)) picked.checked = false;
  if (leaf.hidden) at('[name="leaf"][value=""]').checked = true;
  for (const picker of all("[data-picker]")) {
    filter(picker);
    const now = at("input[type=radio]:checked", picker)?.closest("label");
    at(".now", picker).textContent = now ? (at("b", now) ?? now).textContent.trim() : "还没选";
    const options = at(".options", picker);
    if (now && !now.hidden) options.scrollTop = now.offsetTop - options.offsetTop - 48;
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.(".find")) filter(event.target.closest("[data-picker]"));
});

document.addEventListener("change", (event) => {
  if (!event.target.matches?.('[name="intent"], [name="leaf"]')) return;
  // 催办 is a card, but it is said with an intent: choosing it chooses that.
  const meant = event.target.closest("label").dataset.intent;
  if (meant) at(`[name="intent"][value="${meant}"]`).checked = true;
  showChoice();
  look();
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".find") || event.isComposing) return;
  if (!["Enter", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const first = all("label:not([hidden]) input", event.target.closest("[data-picker]"))[0];
  if (!first) return;
  first.focus();
  if (event.key === "Enter") first.click();
});

function look() {
  const problems = at("#problems");
  if (problems && at("details.fix").open) problems.dispatchEvent(new Event("look"));
}

/* ---- single keys --------------------------------------------------------------------------- */

/** Move to the group after or before the open one. */
function go(step) {
  const links = all(".inbox ol a");
  const now = links.findIndex((link) => link.ariaCurrent);
  links[now < 0 ? 0 : now + step]?.click();
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  "/": () => {
    at(".filters").open = true;
    at('.filters [name="q"]').focus();
  },
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented || event.altKey || event.metaKey) return;
  const target = event.target;
  if (target.id === "sentence") moveSelection(event);
  const typing = target.matches?.("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (event.ctrlKey) {
    if (event.key === "Enter" && at("details.fix")?.open) press('[data-key="Ctrl+Enter"]', event);
    return;
  }
  // Enter on a button or link is that button's own.
  if (typing || (event.key === "Enter" && target.closest?.("a, button, summary, input, .fix"))) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  } else press(`[data-key="${CSS.escape(key)}"]`, event);
});

function press(selector, event) {
  const button = at(selector);
  if (!button || button.closest("[aria-busy=true]")) return;
  event.preventDefault();
  button.click();
  // Who opens the choice with a key goes on typing what to look for.
  if (button.matches("summary") && !button.parentElement.open) at(".find")?.focus();
}

/* ---- while another group is on its way ------------------------------------------------------ */

/* What is still shown is not what was asked for: a quick hand must neither decide about it nor open a
   choice in it that is gone with the answer. The list stays open, and so does the lesson if nothing comes. */
const busy = (event, is) => {
  if (event.detail.target?.id === "teach") event.detail.target.ariaBusy = String(is);
};
document.addEventListener("htmx:beforeRequest", (event) => busy(event, true));
document.addEventListener("htmx:afterRequest", (event) => busy(event, false));

/* ---- each time a group is shown ------------------------------------------------------------ */

function show() {
  if (!at("#teach")) return;
  all(".find").forEach((field) => (field.hidden = false));
  chosen = null;
  showChoice();
  const refusal = at(".refusal");
  if (refusal) refusal.focus();
  at(".inbox [aria-current]")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.fix") || !event.target.open) return;
  showChoice(); // what is chosen is scrolled to, which cannot be done before it is seen
  look();
}, true);
document.addEventListener("DOMContentLoaded", show);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "teach") return;
  show();
  // On a phone the next sentence begins at the top.
  if (matchMedia("(max-width: 899px)").matches) window.scrollTo(0, 0);
});
