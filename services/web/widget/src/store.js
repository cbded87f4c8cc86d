/* What the browser keeps: the session, the reading preferences, and messages not yet sent. */

const memory = new Map();

/** A value of localStorage, or of memory where storage is closed (private windows). */
const keep = {
  get(name) {
    try {
      return JSON.parse(localStorage.getItem(`linda.${name}`));
    } catch {
      return memory.get(name) ?? null;
    }
  },
  set(name, value) {
    memory.set(name, value);
    try {
      if (value === null) localStorage.removeItem(`linda.${name}`);
      else localStorage.setItem(`linda.${name}`, JSON.stringify(value));
    } catch {
      /* memory has it for as long as the page lives */
    }
  },
};

/** A random id that also works on plain http, where crypto.randomUUID is missing. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Messages on their way, oldest first, kept in IndexedDB because photos are too big for
 * localStorage. Each keeps its client_message_id for good: sent twice, it takes effect once.
 */
class Outbox {
  constructor() {
    this.items = [];
    this.db = null;
  }

  async open() {
    this.db = await new Promise((resolve) => {
      try {
        const request = indexedDB.open("linda", 1);
        request.onupgradeneeded = () =>
          request.result.createObjectStore("outbox", { keyPath: "client_message_id" });
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(null);
      } catch {
        resolve(null);
      }
    });
    const saved = await this.#run("readonly", (store) => store.getAll());
    this.items = (saved ?? []).sort((a, b) => a.queued_at - b.queued_at);
  }

  async add(item) {
    this.items.push(item);
    await this.#run("readwrite", (store) => store.put(item));
  }

  async update(item) {
    await this.#run("readwrite", (store) => store.put(item));
  }

  async remove(item) {
    this.items = this.items.filter((other) => other !== item);
    await this.#run("readwrite", (store) => store.delete(item.client_message_id));
  }

  #run(mode, work) {
    if (!this.db) return Promise.resolve(null);
    return new Promise((resolve) => {
      const request = work(this.db.transaction("outbox", mode).objectStore("outbox"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    });
  }
}
