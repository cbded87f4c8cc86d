/* The chat API of the server that served this script. */

/** A refusal by the server: `status`, machine code, and a Chinese sentence as its message. */
class ApiError extends Error {
  constructor(status, code, message, retryAfter) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** The same request may succeed later, unchanged. */
  get passing() {
    return this.status === 429 || this.status >= 500;
  }
}

class Api {
  constructor(base) {
    this.base = `${base}/api/v1/chat`;
    this.token = null;
  }

  createSession(elder) {
    return this.#call("POST", "/sessions", { channel: "web", elder });
  }

  setElder(elder) {
    return this.#call("PATCH", "/sessions", { elder });
  }

  /** A photo of this conversation, as an address for an image. */
  async photo(id) {
    const headers = { Authorization: `Bearer ${this.token}` };
    const response = await fetch(`${this.base}/attachments/${encodeURIComponent(id)}`, { headers });
    if (!response.ok) throw await readError(response);
    return URL.createObjectURL(await response.blob());
  }

  history() {
    return this.#call("GET", "/history");
  }

  send(message) {
    return this.#call("POST", "/messages", message);
  }

  /** Say that an answer helped (`useful`), or had nothing to do with what was asked (`off_topic`). */
  feedback(id, kind) {
    return this.#call("POST", `/messages/${encodeURIComponent(id)}/feedback`, { kind });
  }

  upload(blob) {
    const form = new FormData();
    form.append("file", blob, "photo.jpg");
    return this.#call("POST", "/attachments", form);
  }

  /**
   * Read the event stream until it ends; EventSource cannot carry the session's token in a header,
   * and a token in an address ends up in logs.
   * @param {string|null} lastEventId where to go on
   * @param {(event: {id: string|null, type: string, data: object}) => void} onEvent
   */
  async events(lastEventId, onEvent, signal) {
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${this.token}` };
    if (lastEventId) headers["Last-Event-ID"] = lastEventId;
    const response = await fetch(`${this.base}/events`, { headers, signal, cache: "no-store" });
    if (!response.ok) throw await readError(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const feed = eventParser(onEvent);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      feed(value);
    }
  }

  async #call(method, path, body) {
    const headers = {};
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const isForm = body instanceof FormData;
    if (body && !isForm) headers["Content-Type"] = "application/json";
    const response = await fetch(this.base + path, {
      method,
      headers,
      body: body && !isForm ? JSON.stringify(body) : body,
      signal: AbortSignal.timeout(isForm ? 60000 : 20000),
    });
    if (!response.ok) throw await readError(response);
    return response.json();
  }
}

async function readError(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    /* a proxy's own page */
  }
  const message = error.message || say("failed");
  return new ApiError(response.status, error.code ?? "unknown", message, retryAfter);
}

/** Turn pieces of a text/event-stream into events (WHATWG HTML, 9.2.6). */
function eventParser(onEvent) {
  let buffer = "";
  let event = { id: null, type: "message", data: [] };
  const line = (text) => {
    if (text === "") {
      if (event.data.length) {
        try {
          onEvent({ id: event.id, type: event.type, data: JSON.parse(event.data.join("\n")) });
        } catch (error) {
          console.warn("linda: unreadable event", error);
        }
      }
      event = { id: null, type: "message", data: [] };
      return;
    }
    const [, field, value] = /^([^:]*):? ?([^]*)$/.exec(text);
    if (field === "data") event.data.push(value);
    else if (field === "event") event.type = value;
    else if (field === "id") event.id = value;
  };
  return (chunk) => {
    buffer += chunk;
    const lines = buffer.split(/\r\n|\n|\r(?!$)/);
    buffer = lines.pop();
    lines.forEach(line);
  };
}
