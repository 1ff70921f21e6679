// Numbers, times and payloads as people read them. Pure.

const UNITS = ["B", "kB", "MB", "GB"];
export const OPCODES = {
  0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong",
};

/** Write a number of bytes in powers of 1000. */
export function bytes(count) {
  let place = 0;
  while (count >= 999.5 && place < UNITS.length - 1) {
    count /= 1000;
    place += 1;
  }
  return `${count.toFixed(place === 0 || count >= 100 ? 0 : 1)} ${UNITS[place]}`;
}

/** Write a time in the unit that people would use. */
export function seconds(value) {
  if (value < 0.9995) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}

/** Write a count with its groups apart. */
export const count = (value) => value.toLocaleString("en");

/** Say a number of things. */
export const plural = (value, thing) => `${count(value)} ${thing}${value === 1 ? "" : "s"}`;

/** Decode base64. */
export function decode(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Make what cannot be seen visible, and what could reorder a line harmless. */
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0);
    if (code === 10) return "\\n";
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

const TEXT = new TextDecoder("utf-8", { fatal: true });
const LOOSE = new TextDecoder("utf-8");

/** Tell whether bytes are text that people would want to read. */
function readable(data) {
  try {
    return !/[\x00-\x08\x0e-\x1f\x7f]/.test(TEXT.decode(data, { stream: false }));
  } catch {
    return false;
  }
}

const hexOf = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0"));

/** Write the beginning of a payload in one line: as text if it is some, else in hex. */
export function preview(data, size, limit = 48) {
  if (!data.length) return "";
  const text = readable(data);
  const part = data.subarray(0, text ? limit : Math.ceil(limit / 3));
  const shown = text ? visible(LOOSE.decode(part)) : hexOf(part).join(" ");
  return part.length < size ? `${shown} …` : shown;
}

/** Return what a filter looks through: the payload as text, and in hex without blanks. */
export function searchable(data) {
  return `${LOOSE.decode(data)}\n${hexOf(data).join("")}`.toLowerCase();
}

/** Write a payload as text, line ends kept. */
export function asText(data) {
  return LOOSE.decode(data).split("\n").map(visible).join("\n");
}

/** Write a payload as a hex dump. */
export function asHex(data) {
  const lines = [];
  for (let start = 0; start < data.length; start += 16) {
    const part = data.subarray(start, start + 16);
    const words = hexOf(part);
    const hex = `${words.slice(0, 8).join(" ")}  ${words.slice(8).join(" ")}`.padEnd(48);
    const text = Array.from(part, (byte) =>
      byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·").join("");
    lines.push(`${start.toString(16).padStart(6, "0")}  ${hex}  ${text}`);
  }
  return lines.join("\n");
}
