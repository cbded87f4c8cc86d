/* `<script src="…/widget.js" data-linda>` puts a round button on any page;
   `data-linda="full"` fills the element with the id `linda`, as the resident page does. */

const script = document.currentScript;

function start() {
  const full = script?.dataset.linda === "full";
  const host = (full && document.getElementById("linda")) || document.body.appendChild(el("div", { id: "linda" }));
  new View(host, { full, base: new URL(script?.src ?? location.href).origin });
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
