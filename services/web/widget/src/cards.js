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
function renderCard(card, say, text) {
  return (CARDS[card.type] ?? plainCard)(card, say, text);
}

const STATE_WORDS = {
  SUBMITTED: "已收到",
  NEED_INFO: "等您补充",
  HANDED_OFF: "已转紧急渠道",
  NOT_ACCEPTED: "不予受理",
  MERGED: "已并单",
  ACCEPTED: "已受理",
  DISPATCHED: "已派单",
  OBJECTED: "正在确定主办单位",
  ACTIVE: "正在办",
  SUSPENDED: "暂时挂账",
  RESOLVED: "办好了，等您看",
  REWORK: "退回重办",
  CLOSED: "已办结",
  WITHDRAWN: "已撤回",
  TERMINATED: "终止办理",
};

/** The receipt: number big, state as a stamp, when an answer is due and why. */
function ticketCard(card, say) {
  const done = el("span", { class: "copied", role: "status" });
  const copy = async () => {
    const words = `编号 ${card.ticket_no}` + (card.query_code ? `，查询码 ${card.query_code}` : "");
    done.textContent = (await copyText(words)) ? "复制好了" : "请长按编号来复制";
    say?.(done.textContent);
  };
  return el(
    "section",
    { class: "card ticket", "aria-label": `回执 ${card.ticket_no}`, "data-ticket": card.ticket_no },
    el(
      "header",
      {},
      el("span", { class: "slip" }, "回执"),
      el("span", { class: "stamp" }, stateWords(card)),
    ),
    el("p", { class: "number" }, ...breakable(card.ticket_no)),
    card.title ? el("p", { class: "title" }, card.title) : null,
    rows([
      ["查询码", card.query_code],
      ["到哪步了", card.state_text ? el("span", { class: "step" }, card.state_text) : ""],
      ["地点", card.location_text],
      ["谁来办", ownerWords(card.owner)],
      ["归谁管", card.owner?.power],
      ["最晚答复", card.due_text],
      ["为什么", card.due_reason],
    ]),
    linkList(card.links),
    el("footer", {}, el("button", { type: "button", class: "quiet", onclick: copy }, "复制编号"), done),
  );
}

/** The state in a word or two; what was booked or applied for waits for materials. */
function stateWords(card) {
  const waits = card.state === "NEED_INFO" && (card.appointment || card.certificate);
  return waits ? "等您补材料" : STATE_WORDS[card.state] ?? "";
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
  return el("dl", {}, ...filled.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function phoneLink(phone, words) {
  return el("a", { class: "tel", href: `tel:${String(phone).replace(/[^\d+]/g, "")}` }, words);
}

/** Danger first: what to do, and numbers that dial with one tap. */
function safetyCard(card) {
  const numbers = (card.numbers ?? []).map((entry) =>
    el(
      "a",
      { class: "dial", href: `tel:${String(entry.phone).replace(/[^\d+]/g, "")}` },
      icon("phone"),
      el("span", { class: "who" }, entry.name),
      el("b", {}, entry.phone),
    ),
  );
  return el(
    "section",
    { class: "card safety", role: "alert" },
    el("h3", {}, card.title || "先保证安全"),
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
    card.valid === false ? el("p", { class: "stale" }, "这条说明可能已过期，以社区答复为准。") : null,
    lineList(card.lines ?? card.conditions, "ul"),
    materials.length ? el("h4", {}, "要带的东西") : null,
    materials.length ? el("ul", { class: "checks" }, ...materials.map(checkItem)) : null,
    card.steps?.length ? [el("h4", {}, "怎么办"), lineList(card.steps, "ol")] : null,
    rows([
      ["去哪里", card.where],
      ["什么时间", card.hours],
      ["给谁办", card.who],
      ["多久办好", card.limit],
      ["收费", card.fee],
      ["电话", card.phone ? phoneLink(card.phone, card.phone) : null],
    ]),
    card.power ? el("p", { class: "power" }, card.power) : null,
    linkList(card.links),
    sources.length ? el("p", { class: "source" }, sources.join("、")) : null,
    text ? el("details", {}, el("summary", {}, "看完整的文字"), el("p", { class: "whole" }, text)) : null,
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
