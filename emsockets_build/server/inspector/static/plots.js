// Plots as SVG that stretches with the page; words and numbers stay HTML, so that they do not.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 100;
const CLASSES = { client: "to-server", server: "to-program" };

function child(parent, name, attributes) {
  const element = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function label(box, place, text) {
  const span = box.appendChild(document.createElement("span"));
  span.className = place;
  span.textContent = text;
}

/**
 * Draw two series into a box.
 *
 * @param box where to; what it holds is replaced
 * @param series points `[x, value]` by who sent
 * @param width the largest x
 * @param options `dots` for single values, `text` writes a value, `ends` name both ends of x
 */
export function plot(box, { series, width }, { dots = false, text, ends, what }) {
  const values = [...series.client, ...series.server].map(([, value]) => value);
  const top = Math.max(...values, 0);
  box.replaceChildren();
  box.className = "axes";
  label(box, "top", top ? text(top) : "");
  label(box, "bottom", "0");
  const svg = box.appendChild(document.createElementNS(SVG, "svg"));
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", top ? `${what}: up to ${text(top)}` : `${what}: nothing yet`);
  for (const height of [0, HEIGHT / 2, HEIGHT]) {
    child(svg, "path", { class: "grid", d: `M0 ${height}H${WIDTH}` });
  }
  for (const [who, points] of Object.entries(series)) {
    if (!top || !points.length) continue;
    const places = points.map(([x, value]) =>
      `${((WIDTH * x) / width).toFixed(1)} ${(HEIGHT * (1 - value / top)).toFixed(1)}`);
    const d = dots ? places.map((place) => `M${place}h0`).join("") : `M${places.join("L")}`;
    child(svg, "path", { class: `${dots ? "dots" : "line"} ${CLASSES[who]}`, d });
  }
  label(box, "start", ends[0]);
  label(box, "end", ends[1]);
}
