/* Cards: what must be seen at a glance is set in type of its own. */

const CARDS = {
  ticket: ticketCard,
  safety: safetyCard,
  service: serviceCard,
  reading: () => el("span", { hidden: true }), // seen by the size of the letters: chat.js
};

/** Cards whose message says the same in words, for channels that cannot show cards. */
const SAYS_IT_ALL = new Set(["safety", "service"]);

/** The element of a card; a kind this version does not know is shown by its title and lines. */
function renderCard(card, announce, text) {
  return (CARDS[card.type] ?? plainCard)(card, announce, text);
}

/** The receipt: number big, state as a stamp, when an answer is due and why. */
function ticketCard(card, announce) {
  const done = el("span", { class: "copied", role: "status" });
  const copy = async () => {
    const words = say(card.query_code ? "number_and_code" : "number", { number: card.ticket_no, code: card.query_code });
    put(done, (await copyText(words)) ? "copied" : "not_copied");
    announce?.(done.textContent);
  };
  const step = card.state_text && either(el("span", { class: "step" }), card.state_text, card.state_elder);
  const receipt = el(
    "section",
    { class: "card ticket", "data-ticket": card.ticket_no, "data-materials": waitsForMaterials(card) },
    el(
      "header",
      {},
      put(el("span", { class: "slip" }), "receipt"),
      stamp(el("span", { class: "stamp" }), stateOf(card.state, waitsForMaterials(card))),
    ),
    el("p", { class: "number" }, ...breakable(card.ticket_no)),
    card.title ? el("p", { class: "title" }, card.title) : null,
    rows([
      ["row_code", card.query_code],
      ["row_state", step],
      ["row_place", card.location_text],
      ["row_owner", ownerWords(card.owner)],
      ["row_power", card.owner?.power],
      ["row_due", card.due_text],
      ["row_why", card.due_reason],
    ]),
    linkList(card.links),
    el("footer", {}, put(el("button", { type: "button", class: "quiet", onclick: copy }), "copy"), done),
  );
  return label(receipt, "aria-label", "receipt_of", { number: card.ticket_no });
}

/** Whether what is missing are materials: of what was booked or applied for. */
function waitsForMaterials(card) {
  return Boolean(card.appointment || card.certificate);
}

/** The name of a state on a receipt. */
function stateOf(state, materials) {
  return state === "NEED_INFO" && materials ? "waits_materials" : state;
}

/** Let a stamp show a state in a word or two; one that this version does not know is left out. */
function stamp(node, state) {
  return `state_${state}` in WORDS ? put(node, `state_${state}`) : node;
}

/** The owner is words, or `{org, person, text}` of the resident view. */
function ownerWords(owner) {
  if (!owner || typeof owner === "string") return owner || "";
  return owner.text || [owner.org, owner.person].filter(Boolean).join(" ");
}

function breakable(number) {
  return String(number)
    .split("-")
    .flatMap((part, index) => (index ? [el("wbr"), `-${part}`] : [part]));
}

function rows(pairs) {
  const filled = pairs.filter(([, value]) => value);
  if (!filled.length) return null;
  return el("dl", {}, ...filled.map(([name, value]) => el("div", { class: name.replace("row_", "") }, put(el("dt"), name), el("dd", {}, value))));
}

function phoneLink(phone, words) {
  return el("a", { class: "tel", href: `tel:${String(phone).replace(/[^\d+]/g, "")}` }, words);
}

/** Digits of a number for emergencies; a local one is longer and set smaller, so that it stays whole. */
const SHORT_NUMBER = 5;

/** Danger first: what to do, and numbers that dial with one tap. */
function safetyCard(card) {
  const numbers = (card.numbers ?? []).map((entry) =>
    el(
      "a",
      { class: "dial", href: `tel:${String(entry.phone).replace(/[^\d+]/g, "")}` },
      icon("phone"),
      el("span", { class: "who" }, entry.name),
      el("b", { class: String(entry.phone).length > SHORT_NUMBER ? "long" : null }, entry.phone),
    ),
  );
  return el(
    "section",
    { class: "card safety", role: "alert" },
    card.title ? el("h3", {}, card.title) : put(el("h3"), "safe_first"),
    numbers.length ? el("div", { class: "dials" }, ...numbers) : null,
    lineList(card.lines, "ol"),
  );
}

/** A service: what to bring as a list to tick off at home, then steps, place and time. */
function serviceCard(card, _say, text) {
  const materials = card.materials ?? card.bring ?? [];
  const sources = [card.sources ?? card.source ?? []].flat().map(textOf);
  return el(
    "section",
    { class: "card service", "aria-label": card.title ?? card.name },
    el("h3", {}, card.title ?? card.name),
    card.summary ? el("p", {}, card.summary) : null,
    card.valid === false ? put(el("p", { class: "stale" }), "card_stale") : null,
    lineList(card.lines ?? card.conditions, "ul"),
    materials.length ? put(el("h4"), "card_bring") : null,
    materials.length ? el("ul", { class: "checks" }, ...materials.map(checkItem)) : null,
    card.steps?.length ? [put(el("h4"), "card_steps"), lineList(card.steps, "ol")] : null,
    rows([
      ["row_where", card.where],
      ["row_hours", card.hours],
      ["row_for", card.who],
      ["row_limit", card.limit],
      ["row_fee", card.fee],
      ["row_phone", card.phone ? phoneLink(card.phone, card.phone) : null],
    ]),
    card.power ? el("p", { class: "power" }, card.power) : null,
    linkList(card.links),
    sources.length ? el("p", { class: "source" }, sources.join("、")) : null,
    text ? el("details", {}, put(el("summary"), "card_whole"), el("p", { class: "whole" }, text)) : null,
  );
}

function checkItem(item) {
  return el("li", {}, el("label", {}, el("input", { type: "checkbox" }), el("span", {}, textOf(item))));
}

function plainCard(card) {
  return el(
    "section",
    { class: "card" },
    card.title ? el("h3", {}, card.title) : null,
    card.text ? el("p", {}, card.text) : null,
    lineList(card.lines, "ul"),
    linkList(card.links),
  );
}

/** The server that served this script: on another site our own pages are still there. */
const server = { base: location.origin };

/** Pages of our own server (printable notices) and official sites; anything else is no link. */
function linkList(links) {
  const safe = (links ?? []).filter((link) => /^(\/[^/]|https?:\/\/)/.test(link.url));
  if (!safe.length) return null;
  const anchors = safe.map((link) =>
    el("a", { href: new URL(link.url, server.base).href, target: "_blank", rel: "noopener" }, link.title),
  );
  return el("p", { class: "links" }, ...anchors);
}

function lineList(lines, tag) {
  return lines?.length ? el(tag, {}, ...lines.map((line) => el("li", {}, textOf(line)))) : null;
}

function textOf(value) {
  if (value === null || typeof value !== "object") return String(value ?? "");
  return String(value.text ?? value.title ?? value.name ?? "");
}
