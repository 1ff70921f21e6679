// Tries URLs by ws and by Node's own WebSocket; prints which opened, as JSON.
"use strict";
const { WebSocket: Ws } = require("ws");
const urls = process.argv.slice(2);

function opens(Kind, url, protocols) {
  return new Promise((resolve) => {
    let socket;
    try {
      socket = new Kind(url, protocols);
    } catch {
      resolve(false);
      return;
    }
    const done = (result) => () => {
      resolve(result);
      if (socket.terminate) socket.terminate();
      else socket.close();
    };
    // Node 24.19's own WebSocket throws where nobody can catch it when a server selects a subprotocol
    // though none was offered (TypeError: Cannot read properties of null (reading 'includes')).
    process.removeAllListeners("uncaughtException").once("uncaughtException", done(false));
    socket.onopen = done(true);
    socket.onerror = done(false);
    setTimeout(done(false), 8000).unref();
  });
}

async function main() {
  const found = {};
  for (const url of urls) {
    found[url] = {
      ws: await opens(Ws, url, ["binary"]),
      undici: await opens(WebSocket, url, ["binary"]),
      "undici, none": await opens(WebSocket, url, []),
    };
  }
  console.log(JSON.stringify(found));
  process.exit();
}
main();
