// Preloaded into Node (`node --require hook.cjs`): makes a program find the right `ws`, and reports
// what its sockets and its process do, as JSON lines on a descriptor of their own.
//
// What is reported never depends on the program's output, and watching changes nothing of what the
// program sees: listeners are never added to its sockets, because a WebSocket of `ws` without an
// error listener throws, and with one it does not.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { isMainThread, threadId } = require("node:worker_threads");
const { bytesRead, observeCalls } = require("./calls.cjs");
const { observed, observedGlobal, observeRaw, openSockets, tellTotals } = require("./observe.cjs");

const settings = JSON.parse(process.env.EMSOCKETS_HOOK || "{}");
const writeSync = fs.writeSync; // the program may replace it
const MAX_TEXT = 1500; // a line must stay below PIPE_BUF, or two threads could mix theirs

let channel = settings.fd ?? (settings.file ? fs.openSync(settings.file, "a") : null);

function now() {
  return Number(process.hrtime.bigint() / 1000n); // microseconds of the monotonic clock
}

function bounded(value) {
  if (typeof value !== "string" || value.length <= MAX_TEXT) return value;
  return value.slice(0, MAX_TEXT) + "…";
}

function report(event, fields = {}) {
  if (channel === null) return;
  const line = { t: now(), event, thread: threadId };
  for (const name in fields) line[name] = bounded(fields[name]);
  try {
    writeSync(channel, JSON.stringify(line) + "\n");
  } catch {
    channel = null; // whoever started us is gone
  }
}

// --- the package ws ---------------------------------------------------------------------------

function describePackage(file) {
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    try {
      const description = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
      if (description.name === "ws") return { file, version: String(description.version) };
    } catch {
      // no package.json here: look further up
    }
  }
  return { file, version: "" };
}

// ws 1 and 2 speak the old interface; ws 8 the new one, and the new callers also bear the old.
function fits(version) {
  const major = parseInt(version, 10);
  if (Number.isNaN(major) || !settings.ws) return true;
  return major <= 2 || (settings.ws === "8" && major >= 8);
}

const resolveFilename = Module._resolveFilename;
const reported = new Set();

function resolveWs(parent, rest, own) {
  const offered = settings.wsModules && path.join(settings.wsModules, "ws");
  let chosen = own;
  if (offered && (own === null || !fits(own.version))) {
    chosen = describePackage(resolveFilename.call(Module, offered, parent, ...rest));
  }
  const key = `${chosen && chosen.file}`;
  if (!reported.has(key)) {
    reported.add(key);
    report("ws", {
      file: chosen ? chosen.file : null,
      version: chosen ? chosen.version : null,
      fits: chosen ? fits(chosen.version) : false,
      passed_over: own && chosen !== own ? `${own.version} in ${own.file}` : null,
    });
  }
  return chosen;
}

Module._resolveFilename = function (request, parent, ...rest) {
  const foreign = parent && parent.filename && /[\\/]node_modules[\\/]/.test(parent.filename);
  if (request !== "ws" || foreign) return resolveFilename.call(this, request, parent, ...rest);
  let own = null;
  let missing = null;
  try {
    own = describePackage(resolveFilename.call(this, request, parent, ...rest));
  } catch (error) {
    missing = error;
  }
  const chosen = resolveWs(parent, rest, own);
  if (chosen === null) throw missing;
  return chosen.file;
};

const load = Module._load;
Module._load = function (request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  return request === "ws" ? observed(loaded, report) : loaded;
};

// --- what releases and Node versions lack -------------------------------------------------------

// Releases before 3.1.12 take the presence of fetch for a browser and fetch a file path.
if (settings.hideFetch) globalThis.fetch = undefined;

// In a browser an error that nobody listens to is no exception; with ws it would be one.
function asInBrowsers(WebSocket) {
  return new Proxy(WebSocket, {
    construct(target, values, newTarget) {
      const socket = Reflect.construct(target, values, newTarget);
      socket.on("error", () => {});
      return socket;
    },
  });
}

if (settings.webSocket === "lend" && (settings.replaceWebSocket || !globalThis.WebSocket)) {
  let lent;
  Object.defineProperty(globalThis, "WebSocket", {
    configurable: true,
    enumerable: false,
    get: () => (lent ??= asInBrowsers(Module.createRequire(settings.program)("ws"))),
    set: (value) => (lent = value),
  });
} else if (settings.webSocket && globalThis.WebSocket) {
  observedGlobal(report); // asking for it loads half of Node's HTTP client: not for every program
}
if (settings.raw) observeRaw(report);
observeCalls(report, Boolean(settings.everyCall));

// --- the process --------------------------------------------------------------------------------

function isOrdinaryEnd(error) {
  return error === "unwind" || (error && error.name === "ExitStatus");
}

process.on("uncaughtExceptionMonitor", (error, origin) => {
  if (isOrdinaryEnd(error)) return;
  const isError = error !== null && typeof error === "object";
  report("exception", {
    name: isError ? String(error.name) : typeof error,
    message: String(isError ? error.message : error),
    code: isError && error.code !== undefined ? String(error.code) : null,
    origin,
    stack: isError ? String(error.stack) : "",
  });
});

if (isMainThread) {
  // Node makes pipes non-blocking. A flood of SOCKET_DEBUG lines, which Emscripten's dbg() writes
  // with writeSync, then ends the program with EAGAIN as soon as a pipe is full, and what is still
  // queued at process.exit() is lost.
  for (const stream of [process.stdout, process.stderr]) {
    if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
  }
  report("start", {
    node: process.versions.node,
    suspending: typeof WebAssembly.Suspending === "function",
    web_socket: "WebSocket" in globalThis,
    shared_memory: typeof SharedArrayBuffer !== "undefined",
    flags: process.execArgv.filter((word) => !word.includes("hook.cjs")).join(" "),
  });
  process.on("exit", (code) => {
    tellTotals();
    report("exit", { code, sockets: openSockets(), bytes_read: bytesRead() });
  });
  // The pulse: it stops when a loop in the program keeps the event loop from turning, and its
  // last word says what the process waits for.
  let handles = "";
  let over = false;
  setInterval(() => {
    const resources = process.getActiveResourcesInfo ? process.getActiveResourcesInfo() : [];
    const listed = JSON.stringify([resources.slice(0, 40), openSockets()]);
    report("alive", listed === handles ? {} : { resources: resources.slice(0, 40), sockets: openSockets() });
    handles = listed;
    // Emscripten sets it as the program exits; what is open may keep Node going all the same.
    if (!over && process.exitCode !== undefined) {
      over = true;
      report("over", { code: process.exitCode });
    }
  }, settings.pulse || 200).unref();
}
