// The frames of the watched connection: a sequence diagram or a table, the newest last.

import { bytes, count, plural, preview, seconds } from "./format.js";

const MOST_ROWS = 400;
const HEADINGS = {
  sequence: [["at", "seconds"], ["who", "program"], ["net", "network"], ["who", "server"]],
  table: [
    ["at", "seconds"], ["way", "way"], ["kind", "kind"], ["number", "size"],
    ["number", "answer in"], ["data", "payload"],
  ],
};
const WAYS = { client: ["→", " server"], server: ["←", " program"] };
const TROUBLE = new Set(["fault"]);

function cell(row, className, text = "") {
  const element = row.appendChild(document.createElement("td"));
  element.className = className;
  element.textContent = text;
  return element;
}

function span(parent, className, text) {
  const element = parent.appendChild(document.createElement("span"));
  element.className = className;
  element.textContent = text;
  return element;
}

export class Frames {
  #table;
  #scroll;
  #notice;
  #store;
  #view = "sequence";
  #words = "";
  #direction = "";
  #paused = false;
  #unseen = 0;
  #shown = [];

  /** @param onChoose called with an event that was chosen */
  constructor(store, onChoose) {
    this.#store = store;
    this.#table = document.getElementById("frames");
    this.#scroll = document.getElementById("scroll");
    this.#notice = document.getElementById("notice");
    const choose = (target) => {
      const row = target.closest("tbody tr");
      const event = this.#shown.find((one) => String(one.n) === row?.dataset.n);
      if (event) onChoose(event, row);
    };
    this.#table.addEventListener("click", (event) => choose(event.target));
    this.#table.addEventListener("keydown", (event) => this.#onKey(event, choose));
  }

  get paused() {
    return this.#paused;
  }

  /** Change what is shown: `view`, `words`, `direction`, `paused`. */
  set({ view = this.#view, words = this.#words, direction = this.#direction, paused = this.#paused }) {
    this.#view = view;
    this.#words = words.trim().toLowerCase();
    this.#direction = direction;
    this.#paused = paused;
    this.draw();
  }

  /** Draw everything anew. */
  draw() {
    const row = this.#table.tHead.rows[0];
    row.replaceChildren();
    for (const [className, text] of HEADINGS[this.#view]) {
      const heading = row.appendChild(document.createElement("th"));
      heading.scope = "col";
      heading.className = className;
      heading.textContent = text;
    }
    this.#table.className = this.#view;
    this.#unseen = 0;
    this.#shown = this.#store.events.filter((event) => this.#wanted(event)).slice(-MOST_ROWS);
    this.#table.tBodies[0].replaceChildren(...this.#shown.map((event) => this.#row(event)));
    this.#afterwards(true);
  }

  /** Add what has just happened. */
  append(events) {
    if (this.#paused) {
      this.#unseen += events.length;
      this.#say();
      return;
    }
    const wanted = events.filter((event) => this.#wanted(event)).slice(-MOST_ROWS);
    const follow = this.#atEnd();
    const body = this.#table.tBodies[0];
    this.#shown.push(...wanted);
    body.append(...wanted.map((event) => this.#row(event)));
    const surplus = this.#shown.length - MOST_ROWS;
    if (surplus > 0) {
      this.#shown.splice(0, surplus);
      for (let number = 0; number < surplus; number += 1) body.firstChild.remove();
    }
    this.#afterwards(follow);
  }

  #wanted(event) {
    if (this.#direction && event.from !== this.#direction) return false;
    return !this.#words || event.search.includes(this.#words)
      || event.search.includes(this.#words.replace(/\s/g, ""));
  }

  #atEnd() {
    const box = this.#scroll;
    return box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  }

  #afterwards(follow) {
    const rows = this.#table.tBodies[0].rows;
    if (rows.length && !this.#table.querySelector('tbody tr[tabindex="0"]')) {
      rows[rows.length - 1].tabIndex = 0;
    }
    if (follow) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#say();
  }

  #say() {
    const said = [];
    const kept = this.#store.events.length;
    if (this.#paused) said.push(`paused, ${plural(this.#unseen, "new event")}`);
    if (!kept) said.push("nothing has happened yet");
    else if (!this.#shown.length) said.push("nothing matches the filter");
    else if (this.#shown.length < kept) {
      const match = this.#words || this.#direction ? " that match" : "";
      said.push(`the last ${count(this.#shown.length)}${match} of ${count(kept)}`);
    }
    if (this.#store.missing) said.push(`${plural(this.#store.missing, "earlier event")} not kept`);
    const text = said.join(" · ");
    if (this.#notice.textContent !== text) this.#notice.textContent = text;
  }

  #row(event) {
    const row = document.createElement("tr");
    row.dataset.n = event.n;
    row.tabIndex = -1;
    if (TROUBLE.has(event.kind)) row.className = "trouble";
    cell(row, "at", event.at.toFixed(3));
    if (this.#view === "table") this.#tableCells(row, event);
    else this.#sequenceCells(row, event);
    return row;
  }

  #sequenceCells(row, event) {
    const words = event.data ? preview(event.data, event.size, 40) : event.text ?? "";
    const byClient = event.from === "client" || event.kind === "accepted" || event.kind === "requested";
    if (!event.data) row.classList.add("said");
    cell(row, "who program", byClient ? words : "");
    const net = cell(row, "net");
    if (event.data) {
      const outward = event.from === "client";
      const arrow = span(net, `arrow ${outward ? "to-server" : "to-program"}`, "");
      span(arrow, "label", `${event.name}${event.fin === false ? " …" : ""} ${bytes(event.size)}`);
      if (event.latency !== undefined) span(arrow.firstChild, "took", seconds(event.latency));
      span(arrow, "spoken", outward ? "to the server" : "to the program");
    }
    cell(row, "who server", byClient ? "" : words);
  }

  #tableCells(row, event) {
    const [arrow, word] = WAYS[event.from] ?? ["", ""];
    span(cell(row, `way ${event.from ?? ""}`, arrow), "word", word);
    cell(row, "kind", `${event.name}${event.fin === false ? " …" : ""}`);
    cell(row, "number", event.size === undefined ? "" : bytes(event.size));
    cell(row, "number", event.latency === undefined ? "" : seconds(event.latency));
    cell(row, "data", event.data ? preview(event.data, event.size, 64) : event.text ?? "");
  }

  #onKey(event, choose) {
    const row = event.target.closest("tbody tr");
    if (row === null) return;
    const steps = {
      ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling,
      Home: row.parentNode.firstElementChild, End: row.parentNode.lastElementChild,
    };
    if (event.key === "Enter" || event.key === " ") choose(row);
    else if (!(event.key in steps)) return;
    else if (steps[event.key]) {
      row.tabIndex = -1;
      steps[event.key].tabIndex = 0;
      steps[event.key].focus();
    }
    event.preventDefault();
  }
}
