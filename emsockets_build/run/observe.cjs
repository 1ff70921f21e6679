// Watches WebSockets without changing what the program sees of them; used by hook.cjs.
"use strict";

const { errorMonitor } = require("node:events");

const DETAILED = 2000; // messages per socket and direction that are reported one by one

const watched = new Map(); // number -> socket, until it is closed
const counting = new Set(); // the Watch of each WebSocket whose totals are still to be told
let count = 0;

function byteLength(data) {
  if (data === undefined || data === null) return 0;
  if (typeof data === "string") return Buffer.byteLength(data);
  if (Array.isArray(data)) return data.reduce((sum, part) => sum + byteLength(part), 0);
  return data.byteLength ?? data.size ?? data.length ?? 0;
}

function protocolsOf(argument) {
  if (Array.isArray(argument)) return argument.map(String);
  if (typeof argument === "string") return [argument];
  if (argument && typeof argument.protocol === "string") return argument.protocol.split(",");
  return [];
}

function openSockets() {
  const states = ["connecting", "open", "closing", "closed"];
  return [...watched].slice(0, 20).map(([number, socket]) => ({
    socket: number,
    // a net.Socket says it in words, a server not at all
    state: typeof socket.readyState === "string" ? socket.readyState : states[socket.readyState] ?? "listening",
    url: String(socket.url ?? (socket.remotePort ? `tcp://${socket.remoteAddress}:${socket.remotePort}` : "")),
    buffered: socket.bufferedAmount ?? 0,
  }));
}

// A process can end before its sockets have closed; what they carried counts all the same.
function tellTotals() {
  for (const watch of counting) watch.totals();
}

class Watch {
  constructor(socket, report) {
    this.number = ++count;
    this.socket = socket;
    this.send = report;
    this.sent = { messages: 0, bytes: 0 };
    this.received = { messages: 0, bytes: 0 };
    watched.set(this.number, socket);
    counting.add(this);
  }

  report(event, fields = {}) {
    this.send(event, { socket: this.number, ...fields });
  }

  message(event, counter, size, fields) {
    counter.messages += 1;
    counter.bytes += size;
    if (counter.messages <= DETAILED) this.report(event, { size, ...fields });
  }

  closed(fields) {
    if (!watched.delete(this.number)) return;
    this.totals();
    this.report("close", fields);
  }

  totals() {
    if (!counting.delete(this)) return;
    this.report("totals", {
      sent_messages: this.sent.messages,
      sent_bytes: this.sent.bytes,
      received_messages: this.received.messages,
      received_bytes: this.received.bytes,
    });
  }
}

function watchCalls(watch) {
  const socket = watch.socket;
  for (const name of ["send", "close", "terminate"]) {
    const original = socket[name];
    if (typeof original !== "function") continue;
    const replacement = function (...values) {
      if (name === "send") {
        const fields = { binary: typeof values[0] !== "string", state: socket.readyState };
        watch.message("send", watch.sent, byteLength(values[0]), {
          ...fields,
          buffered: socket.bufferedAmount ?? 0,
        });
      } else {
        // ws calls close() itself when the peer's close frame has come (ws 2 then knows its code).
        const answering = socket._closeFrameReceived ?? Boolean(socket._closeCode);
        watch.report("closing", { call: name, code: values[0] ?? null, reason: String(values[1] ?? ""), answering });
      }
      return original.apply(this, values);
    };
    Object.defineProperty(socket, name, { value: replacement, configurable: true, writable: true });
  }
}

// ws 8 says (data, isBinary); ws 7 (data); ws 1 and 2 (data, {binary}).
function isBinaryMessage([data, flags]) {
  if (typeof flags === "boolean") return flags;
  if (flags && typeof flags === "object") return flags.binary === true;
  return typeof data !== "string";
}

function errorFields(error) {
  const cause = error && error.cause;
  return {
    message: String((error && error.message) ?? error),
    code: String((error && error.code) ?? (cause && cause.code) ?? ""),
    cause: cause ? String(cause.message ?? cause) : "",
  };
}

function onEmit(watch, name, values) {
  if (name === "open") {
    const tcp = watch.socket._socket; // its address is how the server's record names it
    const local = tcp ? `${tcp.localAddress}:${tcp.localPort}` : "";
    watch.report("open", { protocol: String(watch.socket.protocol ?? ""), local });
  }
  if (name === "error") watch.report("error", errorFields(values[0]));
  else if (name === "upgrade") watch.report("handshake", { status: 101 });
  else if (name === "unexpected-response") {
    const answer = values[1] ?? {};
    watch.report("handshake", {
      status: answer.statusCode ?? 0,
      server: String((answer.headers && answer.headers.server) ?? ""),
      location: String((answer.headers && answer.headers.location) ?? ""),
    });
  } else if (name === "close") {
    watch.closed({ code: Number(values[0] ?? 0), reason: String(values[1] ?? ""), clean: values[0] !== 1006 });
  }
}

// Everything that a socket of `ws` tells its listeners goes through emit(), whichever way they
// were attached. An own property in front of it sees all of it and changes nothing.
function watchEmitter(socket, report, event, fields) {
  const watch = new Watch(socket, report);
  watch.report(event, fields);
  const emit = socket.emit;
  socket.emit = function (name, ...values) {
    if (name === "message") {
      const fields = { binary: isBinaryMessage(values), heard: socket.listenerCount("message") > 0 };
      watch.message("message", watch.received, byteLength(values[0]), fields);
    } else {
      onEmit(watch, name, values);
    }
    return emit.call(this, name, ...values);
  };
  watchCalls(watch);
}

function watchServer(server, report, options) {
  const number = ++count;
  watched.set(number, server);
  const say = (event, fields) => report(event, { socket: number, ...fields });
  // Listeners, for ws 8 binds its own emit() before a program could replace it; the monitor sees
  // errors without counting as somebody who handles them.
  server.on("listening", () => {
    const address = (server.address && server.address()) ?? server._server?.address() ?? {};
    say("listen", { host: String(address.address ?? ""), port: address.port ?? 0 });
  });
  server.on(errorMonitor, (error) => say("error", { ...errorFields(error), server: true }));
  server.on("close", () => {
    watched.delete(number);
    say("close", { server: true });
  });
  server.on("connection", (socket) => {
    const peer = socket && socket._socket;
    watchEmitter(socket, report, "accept", {
      server: number,
      peer: peer ? `${peer.remoteAddress}:${peer.remotePort}` : "",
      protocol: String(socket.protocol ?? ""),
    });
  });
  say("listen-called", { host: String(options?.host ?? ""), port: options?.port ?? 0 });
}

function constructing(start, report) {
  return {
    construct(target, values, newTarget) {
      try {
        return start(Reflect.construct(target, values, newTarget), values);
      } catch (error) {
        report("constructor-threw", { url: String(values[0] ?? ""), ...errorFields(error) });
        throw error;
      }
    },
  };
}

const wrappers = new WeakMap();

// Returns the exports of `ws` as the program shall see them.
function observed(exported, report) {
  if (typeof exported !== "function") return exported;
  if (wrappers.has(exported)) return wrappers.get(exported);
  const Server = exported.Server ?? exported.WebSocketServer;
  const server = Server && new Proxy(Server, constructing((made, values) => {
    watchServer(made, report, values[0]);
    return made;
  }, report));
  const handler = constructing((socket, values) => {
    watchEmitter(socket, report, "connect", { url: String(values[0]), protocols: protocolsOf(values[1]) });
    return socket;
  }, report);
  handler.get = (target, name, receiver) => {
    if (name === "Server" || name === "WebSocketServer") return server;
    if (name === "WebSocket" || name === "default") return wrapper;
    return Reflect.get(target, name, receiver);
  };
  const wrapper = new Proxy(exported, handler);
  wrappers.set(exported, wrapper);
  return wrapper;
}

// Node's own WebSocket (undici) keeps the reason of a failure from the page-like interface, but
// tells it on its diagnostics channels.
function observedGlobal(report) {
  const own = globalThis.WebSocket;
  let lastFailure = "";
  const { subscribe } = require("node:diagnostics_channel");
  subscribe?.("undici:client:connectError", ({ error }) => (lastFailure = error));
  subscribe?.("undici:request:error", ({ error }) => {
    if (error.name !== "AbortError" && !lastFailure) lastFailure = error;
  });
  subscribe?.("undici:request:headers", ({ response }) => {
    if (response.statusCode !== 101) lastFailure = new Error(`Unexpected server response: ${response.statusCode}`);
  });
  const handler = constructing((socket, values) => {
    const watch = new Watch(socket, report);
    watch.report("connect", { url: String(values[0]), protocols: protocolsOf(values[1]), built_in: true });
    socket.addEventListener("open", () => watch.report("open", { protocol: socket.protocol }));
    socket.addEventListener("message", ({ data }) => {
      const binary = typeof data !== "string";
      watch.message("message", watch.received, byteLength(data), { binary, heard: true });
    });
    socket.addEventListener("error", (event) => {
      const told = event.error && event.error.message ? event.error : event.message;
      watch.report("error", errorFields(lastFailure || told || "Node gives no reason"));
      lastFailure = "";
    });
    socket.addEventListener("close", ({ code, reason, wasClean }) => watch.closed({ code, reason, clean: wasClean }));
    watchCalls(watch);
    return socket;
  }, report);
  globalThis.WebSocket = new Proxy(own, handler);
}

function watchRaw(socket, report, event, fields) {
  const number = ++count;
  watched.set(number, socket);
  const say = (name, more) => report(name, { socket: number, raw: true, ...more });
  say(event, fields);
  const emit = socket.emit;
  socket.emit = function (name, ...values) {
    if (name === "connect") say("open", { peer: `${socket.remoteAddress}:${socket.remotePort}` });
    else if (name === "error") say("error", errorFields(values[0]));
    else if (name === "data") say("message", { size: byteLength(values[0]), binary: true });
    else if (name === "close") {
      watched.delete(number);
      say("close", { sent_bytes: socket.bytesWritten, received_bytes: socket.bytesRead });
    }
    return emit.call(this, name, ...values);
  };
  const write = socket.write;
  socket.write = function (data, ...values) {
    say("send", { size: byteLength(data), binary: true, buffered: socket.writableLength });
    return write.call(this, data, ...values);
  };
}

// -sNODERAWSOCKETS uses node:net. Node announces server sockets on a diagnostics channel, client
// sockets only when they were made by net.connect(), so connect() itself is watched.
function observeRaw(report) {
  const net = require("node:net");
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...values) {
    const options = Array.isArray(values[0]) ? values[0][0] : values[0];
    const { host, port, path } = Object(options);
    const url = path ?? `tcp://${host ?? values[1] ?? "localhost"}:${port ?? options}`;
    watchRaw(this, report, "connect", { url: String(url) });
    return connect.apply(this, values);
  };
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (...values) {
    this.once("listening", () => {
      const { address, port } = Object(this.address());
      report("listen", { host: String(address), port, raw: true });
    });
    this.on("connection", (socket) => {
      watchRaw(socket, report, "accept", { peer: `${socket.remoteAddress}:${socket.remotePort}` });
    });
    return listen.apply(this, values);
  };
}

module.exports = { observed, observedGlobal, observeRaw, openSockets, tellTotals };
