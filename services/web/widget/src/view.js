/* What the resident sees. One class, one root; the conversation calls it, never the reverse way
   round except through `this.chat`. */

const ELDER_SIZES = [22, 26, 30]; // pixels

/** Characters of one message, as the server takes them. */
const LONGEST = 2000;

class View {
  constructor(host, { full, base }) {
    this.full = full;
    this.nodes = new Map();
    this.unread = 0;
    this.root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS_TEXT);
    this.root.adoptedStyleSheets = [sheet];
    server.base = base;
    this.chat = new Chat(new Api(base), this);
    this.#build();
    this.#applyReading();
    this.#followKeyboard();
    if (full) this.open();
  }

  /* ---- frame ------------------------------------------------------------------------------ */

  #build() {
    this.launcher = el(
      "button",
      { class: "launcher", type: "button", "aria-expanded": "false", onclick: () => this.open() },
      icon("chat"),
      put(el("span"), "launcher"),
      (this.badge = el("b", { class: "badge", hidden: true })),
    );
    this.elderButton = this.#headButton(() => this.#setElder(!this.elder));
    this.sizeButton = this.#headButton(() => this.#nextSize());
    this.items = el("ol", { class: "items" });
    this.earlier = el("button", { type: "button", class: "earlier", hidden: true, onclick: () => this.#toggleEarlier() });
    // Before anything is said: who keeps it, what for, how long (个人信息保护法 17).
    const privacy = el("a", { href: `${server.base}/privacy`, target: "_blank", rel: "noopener" });
    this.log = el(
      "div",
      { class: "log", role: "log", "aria-live": "polite", tabindex: "0" },
      el("p", { class: "privacy" }, put(privacy, "privacy")),
      this.earlier,
      this.items,
    );
    label(this.log, "aria-label", "log");
    this.newer = el("button", { type: "button", class: "newer", hidden: true, onclick: () => this.#toLatest() });
    put(this.newer, "newer");
    this.log.addEventListener("scroll", () => {
      if (this.#atEnd()) this.newer.hidden = true;
    });
    this.offline = el("p", { class: "notice offline", role: "status", hidden: true });
    this.human = el("p", { class: "notice human", role: "status", hidden: true });
    this.busy = el("p", { class: "typing", role: "status" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.panel = el(
      "section",
      { class: "panel", role: this.full ? "region" : "dialog", hidden: !this.full },
      this.#head(),
      this.offline,
      this.human,
      this.log,
      this.newer,
      this.busy,
      this.#tools(),
      this.#composer(),
      this.said,
    );
    label(this.panel, "aria-label", "panel");
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.full) this.close();
    });
    this.frame = el("div", { class: this.full ? "linda full" : "linda float" }, this.full ? null : this.launcher, this.panel);
    this.root.append(this.frame);
  }

  #headButton(onclick) {
    return el("button", { type: "button", class: "switch", "aria-pressed": "false", onclick });
  }

  #head() {
    return el(
      "header",
      { class: "head" },
      el("span", { class: "seal", "aria-hidden": "true" }, say("seal")),
      el("div", { class: "names" }, put(el("h2"), "name"), put(el("p"), "motto")),
      this.sizeButton,
      this.elderButton,
      this.full ? null : this.#shut(),
    );
  }

  #shut() {
    const button = el("button", { type: "button", class: "switch shut", onclick: () => this.close() }, icon("close"));
    return label(button, "aria-label", "shut");
  }

  #tools() {
    this.file = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => this.#photo() });
    const tool = (name, words, onclick) =>
      el("button", { type: "button", class: `tool ${name}`, onclick }, icon(name), put(el("span"), words));
    this.tools = el(
      "div",
      { class: "tools", role: "group" },
      tool("person", "human", () => this.chat.post({ type: "text", text: say("human") }, say("human"))),
      tool("camera", "tool_photo", () => this.file.click()),
      tool("pin", "tool_place", () => this.#askPlace()),
      this.file,
    );
    return label(this.tools, "aria-label", "tools");
  }

  #composer() {
    this.input = el("textarea", {
      rows: "1",
      enterkeyhint: "send",
      autocomplete: "off",
      oninput: () => this.#grow(),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#say();
      },
    });
    label(this.input, "aria-label", "input");
    label(this.input, "placeholder", "hint");
    const send = el("button", { class: "send" }, icon("send"), put(el("span"), "send"));
    return el(
      "form",
      {
        class: "composer",
        onsubmit: (event) => {
          event.preventDefault();
          this.#say();
        },
      },
      this.input,
      label(send, "aria-label", "send"),
    );
  }

  open() {
    this.panel.hidden = false;
    this.frame.classList.add("open");
    this.launcher.setAttribute("aria-expanded", "true");
    this.unread = 0;
    this.badge.hidden = true;
    if (!this.begun) {
      this.begun = true;
      this.typing(true);
      this.chat.start(this.elder);
    }
    this.#toLatest();
    // On a phone the keyboard would cover the greeting before it is read.
    if (!this.full && matchMedia("(pointer: fine)").matches) this.input.focus();
  }

  close() {
    this.panel.hidden = true;
    this.frame.classList.remove("open");
    this.launcher.setAttribute("aria-expanded", "false");
    this.launcher.focus();
    if (canSpeak) speechSynthesis.cancel();
  }

  /* ---- reading ---------------------------------------------------------------------------- */

  get elder() {
    return largeLetters();
  }

  #setElder(on) {
    this.chat.setElder(on);
    this.reading(on);
  }

  /** Large letters on or off; the server knows. */
  reading(on) {
    keep.set("elder", on);
    this.#applyReading();
    this.#announce(say(on ? "elder_is_on" : "elder_is_off"));
  }

  #nextSize() {
    const now = keep.get("size") ?? ELDER_SIZES[0];
    keep.set("size", ELDER_SIZES[(ELDER_SIZES.indexOf(now) + 1) % ELDER_SIZES.length]);
    this.#applyReading();
  }

  #applyReading() {
    const size = keep.get("size") ?? ELDER_SIZES[0];
    this.frame.classList.toggle("elder", this.elder);
    this.frame.style.setProperty("--elder-size", `${size}px`);
    this.elderButton.setAttribute("aria-pressed", String(this.elder));
    put(this.elderButton, this.elder ? "elder_turn_off" : "elder_turn_on");
    this.sizeButton.hidden = !this.elder;
    put(this.sizeButton, size === ELDER_SIZES.at(-1) ? "size_smaller" : "size_larger");
    reword(this.root);
    this.#foldPast();
    this.#toLatest();
  }

  /** Elder mode shows one question at a time: everything before the last turn is folded away. */
  #foldPast() {
    const all = [...this.items.children];
    const lastOwn = all.findLastIndex((node) => node.classList.contains("resident"));
    const start = lastOwn >= 0 ? lastOwn : all.length - 1;
    all.forEach((node, index) => node.classList.toggle("past", index < start));
    const many = start > 0 && this.elder;
    this.earlier.hidden = !many;
    if (many) put(this.earlier, this.unfolded ? "earlier_fold" : "earlier_show");
    this.frame.classList.toggle("folded", many && !this.unfolded);
  }

  #toggleEarlier() {
    this.unfolded = !this.unfolded;
    this.#foldPast();
  }

  /** Tell screen readers something that is only visible as a change of colour or size. */
  #announce(words) {
    this.said.textContent = words;
  }

  /* ---- what the conversation calls -------------------------------------------------------- */

  message(item) {
    const follow = this.#atEnd() || item.from === "resident";
    const node = this.#item(item);
    if (item.id) this.nodes.set(item.id, node);
    // Only the last question is open: old buttons would answer something no longer asked.
    if (item.from === "resident") this.#closeChoices();
    // Only the last answer can be beside the point of what was said last.
    this.items.querySelectorAll(".helped, .missed").forEach((button) => button.remove());
    this.items.append(node);
    this.unfolded = false;
    this.#foldPast();
    if (follow) this.#toLatest();
    else this.newer.hidden = false;
    if (this.panel.hidden && item.from !== "resident") {
      this.unread += 1;
      this.badge.hidden = false;
      this.badge.textContent = String(this.unread);
    }
  }

  sending(id) {
    this.#mark(id, "sending", put(el("span"), "sending"));
  }

  sent(id) {
    this.#mark(id, "sent", "");
  }

  failed(id, words) {
    this.#mark(id, "failed", words);
  }

  typing(on) {
    this.busy.classList.toggle("on", on);
    this.busy.replaceChildren(...(on ? [put(el("span", { class: "unseen" }), "replying"), el("i"), el("i"), el("i")] : []));
  }

  online(on, words = null) {
    this.offline.hidden = on;
    if (!on && !words) put(this.offline, "offline");
    else plainly(this.offline, on ? "" : words);
  }

  mode(mode, name) {
    if (mode === undefined) return;
    this.human.hidden = mode !== "human";
    if (mode === "human") {
      if (name) this.humanName = name;
      put(this.human, this.humanName ? "with_person" : "waits_for_person", { name: this.humanName });
    } else this.humanName = null;
  }

  /** A ticket moved: every receipt of that number on the screen shows the new state. */
  ticket(change) {
    for (const card of this.items.querySelectorAll(".ticket")) {
      if (card.dataset.ticket !== change.ticket_no) continue;
      const node = card.querySelector(".stamp");
      const before = node.dataset.words;
      const state = stateOf(change.state, "materials" in card.dataset);
      if (stamp(node, state).dataset.words === before) continue;
      // What the receipt said about the old state is no longer so; the news is in the messages.
      card.querySelector(".step")?.closest("div").remove();
    }
  }

  started() {
    this.typing(false);
    this.#toLatest();
  }

  /* ---- one message ------------------------------------------------------------------------ */

  #item(item) {
    const who = item.from ?? "bot";
    const node = el("li", { class: `item ${who}` });
    const name = item.name ?? this.humanName;
    if (who === "human") node.append(name ? el("p", { class: "name" }, name) : put(el("p", { class: "name" }), "person"));
    const photo = this.#photoOf(item);
    if (photo) node.append(photo);
    const inCard = item.card && SAYS_IT_ALL.has(item.card.type);
    if (item.text && !photo && !inCard) node.append(el("p", { class: "bubble" }, ...unbroken(item.text)));
    if (item.card) node.append(renderCard(item.card, (words) => this.#announce(words), item.text));
    if (item.buttons?.length) node.append(this.#choices(item.buttons));
    const foot = el("div", { class: "foot" });
    if (canSpeak && (item.text || item.card) && who !== "resident") foot.append(this.#reader(item, node));
    if (who === "bot" && item.reply_to) foot.append(this.#helped(item), this.#missed(item));
    if (foot.childElementCount) node.append(foot);
    if (who === "resident") {
      node.append(el("p", { class: "fate" }));
      const sending = item.state === "sending" ? put(el("span"), "sending") : "";
      this.#fate(node, item.state ?? "sent", item.problem ?? sending, item.id);
    }
    return node;
  }

  #photoOf(item) {
    if (!item.photo && !item.attachment_id) return null;
    const image = label(el("img", { class: "photo" }), "alt", "own_photo_described");
    if (item.photo) image.src = URL.createObjectURL(item.photo);
    else
      this.chat.api.photo(item.attachment_id).then(
        (url) => (image.src = url),
        () => image.replaceWith(put(el("p", { class: "bubble" }), "photo_gone")),
      );
    return image;
  }

  #choices(buttons) {
    const group = el(
      "div",
      { class: "choices", role: "group" },
      ...buttons.map((button) =>
        el(
          "button",
          {
            type: "button",
            onclick: () => this.chat.post({ type: "payload", payload: button.payload }, button.title),
          },
          button.title,
        ),
      ),
    );
    return label(group, "aria-label", "choices");
  }

  #closeChoices() {
    this.items.querySelectorAll(".choices").forEach((choices) => choices.remove());
  }

  #reader(item, node) {
    const words = () => item.text || node.querySelector(".card")?.innerText || "";
    return el(
      "button",
      { type: "button", class: "reader", onclick: () => speak(words()) },
      icon("speaker"),
      put(el("span"), "read"),
    );
  }

  #helped(item) {
    const button = put(el("button", { type: "button", class: "helped" }), "useful");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const told = await this.chat.feedback(item.id, "useful");
      button.disabled = told;
      put(button, told ? "useful_told" : "not_noted");
      this.#announce(button.textContent);
    });
    return button;
  }

  #missed(item) {
    const button = put(el("button", { type: "button", class: "missed" }), "missed");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const told = await this.chat.feedback(item.id, "off_topic");
      if (told) {
        // The button is gone with the thanks; who came by keyboard goes on with what is offered.
        (this.items.lastElementChild?.querySelector(".choices button") ?? this.input).focus();
        return;
      }
      button.disabled = false;
      put(button, "not_noted");
      this.#announce(say("not_noted_said"));
    });
    return button;
  }

  #mark(id, state, words) {
    const node = this.nodes.get(id);
    if (node) this.#fate(node, state, words, id);
  }

  #fate(node, state, words, id) {
    node.dataset.state = state;
    const again = put(el("button", { type: "button", class: "quiet", onclick: () => this.chat.retry(id) }), "again");
    node.querySelector(".fate").replaceChildren(words, ...(state === "failed" ? [" ", again] : []));
  }

  /* ---- what the resident does ------------------------------------------------------------- */

  /** Say something of our own below everything; the end of the talk is shown, however long it is. */
  #note(words) {
    this.message({ from: "system", text: words });
    this.log.scrollTop = this.log.scrollHeight;
  }

  #say() {
    const text = this.input.value.trim();
    if (!text) return;
    if ([...text].length > LONGEST) {
      // A limit of the field itself would cut what is pasted without a word.
      this.#note(say("too_long", { most: LONGEST, written: [...text].length }));
      this.input.focus();
      return;
    }
    this.input.value = "";
    this.#grow();
    this.chat.post({ type: "text", text }, text);
    this.input.focus();
  }

  async #photo() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    try {
      await this.chat.post({ type: "attachment" }, say("own_photo"), await compressPhoto(file));
    } catch {
      this.#note(say("no_photo"));
    }
  }

  /** Where someone is right now is sensitive: say what for, and send only after a clear yes. */
  #askPlace() {
    if (!navigator.geolocation) {
      this.#note(say("place_cannot"));
      return;
    }
    const node = el(
      "li",
      { class: "item system" },
      put(el("p", { class: "bubble" }), "place_ask"),
      el(
        "div",
        { class: "choices" },
        put(el("button", { type: "button", onclick: () => this.#sendPlace(node) }), "place_yes"),
        put(el("button", { type: "button", onclick: () => node.remove() }), "place_no"),
      ),
    );
    this.items.append(node);
    this.#foldPast();
    this.#toLatest();
    node.querySelector("button").focus();
  }

  #sendPlace(node) {
    node.remove();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const place = { lat: coords.latitude, lng: coords.longitude, label: say("own_place") };
        this.chat.post({ type: "location", ...place }, place.label);
      },
      () => this.#note(say("place_not_found")),
      { enableHighAccuracy: true, timeout: 10000 },
    );
  }

  /* ---- room on the screen ----------------------------------------------------------------- */

  #grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 150)}px`;
  }

  #atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  /** Show the latest turn from its beginning: a long answer is read from the top. */
  #toLatest() {
    this.newer.hidden = true;
    this.log.scrollTop = this.log.scrollHeight;
    const all = [...this.items.children];
    const turn = all.findLast((node) => node.classList.contains("resident")) ?? all.at(-1);
    if (turn && turn.offsetTop < this.log.scrollTop) this.log.scrollTop = turn.offsetTop - 12;
  }

  /** Keep the composer above a phone's keyboard where the browser does not shrink the page. */
  #followKeyboard() {
    const screen = window.visualViewport;
    if (!screen) return;
    const fit = () => this.frame.style.setProperty("--screen", `${Math.round(screen.height)}px`);
    screen.addEventListener("resize", () => {
      const follow = this.#atEnd();
      fit();
      if (follow) this.log.scrollTop = this.log.scrollHeight;
    });
    fit();
  }
}
