// A WebSocket echo server on ws 8; the argument says how it treats subprotocols and messages.
"use strict";
const { WebSocketServer } = require("ws");
const how = process.argv[2];
const options = { host: "127.0.0.1", port: 0 };
if (how === "none") options.handleProtocols = () => false;
if (how === "small") options.maxPayload = 10000;
const server = new WebSocketServer(options, () => console.log("READY " + server.address().port));
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    socket.send(how === "text" ? data.toString() : data, { binary: how !== "text" && isBinary });
  });
});
process.stdin.resume().on("end", () => process.exit());
