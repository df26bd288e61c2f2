// Drawing: a specification's slots are filled, its rows supplied, and it is drawn, or saved in the colours of paper.

const MANY_MARKS = 2500;

function filled(spec, slots) {
  const value = (x) => {
    if (typeof x === "string" && x.startsWith("@") && x.slice(1) in slots) return slots[x.slice(1)];
    if (Array.isArray(x)) {
      if (x.length === 1 && typeof x[0] === "string" && x[0].startsWith("@")) return slots[x[0].slice(1)];
      return x.map(value);
    }
    if (x && typeof x === "object") return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, value(v)]));
    return x;
  };
  return value(spec);
}

function look(onScreen) {
  const style = getComputedStyle(document.documentElement);
  const color = (name, paper) => (onScreen ? style.getPropertyValue(name).trim() : paper);
  const [ink, soft, line] = [color("--ink", "#1f2328"), color("--soft", "#3d444d"), color("--line", "#d8dce1")];
  const font = onScreen ? getComputedStyle(document.body).fontFamily : "Helvetica, Arial, sans-serif";
  return {
    background: onScreen ? null : "#ffffff",
    font,
    view: { stroke: null },
    axis: { labelColor: ink, titleColor: soft, gridColor: line, tickColor: line, domainColor: line, gridOpacity: 0.7, titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    legend: { labelLimit: 280, labelColor: ink, titleColor: soft, titleFontWeight: "normal" },
    header: { labelColor: ink },
    title: { color: ink, subtitleColor: soft },
  };
}

// Each figure: rows() and slots() of the present choices, a name for its files, an optional click.
const FIGURES = {};

function specOf(name, onScreen) {
  const figure = FIGURES[name];
  const rows = figure.rows();
  const spec = filled(PAGE.specs[name], figure.slots(rows));
  spec.datasets = { rows: rows.map((row) => ({ ...row })) };
  spec.config = { ...(spec.config || {}), ...look(onScreen) };
  if (onScreen) {
    delete spec.title;
    if (figure.fit) spec.width = figure.fit(document.querySelector(`[data-figure="${name}"] .chart`).clientWidth);
  }
  return spec;
}

// The page fetches nothing; its content security policy would refuse it as well.
const refuse = (uri) => Promise.reject(new Error(`this page does not load ${uri}`));
const OPTIONS = { actions: false, renderer: "canvas", loader: { load: refuse } };

async function draw(name) {
  const figure = FIGURES[name];
  const box = document.querySelector(`[data-figure="${name}"] .chart`);
  if (!box || !box.offsetParent) return;
  const ticket = (figure.ticket = (figure.ticket || 0) + 1);
  try {
    const spec = specOf(name, true);
    const note = figure.note ? figure.note() : "";
    box.parentElement.querySelector(".note").textContent = note;
    const inner = element("div");
    const renderer = spec.datasets.rows.length > MANY_MARKS ? "canvas" : "svg";
    const result = await window.vegaEmbed(inner, spec, { ...OPTIONS, renderer });
    if (ticket !== figure.ticket) return result.finalize();
    if (figure.result) figure.result.finalize();
    figure.result = result;
    if (figure.click) result.view.addEventListener("click", (_, item) => item && item.datum && figure.click(item.datum));
    box.replaceChildren(inner);
    box.dataset.drawn = String(spec.datasets.rows.length);
    await result.view.resize().runAsync();
  } catch (error) {
    box.replaceChildren(element("p", { class: "error", role: "alert" }, `This figure could not be drawn: ${error.message || error}`));
  }
}

async function save(name, kind) {
  const spec = specOf(name, false);
  const { view, finalize } = await window.vegaEmbed(element("div"), spec, OPTIONS);
  const file = FIGURES[name].file();
  if (kind === "svg") download(`${file}.svg`, await view.toSVG(), "image/svg+xml");
  else (await view.toCanvas(3)).toBlob((blob) => download(`${file}.png`, blob, "image/png"));
  finalize();
}

function saveButtons(name, words = "") {
  const figure = FIGURES[name];
  const say = (error) => document.querySelector(`[data-figure="${figure.home || name}"] .note`).textContent = `Could not save: ${error.message}`;
  const image = (kind) => element("button", { type: "button", "data-save": `${name}-${kind}`, onclick: () => save(name, kind).catch(say) }, `Save ${words}${kind.toUpperCase()}`);
  const rows = () => figure.rows();
  const hidden = ["jitter", "pair", "kind", "label", "low", "high"];
  const data = element("button", { type: "button", onclick: () => {
    const found = rows();
    const names = found.length ? Object.keys(found[0]).filter((key) => !hidden.includes(key)) : [];
    download(`${figure.file()}.csv`, csv(names, found), "text/csv");
  } }, `Save ${words}CSV`);
  return [image("svg"), image("png"), data];
}

// The strip of small matrices, by hand on canvases: hundreds of thousands of cells need no scene graph.
const STOPS = PAGE.ramp.map((color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
const SHADES = Array.from({ length: 256 }, (_, i) => {
  const at = (i / 255) * (STOPS.length - 1);
  const [low, high] = [STOPS[Math.floor(at)], STOPS[Math.ceil(at)]];
  return low.map((value, c) => Math.round(value + (high[c] - value) * (at % 1)));
});

function paintThumb(canvas, rows, order, domain) {
  const place = new Map(order.map((model, i) => [model, i]));
  canvas.width = canvas.height = order.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(order.length, order.length);
  for (const row of rows) {
    if (row.similarity === null || !place.has(row.model_x) || !place.has(row.model_y)) continue;
    const t = (row.similarity - domain[0]) / (domain[1] - domain[0]);
    image.data.set([...SHADES[Math.round(255 * Math.min(1, Math.max(0, t)))], 255], 4 * (place.get(row.model_y) * order.length + place.get(row.model_x)));
  }
  context.putImageData(image, 0, 0);
}
