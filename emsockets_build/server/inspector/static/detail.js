// One payload, whole as far as the record has it, as text or in hex.

import { asHex, asText, bytes, decode, seconds } from "./format.js";

export class Detail {
  #link;
  #store;
  #box = document.getElementById("detail");
  #title = document.getElementById("detail-title");
  #payload = document.getElementById("payload");
  #data = null;
  #from = null;

  constructor(link, store) {
    this.#link = link;
    this.#store = store;
    document.getElementById("close-detail").addEventListener("click", () => this.hide());
    for (const input of document.getElementsByName("as-view")) {
      input.addEventListener("change", () => this.#draw());
    }
  }

  hide() {
    this.#box.hidden = true;
    this.#from?.removeAttribute("aria-current");
    this.#from?.focus();
    this.#from = null;
  }

  async show(event, row) {
    this.#from?.removeAttribute("aria-current");
    this.#from = row;
    row.setAttribute("aria-current", "true");
    this.#box.hidden = false;
    if (!event.data) {
      this.#data = null;
      this.#title.textContent = `${event.name} at ${event.at.toFixed(6)} s`;
      this.#payload.className = "";
      this.#payload.textContent = event.text;
      return;
    }
    const who = event.from === "client" ? "to the server" : "to the program";
    const took = event.latency === undefined ? "" : `, answers after ${seconds(event.latency)}`;
    this.#title.textContent = `${event.name} ${who}, ${bytes(event.size)}, at ${event.at.toFixed(6)} s${took}`;
    this.#data = event.data;
    this.#draw();
    if (event.kept <= event.data.length) {
      this.#cut(event.kept, event.size);
      return;
    }
    try {
      const request = { do: "payload", connection: this.#store.watched, event: event.n };
      const answer = await this.#link.ask(request);
      if (this.#from !== row) return;
      this.#data = decode(answer.data);
      this.#draw();
      this.#cut(this.#data.length, event.size);
    } catch (error) {
      this.#payload.append(`\n(${error.message})`);
    }
  }

  #cut(kept, size) {
    if (kept < size) this.#title.textContent += `, of which ${bytes(kept)} are kept`;
  }

  #draw() {
    if (this.#data === null) return;
    const hex = document.querySelector('[name="as-view"]:checked').value === "hex";
    this.#payload.className = hex ? "hex" : "";
    this.#payload.textContent = this.#data.length
      ? (hex ? asHex : asText)(this.#data) : "(no payload)";
  }
}
