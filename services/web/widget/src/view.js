/* What the resident sees. One class, one root; the conversation calls it, never the reverse way
   round except through `this.chat`. */

const ELDER_SIZES = [22, 26, 30]; // pixels
const OFFLINE = "网断了，连上就发出去";

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
      el("span", {}, "有事找社区"),
      (this.badge = el("b", { class: "badge", hidden: true })),
    );
    this.elderButton = this.#headButton("大字", () => this.#setElder(!this.elder));
    this.sizeButton = this.#headButton("字再大", () => this.#nextSize());
    this.items = el("ol", { class: "items" });
    this.earlier = el("button", { type: "button", class: "earlier", hidden: true, onclick: () => this.#toggleEarlier() });
    // Before anything is said: who keeps it, what for, how long (个人信息保护法 17).
    const privacy = el("a", { href: `${server.base}/privacy`, target: "_blank", rel: "noopener" }, "您的信息怎么用");
    this.log = el(
      "div",
      { class: "log", role: "log", "aria-live": "polite", "aria-label": "对话内容", tabindex: "0" },
      el("p", { class: "privacy" }, privacy),
      this.earlier,
      this.items,
    );
    this.newer = el(
      "button",
      { type: "button", class: "newer", hidden: true, onclick: () => this.#toLatest() },
      "有新消息，点这里看",
    );
    this.log.addEventListener("scroll", () => {
      if (this.#atEnd()) this.newer.hidden = true;
    });
    this.offline = el("p", { class: "notice offline", role: "status", hidden: true });
    this.human = el("p", { class: "notice human", role: "status", hidden: true });
    this.busy = el("p", { class: "typing", role: "status" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.panel = el(
      "section",
      { class: "panel", role: this.full ? "region" : "dialog", "aria-label": "邻答，社区居民服务", hidden: !this.full },
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
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.full) this.close();
    });
    this.frame = el("div", { class: this.full ? "linda full" : "linda float" }, this.full ? null : this.launcher, this.panel);
    this.root.append(this.frame);
  }

  #headButton(words, onclick) {
    return el("button", { type: "button", class: "switch", "aria-pressed": "false", onclick }, words);
  }

  #head() {
    return el(
      "header",
      { class: "head" },
      el("span", { class: "seal", "aria-hidden": "true" }, "邻"),
      el("div", { class: "names" }, el("h2", {}, "邻答"), el("p", {}, "社区里的事，说一声就行")),
      this.sizeButton,
      this.elderButton,
      this.full
        ? null
        : el("button", { type: "button", class: "switch shut", "aria-label": "收起", onclick: () => this.close() }, icon("close")),
    );
  }

  #tools() {
    this.file = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => this.#photo() });
    const tool = (name, words, onclick) =>
      el("button", { type: "button", class: `tool ${name}`, onclick }, icon(name), el("span", {}, words));
    this.tools = el(
      "div",
      { class: "tools", role: "group", "aria-label": "其他办法" },
      tool("person", "人工", () => this.chat.post({ type: "text", text: "人工" }, "人工")),
      tool("camera", "照片", () => this.file.click()),
      tool("pin", "位置", () => this.#askPlace()),
      this.file,
    );
    return this.tools;
  }

  #composer() {
    this.input = el("textarea", {
      rows: "1",
      enterkeyhint: "send",
      autocomplete: "off",
      "aria-label": "要说的话",
      placeholder: "哪里坏了、要办什么，直接说",
      oninput: () => this.#grow(),
      onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#say();
      },
    });
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
      el("button", { class: "send", "aria-label": "发送" }, icon("send"), el("span", {}, "发送")),
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
    return keep.get("elder") === true;
  }

  #setElder(on) {
    this.chat.setElder(on);
    this.reading(on);
  }

  /** Large letters on or off; the server knows. */
  reading(on) {
    keep.set("elder", on);
    this.#applyReading();
    this.#announce(on ? "大字打开了" : "大字关上了");
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
    this.elderButton.textContent = this.elder ? "普通字" : "大字";
    this.input.placeholder = this.elder ? "请说…" : "哪里坏了、要办什么，直接说";
    this.sizeButton.hidden = !this.elder;
    this.sizeButton.textContent = size === ELDER_SIZES.at(-1) ? "字小些" : "字再大";
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
    if (many) this.earlier.textContent = this.unfolded ? "收起前面说的话" : "看前面说的话";
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
    this.#mark(id, "sending", "正在发送");
  }

  sent(id) {
    this.#mark(id, "sent", "");
  }

  failed(id, words) {
    this.#mark(id, "failed", words);
  }

  typing(on) {
    this.busy.classList.toggle("on", on);
    this.busy.replaceChildren(...(on ? [el("span", { class: "unseen" }, "正在回复"), el("i"), el("i"), el("i")] : []));
  }

  online(on, words = null) {
    this.offline.hidden = on;
    const text = on ? "" : words || OFFLINE;
    if (this.offline.textContent !== text) this.offline.textContent = text;
  }

  mode(mode, name) {
    if (mode === undefined) return;
    this.human.hidden = mode !== "human";
    if (mode === "human") {
      if (name) this.humanName = name;
      const words = this.humanName ? `${this.humanName} 正在和您说话` : "已经转给工作人员，请稍等，您可以接着说";
      if (this.human.textContent !== words) this.human.textContent = words;
    } else this.humanName = null;
  }

  /** A ticket moved: every receipt of that number on the screen shows the new state. */
  ticket(change) {
    const words = STATE_WORDS[change.state];
    if (!words) return;
    for (const card of this.items.querySelectorAll(".ticket")) {
      if (card.dataset.ticket !== change.ticket_no) continue;
      const stamp = card.querySelector(".stamp");
      if (stamp.textContent === words) continue;
      stamp.textContent = words;
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
    const name = { human: item.name ?? this.humanName ?? "工作人员", system: null, bot: null, resident: null }[who];
    if (name) node.append(el("p", { class: "name" }, name));
    const photo = this.#photoOf(item);
    if (photo) node.append(photo);
    const inCard = item.card && SAYS_IT_ALL.has(item.card.type);
    if (item.text && !photo && !inCard) node.append(el("p", { class: "bubble" }, item.text));
    if (item.card) node.append(renderCard(item.card, (words) => this.#announce(words), item.text));
    if (item.buttons?.length) node.append(this.#choices(item.buttons));
    const foot = el("div", { class: "foot" });
    if (canSpeak && (item.text || item.card) && who !== "resident") foot.append(this.#reader(item, node));
    if (who === "bot" && item.reply_to) foot.append(this.#helped(item), this.#missed(item));
    if (foot.childElementCount) node.append(foot);
    if (who === "resident") {
      node.append(el("p", { class: "fate" }));
      this.#fate(node, item.state ?? "sent", item.problem ?? (item.state === "sending" ? "正在发送" : ""), item.id);
    }
    return node;
  }

  #photoOf(item) {
    if (!item.photo && !item.attachment_id) return null;
    const image = el("img", { class: "photo", alt: "我发的照片" });
    if (item.photo) image.src = URL.createObjectURL(item.photo);
    else
      this.chat.api.photo(item.attachment_id).then(
        (url) => (image.src = url),
        () => image.replaceWith(el("p", { class: "bubble" }, "（照片）")),
      );
    return image;
  }

  #choices(buttons) {
    return el(
      "div",
      { class: "choices", role: "group", "aria-label": "可以点的回答" },
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
  }

  #closeChoices() {
    this.items.querySelectorAll(".choices").forEach((choices) => choices.remove());
  }

  #reader(item, node) {
    const words = () => item.text || node.querySelector(".card")?.innerText || "";
    return el(
      "button",
      { type: "button", class: "reader", "aria-label": "读出来", onclick: () => speak(words()) },
      icon("speaker"),
      el("span", {}, "读给我听"),
    );
  }

  #helped(item) {
    const button = el("button", { type: "button", class: "helped" }, "有用");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const told = await this.chat.feedback(item.id, "useful");
      button.disabled = told;
      button.textContent = told ? "记下了，谢谢" : "没记上，再点一次";
      this.#announce(button.textContent);
    });
    return button;
  }

  #missed(item) {
    const button = el("button", { type: "button", class: "missed" }, "答非所问？");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const told = await this.chat.feedback(item.id, "off_topic");
      if (told) {
        // The button is gone with the thanks; who came by keyboard goes on with what is offered.
        (this.items.lastElementChild?.querySelector(".choices button") ?? this.input).focus();
        return;
      }
      button.disabled = false;
      button.textContent = "没记上，再点一次";
      this.#announce("没记上，请再点一次");
    });
    return button;
  }

  #mark(id, state, words) {
    const node = this.nodes.get(id);
    if (node) this.#fate(node, state, words, id);
  }

  #fate(node, state, words, id) {
    node.dataset.state = state;
    const again = el("button", { type: "button", class: "quiet", onclick: () => this.chat.retry(id) }, "再发一次");
    node.querySelector(".fate").replaceChildren(words, ...(state === "failed" ? [" ", again] : []));
  }

  /* ---- what the resident does ------------------------------------------------------------- */

  #say() {
    const text = this.input.value.trim();
    if (!text) return;
    if ([...text].length > LONGEST) {
      // A limit of the field itself would cut what is pasted without a word.
      const words = `一次最多发${LONGEST}个字，您写了${[...text].length}个，都还在框里。请删短一点，或者分两次发。`;
      this.message({ from: "system", text: words });
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
      await this.chat.post({ type: "attachment" }, "照片", await compressPhoto(file));
    } catch {
      this.message({ from: "system", text: "这个文件打不开，不像是照片。请换一张，或者直接用文字说。" });
    }
  }

  /** Where someone is right now is sensitive: say what for, and send only after a clear yes. */
  #askPlace() {
    if (!navigator.geolocation) {
      this.message({ from: "system", text: "这个手机不能取位置。请告诉我小区和楼号，比如“幸福小区3号楼”。" });
      return;
    }
    const node = el(
      "li",
      { class: "item system" },
      el("p", { class: "bubble" }, "把您现在的位置发给社区，只用来找到要处理的地方。发吗？"),
      el(
        "div",
        { class: "choices" },
        el("button", { type: "button", onclick: () => this.#sendPlace(node) }, "发位置"),
        el("button", { type: "button", onclick: () => node.remove() }, "不发"),
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
        const place = { lat: coords.latitude, lng: coords.longitude, label: "我现在的位置" };
        this.chat.post({ type: "location", ...place }, "我现在的位置");
      },
      () => this.message({ from: "system", text: "没有取到位置。请告诉我小区和楼号，比如“幸福小区3号楼”。" }),
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
