/* The conversation: session, sending in order, and what arrives later. Knows no element. */

const BACKOFF = [1, 2, 5, 10, 20, 30]; // seconds between attempts
const GIVE_UP_STATUS = new Set([400, 403, 404, 409, 413, 415, 422]);

/** Seconds before attempt `n` + 1, spread so that a street coming back online does not stampede. */
function backoff(attempt) {
  return BACKOFF[Math.min(attempt, BACKOFF.length - 1)] * (0.75 + Math.random() / 2);
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * Callbacks of the view: `message(item)`, `sent(id)`, `failed(id, words)`, `typing(on)`,
 * `online(on)`, `mode(mode, name)`, `ticket({ticket_no, state, …})`, `reading(elder)`, `started()`.
 */
class Chat {
  constructor(api, view) {
    this.api = api;
    this.view = view;
    this.outbox = new Outbox();
    this.seen = new Set();
    this.sending = false;
    this.lastEventId = null;
    this.sleepers = new Set();
  }

  /** Resume the saved session or get a new one, then listen until the page goes. */
  async start(elder) {
    this.elder = elder;
    await this.outbox.open();
    window.addEventListener("online", () => this.sleepers.forEach((wake) => wake()));
    const saved = keep.get("session");
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#enter(saved);
        break;
      } catch (error) {
        this.view.online(false, error instanceof ApiError ? error.message : null);
        await this.#pause(backoff(attempt));
      }
    }
    this.view.online(true);
    this.view.started();
    for (const item of this.outbox.items) this.view.message(ownItem(item));
    this.#listen();
    this.#flush();
  }

  async #enter(saved) {
    if (saved?.token) {
      this.api.token = saved.token;
      try {
        const { messages, mode, agent, last_event_id: last } = await this.api.history();
        this.lastEventId = last;
        messages.forEach((message) => this.#receive(message, false));
        this.view.mode(mode ?? "bot", agent?.name);
        return;
      } catch (error) {
        // Only the server saying that it no longer knows this session starts another one.
        if (!(error instanceof ApiError) || ![401, 403, 404].includes(error.status)) throw error;
      }
    }
    await this.#renew();
  }

  async #renew() {
    this.api.token = null;
    const session = await this.api.createSession(this.elder);
    this.api.token = session.token;
    // From the greeting on: nothing said between now and the stream's opening is missed.
    this.lastEventId = String(Math.max(0, ...(session.messages ?? []).map((message) => message.seq ?? 0)));
    keep.set("session", { session_id: session.session_id, token: session.token });
    (session.messages ?? []).forEach((message) => this.#receive(message));
    this.view.mode("bot");
  }

  /** Put a message on its way; it is safe on the device before anything is sent. */
  async post(content, words, blob = null) {
    const item = { client_message_id: newId(), queued_at: Date.now(), content, words, blob };
    await this.outbox.add(item);
    this.view.message(ownItem(item));
    this.#flush();
  }

  /** Tell the server how the resident likes to be spoken to; on failure the next session knows. */
  setElder(elder) {
    this.elder = elder;
    if (this.api.token) this.api.setElder(elder).catch(() => {});
  }

  /** Tell the server what the resident thinks of an answer; false when it could not be told. */
  async feedback(id, kind) {
    try {
      const { messages } = await this.api.feedback(id, kind);
      messages.forEach((message) => this.#receive(message));
      return true;
    } catch {
      return false;
    }
  }

  retry(id) {
    const item = this.outbox.items.find((other) => other.client_message_id === id);
    if (!item) return;
    item.refused = null;
    this.view.sending(id);
    this.#flush();
  }

  async #flush() {
    if (this.sending || !this.api.token) return;
    this.sending = true;
    for (let attempt = 0; ; ) {
      const item = this.outbox.items.find((other) => !other.refused);
      if (!item) break;
      this.view.typing(true);
      try {
        await this.#deliver(item);
        attempt = 0;
        this.view.online(true);
      } catch (error) {
        this.view.typing(false);
        if (await this.#refused(item, error)) continue;
        this.view.online(false, error instanceof ApiError ? error.message : null);
        await this.#pause(error.retryAfter ?? backoff(attempt));
        attempt += 1;
      }
    }
    this.view.typing(false);
    this.sending = false;
  }

  async #deliver(item) {
    if (item.blob && !item.content.attachment_id) {
      const uploaded = await this.api.upload(item.blob);
      item.content = { type: "attachment", attachment_id: uploaded.attachment_id ?? uploaded.id };
      await this.outbox.update(item);
    }
    const id = item.client_message_id;
    this.seen.add(id);
    const answer = await this.api.send({ client_message_id: id, ...item.content });
    await this.outbox.remove(item);
    this.view.sent(id);
    this.view.typing(false);
    (answer.messages ?? []).forEach((message) => this.#receive(message));
    this.view.mode(answer.mode, answer.agent?.name);
  }

  /** True when trying the same again is no use: the resident is told and decides. */
  async #refused(item, error) {
    if (!(error instanceof ApiError)) return false;
    if (error.status === 401) {
      await this.#renew().catch(() => wait(backoff(1)));
      return true;
    }
    if (!GIVE_UP_STATUS.has(error.status)) return false;
    item.refused = error.message;
    await this.outbox.update(item);
    this.view.failed(item.client_message_id, error.message);
    return true;
  }

  async #listen() {
    for (let attempt = 0; ; attempt += 1) {
      const began = Date.now();
      try {
        await this.api.events(this.lastEventId, (event) => this.#event(event));
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) await this.#renew().catch(() => {});
        else if (!(error instanceof ApiError)) this.view.online(false);
      }
      if (Date.now() - began > 30000) attempt = 0;
      await this.#pause(backoff(attempt));
    }
  }

  #event({ id, type, data }) {
    this.view.online(true);
    if (id) this.lastEventId = id;
    if (type === "mode") this.view.mode(data.mode, data.agent?.name);
    else if (type === "message") this.#receive(data);
  }

  /** `live`: said now; what is read again at the start changes no setting a second time. */
  #receive(message, live = true) {
    const ids = [message.id, message.client_message_id].filter(Boolean);
    const known = ids.some((id) => this.seen.has(id));
    ids.forEach((id) => this.seen.add(id));
    if (known) return;
    this.view.message(message);
    if (message.ticket) this.view.ticket(message.ticket);
    if (live && message.card?.type === "reading") {
      this.elder = message.card.elder;
      this.view.reading(this.elder);
    }
  }

  /** Sleep, but get up at once when the network is back. */
  #pause(seconds) {
    return new Promise((resolve) => {
      const wake = () => {
        this.sleepers.delete(wake);
        resolve();
      };
      this.sleepers.add(wake);
      setTimeout(wake, seconds * 1000);
    });
  }
}

/** The resident's own message as the view shows it. */
function ownItem(item) {
  return {
    id: item.client_message_id,
    from: "resident",
    text: item.words,
    photo: item.blob,
    state: item.refused ? "failed" : "sending",
    problem: item.refused,
  };
}
