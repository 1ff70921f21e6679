// What the page knows: every connection in short, and the events of the one that is watched.

import { decode, OPCODES, searchable } from "./format.js";

const MOST_CONNECTIONS = 500;
const MOST_EVENTS = 5000;
const WINDOW = 60; // seconds that the plots show

export class Store {
  connections = new Map();
  watched = null;
  events = [];
  /** Events of the watched connection that the server does not have, or did not tell, any more. */
  missing = 0;
  #buckets = new Map();
  #counted = null;

  /** Forget everything: another server may be talking. */
  clear() {
    this.connections.clear();
    this.watch(null);
  }

  watch(id) {
    this.watched = id;
    this.events = [];
    this.missing = 0;
    this.#buckets.clear();
    this.#counted = null;
  }

  get current() {
    return this.connections.get(this.watched) ?? null;
  }

  /** Seconds that the watched connection has stood, or stood: nothing is told while it is still. */
  get age() {
    const connection = this.current;
    if (connection === null) return 0;
    const since = connection.ending ? 0 : (performance.now() - connection.told) / 1000;
    return connection.seconds + since;
  }

  /** Take the state of connections. */
  update(connections) {
    for (const connection of connections) {
      connection.told = performance.now();
      this.connections.set(connection.id, connection);
      if (connection.id === this.watched) this.#count(connection);
    }
    for (const id of this.connections.keys()) {
      if (this.connections.size <= MOST_CONNECTIONS) break;
      if (id !== this.watched) this.connections.delete(id);
    }
  }

  /** Begin with the history of the watched connection. */
  begin(message) {
    if (message.watched !== this.watched) return;
    this.events = [];
    this.missing = message.omitted;
    this.#buckets.clear();
    this.#counted = null;
    this.update(message.connections);
    const start = this.current?.start ?? 0;
    for (const event of this.#shaped(message.events)) {
      if (event.op <= 2) this.#add(event.at - start, event.from, event.size);
      this.events.push(event);
    }
  }

  /** Take what happened since; returns the new events. */
  append(message) {
    if (!message.events || message.watched !== this.watched) return [];
    const fresh = this.#shaped(message.events);
    this.missing += message.skipped;
    this.events.push(...fresh);
    const surplus = this.events.length - MOST_EVENTS;
    if (surplus > 0) {
      this.events.splice(0, surplus);
      this.missing += surplus;
    }
    return fresh;
  }

  #shaped(events) {
    return events.map((event) => {
      const data = event.data === undefined ? null : decode(event.data);
      const name = event.kind === "frame" ? OPCODES[event.op] ?? `opcode ${event.op}` : event.kind;
      const search = `${name} ${event.from ?? ""} ${event.text ?? ""} `.toLowerCase()
        + (data ? searchable(data) : "");
      return { ...event, data, name, search };
    });
  }

  /** Count bytes by the second in which they were told. */
  #count(connection) {
    const before = this.#counted;
    this.#counted = connection;
    if (before === null) return;
    this.#add(connection.seconds, "client", connection.bytes_in - before.bytes_in);
    this.#add(connection.seconds, "server", connection.bytes_out - before.bytes_out);
  }

  #add(at, from, size) {
    const second = Math.max(0, Math.floor(at));
    const bucket = this.#buckets.get(second) ?? { client: 0, server: 0 };
    bucket[from] += size;
    this.#buckets.set(second, bucket);
    for (const old of this.#buckets.keys()) {
      if (this.#buckets.size <= 2 * WINDOW) break;
      this.#buckets.delete(old);
    }
  }

  /** Bytes of each whole second of the last minute, by sender: `[seconds since the first, bytes]`. */
  throughput() {
    const last = Math.floor(this.age) - 1;
    const first = Math.max(0, last - WINDOW + 1);
    const series = { client: [], server: [] };
    for (let second = first; second <= last; second += 1) {
      const bucket = this.#buckets.get(second) ?? { client: 0, server: 0 };
      series.client.push([second - first, bucket.client]);
      series.server.push([second - first, bucket.server]);
    }
    return { series, width: Math.max(last - first, 1) };
  }

  /** The newest answers and how long they took, by who answered: `[number, seconds]`. */
  latencies(most = 200) {
    const answers = this.events.filter((event) => event.latency !== undefined).slice(-most);
    const series = { client: [], server: [] };
    answers.forEach((event, place) => series[event.from].push([place, event.latency]));
    return { series, width: Math.max(answers.length - 1, 1) };
  }
}
