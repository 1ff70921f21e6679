// The WebSockets of a page or worker, watched from within; a part of page.js.
//
// An expression: a function of `report`, of `settle`, which is called when a socket is gone, and of
// the words that tell a frame's sockets from those of its page.
(report, settle, frame) => {
  "use strict";
  const DETAILED = 2000; // messages per socket and direction that are reported one by one
  const scope = globalThis;
  const sockets = new Map();
  const counting = new Set();
  let count = 0;

  function openSockets() {
    const states = ["connecting", "open", "closing", "closed"];
    return [...sockets].slice(0, 20).map(([number, socket]) => ({
      socket: number,
      state: states[socket.readyState],
      url: String(socket.url),
      buffered: socket.bufferedAmount,
    }));
  }

  function byteLength(data) {
    if (typeof data === "string") return new TextEncoder().encode(data).length;
    return data?.byteLength ?? data?.size ?? 0;
  }

  class Watch {
    constructor(socket) {
      this.number = `${++count}${frame}`;
      this.socket = socket;
      this.sent = { messages: 0, bytes: 0 };
      this.received = { messages: 0, bytes: 0 };
      sockets.set(this.number, socket);
      counting.add(this);
    }

    report(event, fields = {}) {
      report(event, { socket: this.number, ...fields });
    }

    message(event, counter, size, fields) {
      counter.messages += 1;
      counter.bytes += size;
      if (counter.messages <= DETAILED) this.report(event, { size, ...fields });
    }

    closed(fields) {
      if (!sockets.delete(this.number)) return;
      this.totals();
      this.report("close", fields);
      settle();
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

  function watchSocket(socket, url, protocols) {
    const watch = new Watch(socket);
    watch.report("connect", { url, protocols: [].concat(protocols ?? []).map(String), built_in: true });
    socket.addEventListener("open", () => watch.report("open", { protocol: socket.protocol }));
    socket.addEventListener("message", ({ data }) => {
      const binary = typeof data !== "string";
      watch.message("message", watch.received, byteLength(data), { binary, heard: true });
    });
    // Pages are not told why; the browser's own protocol is, and the runner puts the two together.
    socket.addEventListener("error", () => watch.report("error", { message: "", url: socket.url }));
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      watch.closed({ code, reason, clean: wasClean });
    });
    const { send, close } = socket;
    socket.send = function (data) {
      const fields = { binary: typeof data !== "string", state: socket.readyState };
      watch.message("send", watch.sent, byteLength(data), { ...fields, buffered: socket.bufferedAmount });
      return send.call(socket, data);
    };
    socket.close = function (...values) {
      watch.report("closing", {
        call: "close",
        code: values[0] ?? null,
        reason: String(values[1] ?? ""),
        answering: false,
      });
      return close.apply(socket, values);
    };
    return socket;
  }

  function watchSockets() {
    scope.WebSocket = new Proxy(scope.WebSocket, {
      construct(target, values, newTarget) {
        try {
          return watchSocket(Reflect.construct(target, values, newTarget), String(values[0]), values[1]);
        } catch (error) {
          report("constructor-threw", {
            url: String(values[0] ?? ""),
            message: String(error.message),
            code: String(error.name),
          });
          throw error;
        }
      },
    });
  }

  function total() {
    for (const watch of counting) watch.totals();
  }

  return { watch: watchSockets, open: openSockets, total, any: () => sockets.size > 0 };
}
