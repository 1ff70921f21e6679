// Buttons that make the server misbehave on the connection that is watched.

import { seconds } from "./format.js";

function number(form, name) {
  const text = form.elements[name].value.trim();
  const value = Number(text);
  if (!text || !Number.isFinite(value)) throw new Error(`${name}: ${text || "nothing"} is no number`);
  return value;
}

const REQUESTS = {
  close: (form) => ({ do: "close", code: number(form, "code"), reason: form.elements.reason.value }),
  delay: (form) => ({ do: "delay", seconds: number(form, "ms") / 1000 }),
  split: (form) => ({ do: "split", size: number(form, "size") }),
  send: (form) => ({ do: form.elements.as.value, text: form.elements.text.value }),
};

export class Controls {
  #link;
  #store;
  #said = document.getElementById("said");
  #freeze = document.querySelector('[data-do="freeze"]');

  constructor(link, store) {
    this.#link = link;
    this.#store = store;
    for (const form of document.querySelectorAll("#acts form")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#act(() => REQUESTS[form.dataset.do](form));
      });
    }
    for (const button of document.querySelectorAll("#acts .form button")) {
      button.addEventListener("click", () => {
        const frozen = button === this.#freeze && button.getAttribute("aria-pressed") === "true";
        this.#act(() => ({ do: frozen ? "thaw" : button.dataset.do }));
      });
    }
  }

  /** Show what can be done, and what is set. */
  draw() {
    const connection = this.#store.current;
    const control = connection?.control ?? null;
    document.getElementById("acts").disabled = control === null;
    document.getElementById("idle").hidden = control !== null;
    const frozen = control?.frozen ?? false;
    this.#freeze.setAttribute("aria-pressed", String(frozen));
    this.#freeze.textContent = frozen ? "Thaw" : "Freeze";
    const set = [];
    if (frozen) set.push("frozen");
    if (control?.delay) set.push(`late by ${seconds(control.delay)}`);
    if (control?.split) set.push(`in pieces of ${control.split} B`);
    const summary = document.querySelector("#controls summary");
    summary.textContent = set.length ? `Misbehave: ${set.join(", ")}` : "Misbehave";
  }

  /** Forget what was said about another connection. */
  clear() {
    this.#say("", false);
  }

  async #act(make) {
    try {
      const request = make();
      const answer = await this.#link.ask({ ...request, connection: this.#store.watched });
      this.#store.update(answer.connections);
      this.draw();
      this.#say(`${request.do}: done`, false);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, bad) {
    this.#said.textContent = text;
    this.#said.className = bad ? "bad" : "";
  }
}
