// Runs in a page before its own scripts, and in the worker of a worker-only build: hands the program
// its arguments, and reports what its sockets, its output and its end are, as hook.cjs does in Node.
//
// An expression: a function of the settings, of `emit`, which takes one text for each report, and of
// the parts that other files hold (output.js, sockets.js, calls.cjs). What the program sees of its
// sockets is not changed.
(settings, emit, parts) => {
  "use strict";
  const scope = globalThis;
  if (/^(?:about:blank)?$/.test(String(scope.location))) return; // where every page begins
  const frame = scope.top !== undefined && scope.top !== scope ? ` in ${scope.location}` : "";
  if (frame && !settings.watches) return;
  if (settings.worker) {
    const worker = new Worker(settings.worker);
    worker.onmessage = ({ data }) => typeof data?.emsockets === "string" && emit(data.emsockets);
    worker.postMessage({ ...settings, worker: "" });
    return;
  }
  const { setTimeout, clearTimeout, setInterval, clearInterval } = scope;
  const native = { setTimeout: setTimeout.bind(scope), setInterval: setInterval.bind(scope) };
  const MAX_TEXT = 1500;
  const QUIET = 25; // milliseconds without anything pending: then the program has ended
  const QUIET_WATCHED = 500; // somebody else's page may load its parts in more ways than are seen
  const PARTS = /\.(?:m?js|wasm)(?:[?#]|$)/;

  let ended = false;

  function bounded(value) {
    if (typeof value !== "string" || value.length <= MAX_TEXT) return value;
    return value.slice(0, MAX_TEXT) + "…";
  }

  function report(event, fields = {}) {
    if (ended) return;
    const line = { t: Math.round((performance.timeOrigin + performance.now()) * 1000), event, thread: 0 };
    for (const name in fields) line[name] = bounded(fields[name]);
    emit(JSON.stringify(line));
  }

  const { stdout, stderr } = parts.output(emit, () => ended);

  // Where Node writes what the library logs.
  for (const name of ["log", "info", "debug"]) console[name] = (...values) => stdout.line(...values);
  for (const name of ["warn", "error", "trace"]) console[name] = (...values) => stderr.line(...values);

  // --- what keeps the program going ---------------------------------------------------------------

  // A page has no end. As a process under Node, a program has ended when nothing can happen any more.
  const timers = new Map(); // number -> whether it repeats
  const sockets = parts.sockets(report, settle, frame);
  const workers = new Set();
  let frames = 0;
  let promises = 1; // until the page is loaded
  let turns = 0;
  let status; // what the library told of main()'s value
  let dead = false; // of an exception

  function busy() {
    return timers.size > 0 || frames > 0 || promises > 0 || sockets.any() || workers.size > 0;
  }

  function settle() {
    const turn = ++turns;
    if (ended || frame || busy()) return;
    // A page that is watched need not be a program: only one that has told its end comes to one.
    if (settings.watches && status === undefined && !dead) return;
    const quiet = () => turn === turns && !busy() && !settings.staysAlive;
    const code = () => status ?? (settings.watches ? null : 0);
    // Twice, for on a busy machine a timer may overtake the event of a rejected promise.
    native.setTimeout(() => {
      if (quiet()) native.setTimeout(() => quiet() && finish(code()), 0);
    }, settings.watches ? QUIET_WATCHED : QUIET);
  }

  function tracked(promise) {
    promises += 1;
    const done = () => {
      promises -= 1;
      settle();
    };
    promise.then(done, done);
    return promise;
  }

  function resources() {
    const found = [];
    for (const repeats of timers.values()) found.push(repeats ? "Interval" : "Timeout");
    if (frames > 0) found.push("AnimationFrame");
    for (let n = 0; n < workers.size; n++) found.push("Worker");
    if (promises > 0) found.push("Loading");
    return found.slice(0, 40);
  }

  function finish(code) {
    if (ended) return;
    stdout.flush();
    stderr.flush();
    sockets.total();
    reportParts();
    report("exit", { code, sockets: sockets.open(), bytes_read: parts.bytesRead() });
    ended = true;
  }

  // Of somebody else's page the runner must be told which files make the program.
  const files = new Set();

  function reportParts(url) {
    if (!settings.watches) return;
    const entries = performance.getEntriesByType("resource").map(({ name }) => name);
    for (const name of url === undefined ? entries : [...entries, url]) {
      if (!PARTS.test(name) || files.has(name) || files.size > 200) continue;
      files.add(name);
      report("part", { url: name });
    }
  }

  function watchTimers() {
    scope.setTimeout = function (callback, delay, ...values) {
      const number = setTimeout.call(scope, (...given) => {
        timers.delete(number);
        try {
          if (typeof callback === "function") callback(...given);
          else scope.eval(String(callback));
        } finally {
          settle();
        }
      }, delay, ...values);
      timers.set(number, false);
      return number;
    };
    scope.setInterval = function (callback, delay, ...values) {
      const number = setInterval.call(scope, callback, delay, ...values);
      timers.set(number, true);
      return number;
    };
    const forget = (clear) => function (number) {
      clear.call(scope, number);
      if (timers.delete(number)) settle();
    };
    scope.clearTimeout = forget(clearTimeout);
    scope.clearInterval = forget(clearInterval);
    const request = scope.requestAnimationFrame;
    const cancel = scope.cancelAnimationFrame;
    if (!request) return;
    const asked = new Set();
    scope.requestAnimationFrame = function (callback) {
      const number = request.call(scope, (time) => {
        asked.delete(number);
        frames = asked.size;
        try {
          callback(time);
        } finally {
          settle();
        }
      });
      asked.add(number);
      frames = asked.size;
      return number;
    };
    scope.cancelAnimationFrame = function (number) {
      cancel.call(scope, number);
      asked.delete(number);
      frames = asked.size;
      settle();
    };
  }

  function watchLoading() {
    const fetch = scope.fetch;
    if (fetch) {
      scope.fetch = (...values) => {
        const asked = values[0] instanceof Request ? values[0].url : String(values[0]);
        if (settings.watches && PARTS.test(asked)) reportParts(new URL(asked, document.baseURI).href);
        return tracked(fetch.apply(scope, values));
      };
    }
    for (const name of ["arrayBuffer", "blob", "json", "text"]) {
      const original = Response.prototype[name];
      Response.prototype[name] = function (...values) {
        return tracked(original.apply(this, values));
      };
    }
    for (const name of ["instantiate", "instantiateStreaming", "compile", "compileStreaming"]) {
      const original = WebAssembly[name];
      if (!original) continue;
      WebAssembly[name] = function (...values) {
        return tracked(original.apply(WebAssembly, values));
      };
    }
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...values) {
      tracked(new Promise((resolve) => this.addEventListener("loadend", resolve)));
      return send.apply(this, values);
    };
  }

  // A worker of a pool that runs no thread keeps nothing going.
  function watchWorkers() {
    if (!scope.Worker) return;
    const Native = scope.Worker;
    scope.Worker = new Proxy(Native, {
      construct(target, values, newTarget) {
        const worker = Reflect.construct(target, values, newTarget);
        const post = worker.postMessage;
        worker.postMessage = function (message, ...rest) {
          if (message && message.cmd === "run") workers.add(worker);
          return post.call(this, message, ...rest);
        };
        worker.addEventListener("message", ({ data }) => {
          const over = data && ["cleanupThread", "exit", "killThread", "exitProcess"].includes(data.cmd);
          if (over && workers.delete(worker)) settle();
        });
        worker.addEventListener("error", (event) => {
          if (event.message === undefined) report("load-failed", { url: String(values[0]), tag: "worker" });
        });
        const terminate = worker.terminate;
        worker.terminate = function () {
          terminate.call(this);
          if (workers.delete(worker)) settle();
        };
        return worker;
      },
    });
  }

  // --- how it ends ----------------------------------------------------------------------------------

  function died(error, origin) {
    if (error === "unwind" || ended) return;
    if (error && error.name === "ExitStatus") {
      status = error.status;
      return;
    }
    turns += 1;
    const isError = error !== null && typeof error === "object";
    report("exception", {
      name: isError ? String(error.name) : typeof error,
      message: String(isError ? error.message : error),
      code: null,
      origin,
      stack: isError ? String(error.stack) : "",
    });
    // Node ends a process for this; the library's own last words come within the same turn.
    dead = true;
    if (settings.watches) settle();
    else native.setTimeout(() => finish(1), 0);
  }

  function watchErrors() {
    scope.addEventListener("unhandledrejection", (event) => died(event.reason, "unhandledRejection"));
    scope.addEventListener(
      "error",
      (event) => {
        const element = event.target;
        if (event instanceof ErrorEvent) {
          died(event.error ?? event.message, "uncaughtException");
        } else if (element && element !== scope) {
          const url = String(element.src || element.href || "");
          report("load-failed", { url, tag: String(element.localName) });
          if (element.localName === "script" && !settings.watches) native.setTimeout(() => finish(1), 0);
        }
      },
      true,
    );
    scope.addEventListener("securitypolicyviolation", (event) => {
      report("policy", {
        url: String(event.blockedURI),
        directive: String(event.effectiveDirective),
        policy: String(event.originalPolicy),
      });
    });
    Object.defineProperty(scope, "EXITSTATUS", {
      configurable: true,
      get: () => status,
      set(value) {
        status = value;
        settle();
      },
    });
  }

  // --- the program ----------------------------------------------------------------------------------

  let input = 0;
  const own = {
    arguments: settings.arguments,
    print: (...values) => stdout.line(...values),
    printErr: (...values) => stderr.line(...values),
    stdout: (value) => stdout.byte(value),
    stderr: (value) => stderr.byte(value),
    stdin: () => (input < settings.input.length ? settings.input.charCodeAt(input++) : null),
    onExit: (code) => finish(code),
    onAbort: (reason) => report("abort", { message: String(reason) }),
  };
  const variables = Object.entries(settings.environment);
  let Module = settings.ownPage ? given({}) : undefined;

  function given(module) {
    const mine = { ...own };
    if (variables.length > 0) {
      const lend = () => {
        try {
          Object.assign(scope.ENV ?? module.ENV, settings.environment);
        } catch {
          report("environment-unread"); // the program reads none, or keeps it to itself
        }
      };
      mine.preRun = [].concat(module.preRun ?? [], lend);
    }
    return Object.assign(module, mine);
  }

  function lendModule() {
    Object.defineProperty(scope, "Module", {
      configurable: true,
      get: () => Module,
      set(value) {
        if (value !== null && typeof value === "object" && value !== Module) given(value);
        Module = value;
      },
    });
    // What the page of the runner calls for a program that was linked as a factory, which without
    // EXPORT_NAME is called Module itself.
    scope.emsocketsStart = (factory) => {
      const started = Promise.resolve(factory).then((made) => made instanceof Function && made(given({})));
      tracked(started).catch((error) => died(error, "unhandledRejection"));
    };
  }

  const begun = {
    browser: String(navigator.userAgent),
    suspending: typeof WebAssembly.Suspending === "function",
    web_socket: true,
    shared_memory: typeof SharedArrayBuffer !== "undefined",
    isolated: scope.crossOriginIsolated === true,
    url: String(scope.location),
    status: performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0,
  };
  if (!frame) report("start", begun);
  watchErrors();
  watchTimers();
  if (!settings.watches) lendModule();
  watchLoading();
  watchWorkers();
  sockets.watch();
  parts.observeCalls(report, settings.everyCall);
  scope.emsocketsFlush = () => {
    stdout.flush();
    stderr.flush();
  };
  scope.emsocketsCount = () => {
    scope.emsocketsFlush();
    sockets.total();
    reportParts();
    for (let n = 0; n < (scope.length ?? 0); n++) {
      try {
        scope[n].emsocketsCount?.();
      } catch {
        // of another origin
      }
    }
  };

  // The pulse: it stops when a loop in the program keeps the event loop from turning.
  let handles = "";
  const pulse = () => {
    const found = { resources: resources(), sockets: sockets.open() };
    const listed = JSON.stringify(found);
    report("alive", listed === handles ? {} : found);
    handles = listed;
    reportParts();
  };
  native.setInterval(frame ? reportParts : pulse, 200);

  const loaded = () => {
    promises -= 1;
    settle();
  };
  if (scope.document) scope.addEventListener("load", loaded);
  else native.setTimeout(loaded, 0);
}
