// Starts a program that Emscripten linked as a factory: `node driver.cjs PROGRAM ARGUMENTS...`.
//
// A factory (-sMODULARIZE, -sEXPORT_ES6) does nothing when Node runs its file. The program's
// arguments reach it through process.argv, not through Module.arguments, which a build with a
// short INCOMING_MODULE_JS_API refuses.
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const settings = JSON.parse(process.env.EMSOCKETS_HOOK || "{}");
const program = path.resolve(process.argv[2]);
process.argv.splice(1, 2, program); // as if it had been `node PROGRAM ARGUMENTS...`

// Releases before 3.1.10 or so use CommonJS names inside ES modules, and look for the .wasm file
// under a file: URL that they then read as a path.
function lendCommonJsNames() {
  const folder = path.dirname(program);
  globalThis.require = createRequire(program);
  globalThis.__dirname = folder;
  globalThis.__filename = program;
  return { locateFile: (name) => path.join(folder, name) };
}

async function main() {
  const module = settings.lendCommonJsNames ? lendCommonJsNames() : {};
  const loaded = settings.kind === "es-module" ? await import(pathToFileURL(program)) : require(program);
  const factory = typeof loaded === "function" ? loaded : loaded.default;
  if (typeof factory !== "function") return; // it ran by itself
  try {
    await factory(module);
  } catch (error) {
    if (!error || error.name !== "ExitStatus") throw error;
    process.exitCode = error.status;
  }
}

main();
