// What a test asks of a page as a whole; evaluated in it.
({
  /** Text whose contrast with what lies behind it is too low (WCAG 2.2, 1.4.3). */
  faint() {
    const channel = (value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const parse = (text) => text.match(/[\d.]+/g).map(Number);
    const light = ([red, green, blue]) =>
      0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    const behind = (element) => {
      for (let one = element; one; one = one.parentElement) {
        const colour = parse(getComputedStyle(one).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) return colour;
        if (colour[3] !== 0) throw new Error(`half transparent: ${one.className}`);
      }
      return parse(getComputedStyle(document.body).backgroundColor);
    };
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = Array.from(element.childNodes).some((node) =>
        node.nodeType === 3 && node.data.trim());
      if (!own || !element.checkVisibility() || element.closest(":disabled, option")) continue;
      const style = getComputedStyle(element);
      const [one, two] = [light(parse(style.color)), light(behind(element))];
      const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) {
        found.push(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: `
          + element.textContent.slice(0, 40));
      }
    }
    return found;
  },

  /** What is wider than the window and does not scroll by itself. */
  wide() {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    return Array.from(document.querySelectorAll("body *"))
      .filter((one) => one.getBoundingClientRect().right > limit + 1)
      .map((one) => `${one.tagName}.${one.className}`);
  },

  /** What can be reached or told by a name only, and has none. */
  nameless() {
    return Array.from(document.querySelectorAll("button, a, input, select, summary, [role=img]"))
      .filter((one) => one.checkVisibility())
      .filter((one) => !(one.textContent.trim() || one.labels?.length
        || one.getAttribute("aria-label")))
      .map((one) => one.outerHTML.slice(0, 80));
  },
})
