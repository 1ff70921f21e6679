// The WebSocket to the server that is inspected: what it tells, and requests with their answers.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

export class Link extends EventTarget {
  #socket = null;
  #count = 0;
  #waiting = new Map();
  #wait = FIRST_WAIT;

  /** Connect, and again whenever the connection is lost. */
  connect() {
    const token = document.querySelector('meta[name="emsockets-token"]').content;
    const url = new URL("channel", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("token", token);
    const socket = new WebSocket(url);
    socket.onopen = () => {
      this.#socket = socket;
      this.#wait = FIRST_WAIT;
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = () => this.#lost();
  }

  /** Send a request; resolves with the answer, rejects with what was wrong, in words. */
  ask(request) {
    if (this.#socket === null) return Promise.reject(new Error("the server cannot be reached"));
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...request, id }));
    });
  }

  /** Watch a connection; what is known of it arrives as news. */
  watch(connection) {
    this.#socket?.send(JSON.stringify({ id: 0, do: "watch", connection }));
  }

  #take(message) {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "refused") {
      const words = [message.what, message.why, message.remedy].filter(Boolean).join("; ");
      waiting?.reject(new Error(words));
    } else {
      waiting?.resolve(message);
    }
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  async #lost() {
    this.#socket = null;
    for (const { reject } of this.#waiting.values()) reject(new Error("the server is gone"));
    this.#waiting.clear();
    this.dispatchEvent(new Event("lost"));
    setTimeout(() => this.#again(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  /** A server that was started anew has another token: then the page itself must be new. */
  async #again() {
    try {
      const page = await (await fetch("./", { cache: "no-store" })).text();
      const token = document.querySelector('meta[name="emsockets-token"]').content;
      if (!page.includes(token)) {
        location.reload();
        return;
      }
    } catch {
      // It is not there yet.
    }
    this.connect();
  }
}
