// Joins the parts of the page. Whatever a peer said enters it as textContent, never as markup.

import { Controls } from "./controls.js";
import { Detail } from "./detail.js";
import { bytes, count, plural, seconds } from "./format.js";
import { Frames } from "./frames.js";
import { Link } from "./link.js";
import { plot } from "./plots.js";
import { Store } from "./store.js";

const PLOT_EVERY = 500; // milliseconds
const THEMES = ["auto", "light", "dark"];

const by = (id) => document.getElementById(id);
const store = new Store();
const link = new Link();
const controls = new Controls(link, store);
const detail = new Detail(link, store);
const frames = new Frames(store, (event, row) => detail.show(event, row));
let servers = [];
let followNewest = true;

// -- connections ------------------------------------------------------------------------------

const listed = (connection) => connection.state !== "file" || by("files").checked;

function choose(id, { byHand = false } = {}) {
  followNewest = followNewest && !byHand;
  store.watch(id);
  link.watch(id);
  by("detail").hidden = true;
  controls.clear();
  drawList();
  drawConnection();
  frames.draw();
  drawPlots();
}

function newest() {
  const candidates = [...store.connections.values()].filter((one) => one.state !== "file");
  return candidates.sort((a, b) => (a.start ?? 0) - (b.start ?? 0)).at(-1)?.id ?? null;
}

function drawList() {
  const list = by("connections");
  const known = new Map(Array.from(list.children, (item) => [item.dataset.id, item]));
  for (const connection of store.connections.values()) {
    const item = known.get(connection.id);
    known.delete(connection.id);
    if (listed(connection)) drawItem(item ?? newItem(connection.id), connection);
    else item?.remove();
  }
  for (const item of known.values()) item.remove();
  const some = list.children.length > 0;
  by("empty").hidden = some || store.watched !== null;
  by("choose").hidden = !some || store.watched !== null;
  by("connection").hidden = store.watched === null;
}

function newItem(id) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const button = item.appendChild(document.createElement("button"));
  button.type = "button";
  for (const name of ["name", "state", "traffic"]) {
    button.appendChild(document.createElement("span")).className = name;
  }
  button.addEventListener("click", () => choose(id, { byHand: true }));
  by("connections").prepend(item);
  return item;
}

function drawItem(item, connection) {
  const button = item.firstChild;
  const [name, state, traffic] = button.children;
  put(name, title(connection));
  put(state, connection.state);
  state.className = `state ${connection.state}`;
  const total = connection.messages_in + connection.messages_out;
  const size = connection.bytes_in + connection.bytes_out + connection.raw_in + connection.raw_out;
  put(traffic, total ? `${plural(total, "message")}, ${bytes(size)}` : bytes(size));
  button.setAttribute("aria-current", String(connection.id === store.watched));
}

function title(connection) {
  const where = servers.length > 1 ? `${connection.behaviour} ` : "";
  return `${where}#${connection.number} ${connection.path || connection.behaviour || "…"}`;
}

/** Change a text only where it differs, so that selections and readers are not disturbed. */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// -- the connection that is watched -----------------------------------------------------------

function drawConnection() {
  const connection = store.current;
  if (connection === null) return;
  put(by("title"), title(connection));
  put(by("state"), connection.state);
  by("state").className = `state ${connection.state}`;
  put(by("ending"), connection.ending);
  const facts = {
    "to server": traffic(connection.messages_in, connection.bytes_in + connection.raw_in),
    "to program": traffic(connection.messages_out, connection.bytes_out + connection.raw_out),
    age: seconds(store.age),
    behaviour: connection.behaviour,
    subprotocol: connection.subprotocol ?? "none",
    offered: connection.offered.join(", ") || "none",
    peer: connection.peer,
  };
  const list = by("facts");
  if (list.children.length !== Object.keys(facts).length) {
    list.replaceChildren(...Object.keys(facts).map(() => {
      const pair = document.createElement("div");
      pair.append(document.createElement("dt"), document.createElement("dd"));
      return pair;
    }));
  }
  Object.entries(facts).forEach(([name, value], place) => {
    put(list.children[place].firstChild, name);
    put(list.children[place].lastChild, value);
  });
  const trouble = connection.refusal ? `refused: ${connection.refusal}` : connection.fault;
  put(by("trouble"), trouble);
  by("trouble").hidden = !trouble;
  by("plots").hidden = connection.state === "refused";
  controls.draw();
}

const traffic = (messages, size) => `${count(messages)} msg · ${bytes(size)}`;

function drawPlots() {
  const connection = store.current;
  if (connection === null || frames.paused) return;
  drawConnection();
  const throughput = store.throughput();
  plot(by("throughput"), throughput, {
    what: "Bytes per second",
    text: (value) => `${bytes(value)}/s`,
    ends: [`${throughput.width} s before`, connection.state === "open" ? "now" : "the end"],
  });
  const latencies = store.latencies();
  plot(by("latency"), latencies, {
    what: "Time to answer", dots: true, text: seconds, ends: ["earlier answers", "the last"],
  });
}

// -- what the server tells --------------------------------------------------------------------

link.addEventListener("hello", ({ detail: hello }) => {
  const before = store.watched;
  servers = hello.servers;
  store.clear();
  store.update(hello.connections);
  put(by("status"), "live");
  by("status").className = "good";
  by("gone").hidden = true;
  for (const id of ["servers", "addresses"]) {
    by(id).replaceChildren(...servers.map(({ url, behaviour }) => {
      const item = document.createElement("li");
      item.textContent = id === "servers" ? `${behaviour} ${url}` : url;
      return item;
    }));
  }
  const { hostname, port } = new URL(servers[0].url.replace(/^ws/, "http"));
  put(by("example"), `emsockets run FILE.js --server none -- ${hostname} ${port}`);
  choose(store.connections.has(before) ? before : newest());
});

link.addEventListener("events", ({ detail: message }) => {
  store.begin(message);
  drawConnection();
  if (!frames.paused) frames.draw();
  drawPlots();
});

link.addEventListener("news", ({ detail: message }) => {
  store.update(message.connections);
  const fresh = store.append(message);
  const last = newest();
  if (followNewest && last !== store.watched && !frames.paused) choose(last);
  drawList();
  drawConnection();
  if (fresh.length) frames.append(fresh);
});

link.addEventListener("lost", () => {
  put(by("status"), "not connected");
  by("status").className = "bad";
  by("gone").hidden = false;
  put(by("gone"), "The server cannot be reached. This page goes on by itself as soon as "
    + "`emsockets serve` runs again at the same address.");
});

// -- what people do ---------------------------------------------------------------------------

for (const input of document.getElementsByName("view")) {
  input.addEventListener("change", () => frames.set({ view: input.value }));
}
by("filter").addEventListener("input", (event) => frames.set({ words: event.target.value }));
by("direction").addEventListener("change", (event) => frames.set({ direction: event.target.value }));
by("files").addEventListener("change", drawList);
by("pause").addEventListener("click", (event) => {
  const paused = !frames.paused;
  event.target.setAttribute("aria-pressed", String(paused));
  put(event.target, paused ? "Go on" : "Pause");
  frames.set({ paused });
});

for (const button of document.querySelectorAll("[data-export]")) {
  button.addEventListener("click", async () => {
    const format = button.dataset.export;
    try {
      const answer = await link.ask({ do: "export", format, connection: store.watched });
      download(JSON.stringify(answer.document, null, 2), `emsockets-${store.watched}.${format}`);
    } catch (error) {
      put(by("notice"), error.message);
    }
  });
}

function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  put(by("theme"), `Theme: ${theme}`);
  try {
    localStorage.setItem("emsockets-theme", theme);
  } catch {
    // No storage in this browser: the choice lasts as long as the page.
  }
}

by("theme").addEventListener("click", () => {
  const now = THEMES.indexOf(document.documentElement.dataset.theme);
  setTheme(THEMES[(now + 1) % THEMES.length]);
});

let stored = null;
try {
  stored = localStorage.getItem("emsockets-theme");
} catch {
  // As above.
}
setTheme(THEMES.includes(stored) ? stored : "auto");
setInterval(drawPlots, PLOT_EVERY);
link.connect();
