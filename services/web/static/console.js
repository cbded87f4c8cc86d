/* What the console does beyond htmx: say when the network is gone, and never show a message twice. */

const network = document.getElementById("network");
document.addEventListener("htmx:sendError", () => (network.hidden = false));
document.addEventListener("htmx:timeout", () => (network.hidden = false));
document.addEventListener("htmx:afterOnLoad", (event) => (network.hidden = event.detail.xhr.status < 500));

/* The worklist asks itself again every 10 s; not while someone has a filter open to type into. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "list" && document.hidden) event.preventDefault();
});

/* After a reconnect the stream begins at the page's own start: what is there already is dropped. */
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const id = /id="(m-[^"]+)"/.exec(event.detail.data)?.[1];
  if (id && document.getElementById(id)) event.preventDefault();
});

const toEnd = () => {
  const messages = document.getElementById("messages");
  if (messages) messages.scrollTop = messages.scrollHeight;
};
document.addEventListener("htmx:sseMessage", toEnd);
document.addEventListener("htmx:afterSettle", toEnd);
document.addEventListener("DOMContentLoaded", toEnd);

/* After an action: what was refused is seen and read out first, what went well starts at the top. */
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "ticket") return;
  const refusal = document.querySelector(".refusal");
  if (refusal) {
    refusal.focus({ preventScroll: true });
    refusal.scrollIntoView({ block: "center" });
  } else if (document.querySelector("#reporter .tel")) {
    document.querySelector("#reporter .tel").focus({ preventScroll: true });
    document.getElementById("reporter").scrollIntoView({ block: "center" });
  } else window.scrollTo(0, 0);
});

/* One form is open at a time; the cursor goes into its first field. */
document.addEventListener("click", (event) => {
  const form = event.target.closest?.("details.action > summary")?.parentElement;
  if (!form || form.open) return;
  document.querySelectorAll("details.action[open]").forEach((other) => (other.open = false));
  form.open = true;
  event.preventDefault();
  form.querySelector("textarea, select, input:not([type=hidden])")?.focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
});

/* 更多 closes when one taps beside it, or presses Escape. */
const more = document.querySelector("details.more");
document.addEventListener("click", (event) => {
  if (more?.open && !more.contains(event.target)) more.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && more?.open) {
    more.open = false;
    more.querySelector("summary").focus();
  }
});
