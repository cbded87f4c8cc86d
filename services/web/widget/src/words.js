/* What the widget says is data: WORDS holds the plain form of each name and, where there is one, the
   form for large letters (data/texts/widget.yml; bundle.py puts it before this). */

/** Whether large letters are on. */
function largeLetters() {
  return keep.get("elder") === true;
}

/** The words `name` as they are said now, gaps filled; a name that is not there throws. */
function say(name, values = {}) {
  const [plain, elder = plain] = WORDS[name];
  return (largeLetters() ? elder : plain).replace(/\{(\w+)\}/g, (_, gap) => values[gap]);
}

/** What each element on the screen says, by part of it ("words", an attribute): said anew when the letters change. */
const SAID = new WeakMap();

/** Let an element say the words `name`, also when the letters change (`reword`); returns it. */
function put(node, name, values) {
  node.dataset.words = name;
  return remember(node, "words", () => say(name, values));
}

/** Let an attribute – aria-label, alt, placeholder – say the words `name`, also when the letters change. */
function label(node, attribute, name, values) {
  return remember(node, attribute, () => say(name, values));
}

/** Let an element say what the server wrote in both forms. */
function either(node, plain, elder) {
  return remember(node, "words", () => (largeLetters() && elder) || plain);
}

/** Let an element say words that are the same in any letters, and no more what it said before. */
function plainly(node, words) {
  SAID.delete(node);
  delete node.dataset.words;
  if (node.textContent !== words) node.textContent = words;
}

function remember(node, part, words) {
  node.dataset.said = "";
  SAID.set(node, (SAID.get(node) ?? new Map()).set(part, words));
  renew(node, part, words());
  return node;
}

function renew(node, part, words) {
  if (part !== "words") node.setAttribute(part, words);
  // What is said already is left alone: a live region would read it out once more.
  else if (node.textContent !== words) node.textContent = words;
}

/** Say everything that was `put` or `label`led in the form of the letters that are on now. */
function reword(root) {
  for (const node of root.querySelectorAll("[data-said]"))
    for (const [part, words] of SAID.get(node) ?? []) renew(node, part, words());
}
