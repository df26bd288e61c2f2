// Squares of models: small ones of all datasets by hand on canvases, for hundreds of thousands of cells need no scene graph.

const SHADES = Array.from({ length: 256 }, (_, i) => channels(between(PAGE.ramp, (i / 255) * (PAGE.ramp.length - 1))));
const COMPARED = TABLES.similarities ? distinct(TABLES.similarities.columns.dataset.levels) : [];

function paintThumb(canvas, measure, dataset, order) {
  const place = new Map(order.map((model, i) => [model, i]));
  const { model_x, model_y, similarity } = TABLES.similarities.columns;
  const [low, high] = measureOf(measure)[state.range];
  canvas.width = canvas.height = Math.max(1, order.length);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const put = (x, y, value) => image.data.set([...SHADES[Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))))], 255], 4 * (y * order.length + x));
  const found = matching(TABLES.similarities, { measure, dataset });
  for (const both of [true, false]) {
    for (const i of found) {
      const [x, y, value] = [place.get(model_x.at(i)), place.get(model_y.at(i)), similarity.values[i]];
      if (x === undefined || y === undefined || Number.isNaN(value)) continue;
      if (both) put(y, x, value);
      else put(x, y, value);
    }
  }
  context.putImageData(image, 0, 0);
}

function paintThumbs() {
  const section = sectionOf("similarity");
  const strip = document.querySelector(".thumbs");
  if (!section || !strip || !strip.offsetParent) return;
  const chosen = settled(section);
  const order = modelOrder(chosen.measure, chosen.dataset);
  for (const button of strip.children) {
    const { dataset } = button.dataset;
    button.setAttribute("aria-pressed", String(dataset === chosen.dataset));
    const key = JSON.stringify([chosen.measure, order, state.range]);
    if (button.dataset.painted === key) continue;
    button.dataset.painted = key;
    paintThumb(button.querySelector("canvas"), chosen.measure, dataset, order);
  }
}

function thumbs() {
  return element("div", { class: COMPARED.length > 10 ? "thumbs many" : "thumbs", role: "group", "aria-label": "Dataset to enlarge" }, ...COMPARED.map((dataset) =>
    element("button", { type: "button", "data-dataset": dataset, title: dataset, "aria-pressed": "false", onclick: () => choose({ dataset }) },
      element("canvas", { "aria-hidden": "true" }), element("span", {}, dataset))));
}

// Which fields stand as bars beside a square.
function barChoices(kind) {
  const fields = PAGE.sides[kind];
  if (!fields.length) return [];
  const box = (field) => {
    const input = element("input", { type: "checkbox", onchange: () => {
      state.bars[kind] = fields.filter((name) => (name === field ? input.checked : state.bars[kind].includes(name)));
      refresh();
    } });
    input.checked = state.bars[kind].includes(field);
    return element("label", {}, input, field.replaceAll("_", " "));
  };
  return [element("fieldset", { class: "bars" }, element("legend", {}, "Bars"), ...fields.map(box))];
}
