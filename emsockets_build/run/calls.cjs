// Watches the socket calls that a program makes of Emscripten's library; used by hook.cjs.
//
// What the C program sees of its sockets is the results of these calls. Each new result of a call is
// reported once, with the arguments of that time; how often it came is not, unless every call is asked
// for. Bytes read are counted.
"use strict";

// By the names of the imports, and where these are minified (-O2 and above) of the functions.
const WATCHED = new Map(
  [
    ...["accept4", "bind", "connect", "getsockopt", "ioctl", "listen", "poll", "recvfrom", "recvmsg"],
    ...["sendmsg", "sendto", "socket", "_newselect"],
  ].map(
    (name) => [`__syscall_${name}`, name.replace(/^_/, "").replace("newselect", "select")],
  ),
);
WATCHED.set("__syscall_poll_nonblocking", "poll"); // 6.0.2 and newer, where the time to wait is 0
WATCHED.set("emscripten_sleep", "emscripten_sleep");
WATCHED.set("_emscripten_sleep", "emscripten_sleep");
for (const name of ["proc_exit", "exit", "emscripten_force_exit"]) {
  WATCHED.set(name, "exit");
  WATCHED.set(`_${name}`, "exit");
}
// Of these nothing but every call is of use.
const EVERY = new Map([
  ["__syscall_getpeername", "getpeername"],
  ["__syscall_getsockname", "getsockname"],
  ["fd_read", "read"],
  ["fd_write", "write"],
]);
const READING = new Set(["recvfrom", "recvmsg"]);
const MAX_RESULTS = 40; // of one call; the sizes of what is sent and read do not count
const MAX_CALLS = 5000; // of all together, where each is told
const WAITING = new Set(["poll", "select"]); // how often a program waits says nothing
const EAGAIN = -6;
const STDERR = 2;

const NORMAL = 0; // Asyncify's states (binaryen, src/passes/Asyncify.cpp)
const REWINDING = 2;

let read = 0;
let exported; // of the program's module
let memory; // of the program; with threads it is imported
let sleeping = 0;
let every = false; // each call that did something is told, not only each new result
let told = 0;

function bytesRead() {
  return read;
}

function nameOf(key, value) {
  const name = String(value.name).replace(/^_(?=__|fd_)/, "");
  return WATCHED.get(key) ?? WATCHED.get(name) ?? (every ? EVERY.get(key) ?? EVERY.get(name) : undefined);
}

// ASYNCIFY has room for one suspended stack. A sleep that begins while another lasts overwrites it.
function watchedSleep(call, original, report) {
  return function (...values) {
    const state = exported?.asyncify_get_state?.();
    if (state === NORMAL) {
      sleeping += 1;
      if (sleeping === 2) report("call", { call, result: null, arguments: values.map(Number), nested: true });
    } else if (state === REWINDING) {
      sleeping -= 1;
    }
    return original.apply(this, values);
  };
}

// The count that fd_read() and fd_write() leave in the program's memory.
function countAt(address) {
  memory ??= Object.values(exported ?? {}).find((value) => value instanceof WebAssembly.Memory);
  return memory ? new DataView(memory.buffer).getUint32(address, true) : 0;
}

// read() and write() on sockets; their other descriptors are nobody's business.
function watchedFile(call, original, report) {
  return function (...values) {
    const error = original.apply(this, values);
    if (typeof error === "number" && values[0] > STDERR && error !== -EAGAIN && told++ < MAX_CALLS) {
      report("call", { call, result: error === 0 ? countAt(Number(values[3])) : -error, arguments: [values[0]] });
    }
    return error;
  };
}

function watched(call, original, report) {
  if (call === "read" || call === "write") return watchedFile(call, original, report);
  if (call === "emscripten_sleep") return watchedSleep(call, original, report);
  const seen = new Set();
  if (call === "exit") {
    return function (...values) {
      report("call", { call, result: null, arguments: [Number(values[0])] }); // it does not return
      return original.apply(this, values);
    };
  }
  return function (...values) {
    const result = original.apply(this, values);
    if (typeof result === "number") {
      if (result > 0 && READING.has(call)) read += result;
      const kind = result > 0 ? 1 : result;
      const counts = every && !WAITING.has(call) && result !== EAGAIN && told++ < MAX_CALLS;
      if (counts || (!seen.has(kind) && seen.size < MAX_RESULTS)) {
        seen.add(kind);
        report("call", { call, result, arguments: values.slice(0, 3).map(Number) });
      }
    }
    return result;
  };
}

// The imports stay as they are for the program: with dynamic linking it goes on changing them.
function watchedImports(imports, report) {
  if (imports === null || typeof imports !== "object") return imports;
  for (const functions of Object.values(imports)) {
    memory ??= Object.values(functions ?? {}).find((value) => value instanceof WebAssembly.Memory);
  }
  const made = new Map();
  const module = (functions) =>
    new Proxy(functions, {
      get(target, key) {
        const value = target[key];
        const call = typeof value === "function" && typeof key === "string" ? nameOf(key, value) : undefined;
        if (call === undefined) return value;
        if (!made.has(value)) made.set(value, watched(call, value, report));
        return made.get(value);
      },
    });
  const copies = {};
  for (const name of Object.keys(imports)) {
    const functions = imports[name];
    copies[name] = functions !== null && typeof functions === "object" ? module(functions) : functions;
  }
  return copies;
}

function observeCalls(report, everyCall) {
  every = everyCall;
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    if (typeof original !== "function") continue;
    WebAssembly[name] = function (source, imports, ...rest) {
      const made = original.call(WebAssembly, source, watchedImports(imports, report), ...rest);
      made.then(
        (result) => (exported = (result.instance ?? result).exports),
        () => {}, // the program sees the failure itself
      );
      return made;
    };
  }
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, [module, imports], newTarget) {
      const made = Reflect.construct(target, [module, watchedImports(imports, report)], newTarget);
      exported = made.exports;
      return made;
    },
  });
}

module.exports = { bytesRead, observeCalls };
