/* A page opened from the conversation stands in its letters: the browser keeps which (linda.elder, linda.size). Words
   that are said otherwise in large letters carry that form along (data-elder). */
const kept = (name) => {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
};
if (kept("linda.elder") === true) {
  const page = document.documentElement;
  page.classList.add("large");
  page.style.setProperty("--letters", `${Math.max(22, Number(kept("linda.size")) || 22)}px`);
  for (const node of document.querySelectorAll("[data-elder]")) node.textContent = node.dataset.elder;
}
