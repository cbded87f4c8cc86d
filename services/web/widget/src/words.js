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

/** Let an element say the words `name`, also when the letters change (`reword`); returns it. */
function put(node, name) {
  node.dataset.words = name;
  node.textContent = say(name);
  return node;
}

/** Say everything that was `put` in the form of the letters that are on now. */
function reword(root) {
  for (const node of root.querySelectorAll("[data-words]")) put(node, node.dataset.words);
}
