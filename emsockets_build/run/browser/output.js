// What a program in a page writes, on its way to the runner; a part of page.js.
//
// An expression: a function of `emit`, which takes one text for each report, and of `isOver`, which
// tells whether the program has ended.
(emit, isOver) => {
  "use strict";
  const SOON_LINES = 2000; // lines that are handed over one by one; later ones in larger pieces
  const PIECE = 1 << 15;

  // Bytes travel as characters of the same number: what a program writes need not be UTF-8.
  class Output {
    constructor(name) {
      this.name = name;
      this.text = "";
      this.lines = 0;
      this.planned = false;
    }

    byte(value) {
      if (value === null || value === undefined) return;
      this.text += String.fromCharCode(value & 255);
      if ((value & 255) === 10) this.lineEnded();
      else this.later();
    }

    line(...values) {
      const bytes = new TextEncoder().encode(values.map(worded).join(" "));
      for (let start = 0; start < bytes.length; start += PIECE) {
        this.text += String.fromCharCode.apply(null, bytes.subarray(start, start + PIECE));
      }
      this.text += "\n";
      this.lineEnded();
    }

    lineEnded() {
      this.lines += 1;
      if (this.lines < SOON_LINES || this.text.length >= PIECE) this.flush();
      else this.later();
    }

    later() {
      if (this.text.length >= PIECE) this.flush();
      if (this.planned) return;
      this.planned = true;
      queueMicrotask(() => this.flush());
    }

    flush() {
      this.planned = false;
      if (this.text === "" || isOver()) return;
      emit(JSON.stringify({ event: "output", stream: this.name, data: this.text }));
      this.text = "";
    }
  }

  function worded(value) {
    if (typeof value === "string") return value;
    if (value instanceof Error) return String(value.stack || value);
    try {
      return typeof value === "object" ? JSON.stringify(value) ?? String(value) : String(value);
    } catch {
      return String(value);
    }
  }

  return { stdout: new Output("stdout"), stderr: new Output("stderr") };
}
