// SPDX-License-Identifier: MIT
//
// The half of EmSockets::posix that runs where Emscripten's sockets live: on the main thread.
//
// Every call that may wait is an *attempt*: a function that gives the result, or undefined while
// the call would block. perform() makes the first attempt at once. Where that would block and the
// descriptor may wait, the attempt is kept, and each event of any socket makes all kept attempts
// again. The one that succeeds ends its call: it resumes the suspended program (ASYNCIFY, JSPI) or
// wakes the thread that sleeps on the call's first word (pthread).
//
// It goes by the fields of Emscripten's socket objects (src/lib/libsockfs.js, libsockfs_node.js):
// stream, type, server, pending, recv_queue, peers, daddr, dport, error, sock_ops, and of the node
// backend connection and readClosed. They have kept their names from 3.1.6 to 6.0.8.
//
// Written in the JavaScript of 2015, which acorn of Emscripten 3.1.6 reads, and with its preprocessor:
// what only the node backend has, or only one wait, is left out of the others. Every program carries
// this file, so it is kept short: state that is not set counts as 0. Numbers are Emscripten's errno
// values and musl's constants; their names stand beside them.

mergeInto(LibraryManager.library, {
#if ASYNCIFY
  $PSX__deps: ['$SOCKFS', '$FS', '$callUserCallback'],
#else
  $PSX__deps: ['$SOCKFS', '$FS', '$getWasmTableEntry'],
#endif
  $PSX: {
    waiting: [],

    // The socket behind a descriptor with `posix`, our state of it; or a negative errno.
    socket: (fd) => {
      var stream = FS.getStream(fd);
      if (!stream) return -8; // EBADF
      var sock = stream.node && stream.node.sock;
      if (!sock) return -57; // ENOTSOCK
      if (!PSX.hooked) {
        PSX.hooked = 1;
        // SOCKFS.on() keeps one listener for an event, and that is the program's or SOCKET_DEBUG's.
        var target = SOCKFS.emit ? SOCKFS : Module['websocket']; // until 3.1.68
        var emit = target.emit;
        target.emit = (event, detail) => {
          emit.call(target, event, detail);
          PSX.stir();
        };
      }
      if (!sock.posix) {
        // options: values by the number of the option in options.c
        // phase: none, 1 connecting, 2 connected (though it may have ended since), 3 failed
        // told: connect() has said that it is connected
        // ended, noReading, noWriting: by the peer, by shutdown()
        sock.posix = {options: [0, 0, 262144]};
      }
      return sock;
    },

    // What carries a stream: a WebSocket, or the node backend's net.Socket.
    link: (sock) => {
      var peer = sock.peers[sock.daddr + ':' + sock.dport];
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      if (sock.connection) return sock.connection;
#endif
      return peer && peer.socket;
    },

    // Follow a carrier from now on. SOCKFS's own listeners were there first, so its state is set.
    attach: (sock, phase) => {
      var own = sock.posix, link = PSX.link(sock), ready = link.readyState;
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      var on = link.on.bind(link);
#else
      var on = link.addEventListener.bind(link);
#endif
      var opened = () => {
        own.phase = 2;
        PSX.stir();
      };
      var closed = (event) => {
        var code = event.code;
        own.ended = 1;
        if (own.phase == 1) {
          own.phase = 3;
          sock.error = sock.error || 14; // ECONNREFUSED
        } else if (!sock.error && code > 1001 && code != 1005 && code < 3000) {
          sock.error = 15; // ECONNRESET: it was cut off (1006), or ended for a fault
        }
        PSX.stir();
      };
      own.phase = phase;
      on('open', opened);
      on('close', closed);
      on('error', (event) => {
        // SOCKFS says ECONNREFUSED of every failure; Node's own words for it are more exact.
        var error = event.error || event;
        sock.error = own.phase == 2 ? 15 : // ECONNRESET
          {ETIMEDOUT: 73, EHOSTUNREACH: 23, ENETUNREACH: 40, ENOTFOUND: 23}[error.code] ||
          (/ 504/.test(error.message) ? 73 : 14); // a relay whose upstream does not answer
      });
      // A thread comes here a moment after its connect(), and may have missed an event.
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      on('connect', opened);
      if (ready == 'open') own.phase = 2;
      if (ready == 'closed' && sock.state == 5) closed({});
#else
      if (ready == 1 || (ready == 3 && !sock.error)) own.phase = 2;
      if (ready == 3) closed({});
      if (link.on) {
        // `ws` tells when bytes have gone; a browser's WebSocket does not, see full().
        var send = link.send;
        link.send = (data) => {
          send.call(link, data, PSX.stir);
        };
      }
#endif
    },

    // Back to a socket that can connect() again, as Linux does after a failure.
    reset: (sock) => {
      sock.posix = {options: sock.posix.options};
      sock.peers = {};
      sock.daddr = sock.dport = undefined;
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      sock.connection = sock.state = sock.readClosed = null;
#endif
      sock.recv_queue = [];
    },

    fail: (sock) => {
      var error = sock.error;
      sock.error = null;
      return -error;
    },

    // Whether nothing more will be read.
    drained: (sock) => {
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      if (sock.readClosed) return 1;
#endif
      return sock.posix.ended || sock.posix.noReading;
    },

    // No event tells that a browser's WebSocket has sent what it holds, so a sender that waits for
    // it, and only that one, looks every few milliseconds.
    full: (sock) => {
      var own = sock.posix, link = PSX.link(sock);
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      if (sock.connection) return link.writableLength >= link.writableHighWaterMark;
#endif
      if (!link || link.bufferedAmount < own.options[2]) return;
      if (!link.on && !own.timer) {
        own.timer = setTimeout(() => {
          own.timer = 0;
          PSX.stir();
        }, 4);
      }
      return 1;
    },

    // Make an attempt. One that would block, and must not, has failed with EAGAIN.
    attempt: (attempt, last) => {
      try {
        var result = attempt(last);
      } catch (error) {
        if (!error.errno) throw error;
        if (error.errno != 6) return -error.errno;
      }
      return last && result == null ? -6 : result;
    },

    // Begin a call of a socket: attempt(sock, last, flags, own). The option that limits its wait is
    // 0 for reading, 1 for writing.
    call: (call, option, attempt) => {
      var sock = PSX.socket(HEAP32[call + 12 >>> 2]), flags = HEAP32[call + 24 >>> 2], own = sock.posix;
      return PSX.begin(
        call,
        !own || flags & 0x40 /* MSG_DONTWAIT */ || sock.stream.flags & 0x800 /* O_NONBLOCK */ ? 0 :
          own.options[option] || -1,
        (last) => sock < 0 ? sock : attempt(sock, last, flags, sock.posix)
      );
    },

    // Begin a call that may wait for so many ms, -1 for ever. 1: it waits, and ends later. 0: its
    // result is there. Threads are told, for they are not there to be answered.
    begin: (call, limit, attempt) => {
      call >>>= 2;
      if (!HEAP32[call + 1]) limit = 0;
      var result = PSX.attempt(attempt, !limit);
      if (result == null) {
        var entry = {call: call, attempt: attempt};
        if (limit > 0) {
          entry.timer = setTimeout(() => {
            PSX.finish(entry, PSX.attempt(attempt, 1));
          }, limit);
        }
        return PSX.waiting.push(entry) && 1;
      }
      HEAP32[call + 2] = result;
#if ASYNCIFY
      return 0;
#else
      PSX.tell(call);
#endif
    },

#if !ASYNCIFY
    // Wake the thread that made a call. From then on the call's memory is the thread's again.
    tell: (call) => {
      Atomics.store(HEAP32, call, 1);
      Atomics.notify(HEAP32, call);
      PSX.turns = 60;
      if (globalThis.setImmediate && PSX.calls && !PSX.awake) PSX.turn();
    },

    // Begin the calls of threads that there are, see perform.c; one that has ended is the thread's
    // again. From then on threads have to ring, unless we look again by ourselves.
    take: () => {
      var call = Atomics.exchange(HEAP32, PSX.calls, PSX.awake) >>> 2;
      while (call) {
        var next = HEAP32[call + 11] >>> 2;
        getWasmTableEntry(HEAP32[call + 10])(call << 2);
        call = next;
      }
    },

    // Falling asleep and being rung takes Node longer than most threads take to make their next call,
    // so its event loop turns some times, about 0.1 ms, and looks, before it sleeps.
    turn: () => {
      PSX.awake = globalThis.setImmediate && PSX.turns-- > 0 ? 1 : 0;
      if (PSX.awake) setImmediate(PSX.turn);
      PSX.take();
    },
#endif

    finish: (entry, result) => {
      PSX.waiting.splice(PSX.waiting.indexOf(entry), 1);
      clearTimeout(entry.timer);
      HEAP32[entry.call + 2] = result;
#if ASYNCIFY
      callUserCallback(entry.wake);
#else
      PSX.tell(entry.call);
#endif
    },

    // Something has happened to a socket: make the kept attempts again, soon. Not at once, so that
    // all messages of one packet are there, and never inside a listener of SOCKFS.
    stir: () => {
      if (PSX.stirred || !PSX.waiting.length) return;
      PSX.stirred = 1;
      queueMicrotask(() => {
        PSX.stirred = 0;
        PSX.waiting.slice().forEach((entry) => {
          var result = PSX.attempt(entry.attempt);
          if (result != null) PSX.finish(entry, result);
        });
      });
    },

    // Copy between a call's vector, from a byte of it on, and an array.
    copy: (call, from, bytes, into) => {
      for (var iov = HEAP32[call + 16 >>> 2] >>> 2, done = 0; done < bytes.length; iov += 2) {
        var start = (HEAP32[iov] >>> 0) + from, size = HEAP32[iov + 1] - from;
        from = size < 0 ? -size : 0;
        if (size > 0) {
          var piece = HEAPU8.subarray(start, start + Math.min(size, bytes.length - done));
          if (into) piece.set(bytes.subarray(done, done + piece.length));
          else bytes.set(piece, done);
          done += piece.length;
        }
      }
      return done;
    },

    // What poll() says of a descriptor.
    ready: (fd) => {
      var sock = PSX.socket(fd), stream = FS.getStream(fd);
      if (!stream) return 0x20; // POLLNVAL
      if (sock < 0) {
        var ops = stream.stream_ops || stream;
        return ops.poll ? ops.poll(stream) : 0x145; // files are always ready
      }
      if (sock.server && sock.type == 1) return sock.pending.length ? 0x41 : 0; // POLLIN | POLLRDNORM
      var own = sock.posix, ended = PSX.drained(sock);
      var mask = sock.recv_queue.length || ended || sock.error ? 0x41 : 0;
      if (sock.type != 1) return mask | 0x104; // POLLOUT | POLLWRNORM
      if (!own.phase) return 0x114; // and POLLHUP
      if (own.phase == 1) return 0;
      if (ended) mask |= 0x2000; // POLLRDHUP
      if (sock.error) mask |= 0x8; // POLLERR
      if (own.phase == 3 || (ended && own.noWriting) || sock.error) mask |= 0x10; // POLLHUP
      return own.ended || own.noWriting || !PSX.full(sock) ? mask | 0x104 : mask;
    },
  },

  // Suspend the program until a call that waits has ended. The name is that of EM_ASYNC_JS, which
  // every release lets suspend without a setting.
  __asyncjs__emsockets_await__deps: ['$PSX', '$Asyncify'],
  __asyncjs__emsockets_await__sig: 'v',
  __asyncjs__emsockets_await__async: true,
  __asyncjs__emsockets_await: function() {
    return Asyncify.handleSleep((wake) => {
      // ASYNCIFY has one stack to put aside. A second one would overwrite the first.
      if (Asyncify.currData) {
        abort('emsockets: ASYNCIFY suspends one call at a time: do not block in callbacks, or use WAIT pthread');
      }
      PSX.waiting[PSX.waiting.length - 1].wake = wake; // begin() has just put it there
    });
  },

#if !ASYNCIFY
  emsockets_ring__deps: ['$PSX'],
  emsockets_ring__sig: 'vi',
  emsockets_ring__proxy: 'async',
  emsockets_ring: function(calls) {
    PSX.calls = calls >>> 2;
    PSX.turns = 60;
    if (PSX.awake) PSX.take(); // it was rung for twice, or waits for the thread
    else PSX.turn();
  },
#endif

  emsockets_connect__deps: ['$PSX'],
  emsockets_connect__sig: 'ii',
  // Gives 0 and the result 1 where the real connect() has to be called first.
  emsockets_connect: function(call) {
    return PSX.call(call, 1, (sock, last, started, own) => {
      if (sock.type != 1) {
        if (started) return 0;
        PSX.reset(sock); // a datagram socket may change its peer
        return 1;
      }
      if (sock.server) return -30; // EISCONN
      if (!own.phase) {
        if (!started) return 1;
        PSX.attach(sock, 1);
      }
      if (started && last) return -26; // EINPROGRESS, whatever has come of it already
      if (own.phase == 2) {
        if (own.told) return -30; // EISCONN
        return (own.told = 1) - 1;
      }
      if (own.phase == 3) {
        PSX.reset(sock);
        return PSX.fail(sock) || -13; // ECONNABORTED
      }
      if (last) return -7; // EALREADY
    });
  },

  emsockets_accept__deps: ['$PSX'],
  emsockets_accept__sig: 'ii',
  emsockets_accept: function(call) {
    return PSX.call(call, 0, (sock, last, flags, own) => {
      if (sock.type != 1) return -138; // EOPNOTSUPP
      if (!sock.server) return -28; // EINVAL
      if (sock.error) return PSX.fail(sock);
      if (!sock.pending.length) return;
      var accepted = sock.sock_ops.accept(sock), fd = accepted.stream.fd;
      accepted.stream.flags = 2 | (flags & 0x800); // O_RDWR, and O_NONBLOCK of accept4()
      PSX.socket(fd);
      accepted.posix.options = own.options.slice(); // socket(7): inherited
      PSX.attach(accepted, 2);
      accepted.posix.told = 1;
      return fd;
    });
  },

  emsockets_receive__deps: ['$PSX', '$writeSockaddr', '$DNS'],
  emsockets_receive__sig: 'ii',
  emsockets_receive: function(call) {
    var size = HEAP32[call + 36 >>> 2], got = 0;
    // As much of some bytes as there is room for.
    var put = (bytes) => PSX.copy(call, got, bytes.subarray(0, size - got), 1);
    return PSX.call(call, 0, (sock, last, flags, own) => {
      var queue = sock.recv_queue, peek = flags & 2; // MSG_PEEK
      if (sock.type != 1) {
        var datagram = queue[0], address = HEAP32[call + 28 >>> 2];
        if (!datagram) return PSX.fail(sock) || undefined;
        if (!peek) queue.shift();
        if (address) writeSockaddr(address, sock.family, DNS.lookup_name(datagram.addr), datagram.port);
        HEAP32[call + 32 >>> 2] = datagram.data.length > size ? 0x20 : 0; // MSG_TRUNC
        put(datagram.data);
        return flags & 0x20 ? datagram.data.length : Math.min(datagram.data.length, size);
      }
      if (sock.server) return -53; // ENOTCONN
      if (flags & 1) return -28; // MSG_OOB: there is none, EINVAL
      if (peek) {
        got = 0;
        queue.forEach((message) => {
          got += put(message.data);
        });
      } else {
        while (got < size && queue[0]) got += put(sock.sock_ops.recvmsg(sock, size - got, 0).buffer);
      }
      var ended = PSX.drained(sock);
      var enough = got == size ? size || queue[0] : got && (last || ended || !(flags & 0x100)); // MSG_WAITALL
      if (enough) return got;
      if (!own.phase) return -53; // ENOTCONN
      if (ended) return PSX.fail(sock);
    });
  },

  emsockets_send__deps: ['$PSX'],
  emsockets_send__sig: 'ii',
  emsockets_send: function(call) {
    var size = HEAP32[call + 36 >>> 2], sent = 0;
    return PSX.call(call, 1, (sock, last, flags, own) => {
      var stream = sock.type == 1;
      if (stream) {
        if (own.phase == 1) return;
        if (!own.phase || own.ended || own.noWriting || PSX.link(sock).readyState > 1) {
          return sent || PSX.fail(sock) || -64; // EPIPE
        }
        if (!size) return 0;
      }
      do {
        if (stream && PSX.full(sock)) return last && sent ? sent : undefined;
        // A message for a call, unless it is larger than what a socket holds.
        var bytes = new Uint8Array(stream ? Math.min(size - sent, own.options[2]) : size), buffer = bytes.buffer;
        buffer.slice = () => buffer; // SOCKFS would copy once more what is nobody else's
        PSX.copy(call, sent, bytes);
        sent += sock.sock_ops.sendmsg(sock, bytes, 0, bytes.length);
      } while (sent < size);
      return sent;
    });
  },

  emsockets_poll__deps: ['$PSX'],
  emsockets_poll__sig: 'ii',
  emsockets_poll: function(call) {
    return PSX.begin(call, HEAP32[call + 24 >>> 2], (last) => {
      var ready = 0, pollfd = HEAP32[call + 16 >>> 2];
      for (var i = HEAP32[call + 20 >>> 2]; i-- > 0; pollfd += 8) {
        var fd = HEAP32[pollfd >>> 2], events = HEAP16[pollfd + 4 >>> 1];
        events = fd < 0 ? 0 : PSX.ready(fd) & (events | 0x38); // POLLERR | POLLHUP | POLLNVAL
        HEAP16[pollfd + 6 >>> 1] = events;
        if (events) ready++;
      }
      return ready || (last ? 0 : undefined);
    });
  },

  emsockets_listen__deps: ['$PSX'],
  emsockets_listen__sig: 'ii',
  // After the real listen(): wait until the port is bound, which Node tells later.
  emsockets_listen: function(call) {
    var sock = PSX.socket(HEAP32[call + 12 >>> 2]), server = sock.server;
    var inner = server._server || server; // of `ws`, or the node backend's net.Server
    // A thread comes here a moment after its listen(), and may have missed an error. Emscripten keeps
    // EHOSTUNREACH of all; a port in use is what it mostly is.
    if (sock.error) sock.error = 3; // EADDRINUSE
    inner.on('listening', PSX.stir);
    inner.on('error', (error) => {
      sock.error = {EACCES: 2, EADDRNOTAVAIL: 4}[error.code] || 3; // EADDRINUSE
      PSX.stir();
    });
    return PSX.begin(call, -1, (last) => {
      if (sock.error) {
        sock.server = null;
        return PSX.fail(sock);
      }
      if (inner.listening) sock.sport = inner.address().port;
      if (inner.listening || last) return 0;
    });
  },

  emsockets_close__deps: ['$PSX'],
  emsockets_close__sig: 'ii',
  // Before the real close(): let what is still to be sent be sent. Result 1: the descriptor was a
  // duplicate, and is closed already.
  emsockets_close: function(call) {
    var fd = HEAP32[call + 12 >>> 2], sock = PSX.socket(fd), own = sock.posix, limit = 0, link, linger;
    if (own) {
      if (FS.streams.some((stream) => stream && stream.fd != fd && stream.node == sock.stream.node)) {
        FS.closeStream(fd);
        return PSX.begin(call, 0, () => 1);
      }
#if typeof NODERAWSOCKETS != 'undefined' && NODERAWSOCKETS
      if (!sock.connection) link = PSX.link(sock);
#else
      link = PSX.link(sock);
#endif
      linger = own.options[3]; // undefined, or seconds
      if (link && linger > 0) {
        link.close();
        limit = linger * 1000;
      } else if (link && link.on) { // a page lives on, Node does not
        if (linger === 0) link.terminate();
        if (!(sock.stream.flags & 0x800)) limit = 2000; // O_NONBLOCK
      }
#if ASYNCIFY == 1
      if (Asyncify.currData) limit = 0; // it cannot wait here while it waits elsewhere
#endif
    }
    return PSX.begin(call, limit, (last) => {
      if (last || own.ended || (!(linger > 0) && !link.bufferedAmount)) return 0;
    });
  },

  emsockets_shutdown__deps: ['$PSX'],
  emsockets_shutdown__sig: 'iii',
  emsockets_shutdown__proxy: 'sync',
  // A WebSocket cannot end one direction alone. Its closing handshake is the nearest: the peer may
  // answer it when it has sent everything (RFC 6455 5.5.1).
  emsockets_shutdown: function(fd, how) {
    var sock = PSX.socket(fd);
    if (sock < 0) return sock;
    if (how < 0 || how > 2) return -28; // EINVAL
    var own = sock.posix;
    if (own.phase != 2) return -53; // ENOTCONN
    if (how != 1) own.noReading = 1;
    if (how != 0 && !own.noWriting) {
      own.noWriting = 1;
      if (!sock.connection) PSX.link(sock).close();
    }
    if (sock.connection) sock.sock_ops.shutdown(sock, how);
    PSX.stir();
    return 0;
  },

  emsockets_property__deps: ['$PSX'],
  emsockets_property__sig: 'iii',
  emsockets_property__proxy: 'sync',
  // What a socket says of itself; the names are in posix.h. Until 4.0.10 neither fcntl() nor ioctl()
  // can make a descriptor block again.
  emsockets_property: function(fd, property) {
    var sock = PSX.socket(fd);
    if (sock < 0) return sock;
    if (!property) return sock.type;
    if (property == 1) return -PSX.fail(sock);
    if (property == 2) return sock.server ? 1 : 0;
    if (property == 3) return sock.recv_queue.reduce((sum, message) => sum + message.data.length, 0);
    sock.stream.flags = sock.stream.flags & ~0x800 | property - 0x1000; // O_NONBLOCK
    return 0;
  },

  emsockets_option__deps: ['$PSX'],
  emsockets_option__sig: 'iiiii',
  emsockets_option__proxy: 'sync',
  // Read or write the value of an option. Returns 0, or a negative errno.
  emsockets_option: function(fd, option, value, write) {
    var sock = PSX.socket(fd);
    if (sock < 0) return sock;
    value >>>= 2;
    var options = sock.posix.options;
    if (write) options[option] = HEAP32[value];
    else if (option in options) HEAP32[value] = options[option];
    return 0;
  },

  emsockets_name__deps: ['$PSX', '$writeSockaddr', '$DNS'],
  emsockets_name__sig: 'iiii',
  emsockets_name__proxy: 'sync',
  // Write the address of a socket, or of its peer.
  emsockets_name: function(fd, address, peer) {
    var sock = PSX.socket(fd), host = sock.saddr, port = sock.sport;
    if (sock < 0) return sock;
    if (peer) {
      if (!sock.daddr || (sock.type == 1 && sock.posix.phase != 2)) return -53; // ENOTCONN
      host = sock.daddr;
      port = sock.dport;
    } else if (!port) {
      var socket = (PSX.link(sock) || 0)._socket; // of `ws`; a page is not told
      if (socket) {
        host = socket.localAddress;
        port = socket.localPort;
      }
    }
    host = (host || '0.0.0.0').replace(/^::ffff:/, '');
    writeSockaddr(address, sock.family, DNS.lookup_name(host), port || 0);
    return 0;
  },
});
