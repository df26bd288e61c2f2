// The page: choices, the figures they drive, tables and the record.

const CORRELATIONS = distinct(CONSISTENCY.map((row) => row.correlation));
const SETS = () => byMedian(consistencyRows(state));
const state = {
  measure: PAGE.measures.length ? PAGE.measures[0].id : null,
  correlation: CORRELATIONS[0] || null,
  field: PAGE.fields[0] || null,
  sets: null, dataset: COMPARED[0] || null, arrange: "linkage", range: "full", a: COMPARED[0] || null, b: COMPARED[1] || null,
};
const label = () => measureOf(state.measure).label;
const domain = () => measureOf(state.measure)[state.range];
const named = (...parts) => parts.join("_").replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");

FIGURES.consistency = {
  rows: () => consistencyRows(state),
  slots: (rows) => ({ order: byMedian(rows), subtitle: `${label()}, ${state.correlation}, models by ${state.field}` }),
  note: () => (consistencyRows(state).length ? undefinedNote() : `No consistency was computed for models by ${state.field} under this measure.`),
  fit: (width) => Math.max(220, Math.min(560, width - 40 - labelWidth(distinct(consistencyRows(state).map((row) => row.pair))))),
  file: () => named("consistency", label(), state.correlation, state.field),
  click: (datum) => datum.pair && choose({ sets: datum.pair }),
};
function undefinedNote() {
  const missing = consistencyRows(state).filter((row) => row.consistency === null);
  return missing.length ? `${missing.length} of ${consistencyRows(state).length} have no value (for example: ${missing[0].reason || "no reason given"}).` : "";
}
FIGURES.consistency_by_datasets = {
  rows: () => mirrored(consistencyRows(state).filter((row) => row.pair === state.sets)),
  slots: () => ({ order: DATASETS, subtitle: `${state.sets}; ${label()}, ${state.correlation}` }),
  file: () => named("consistency-by-datasets", state.sets, label(), state.correlation),
};
FIGURES.similarity = {
  rows: () => similarityRows(state.measure, state.dataset, state.field),
  slots: (rows) => {
    const groups = distinct(rows.map((row) => row.group_x)).sort();
    return { order: modelOrder(state.measure, state.arrange), domain: domain(), groups, colors: colorsFor(groups), subtitle: `${state.dataset}; ${label()}` };
  },
  note: () => missingNote(similarityRows(state.measure, state.dataset, state.field)),
  file: () => named("similarity", state.dataset, label()),
};
FIGURES.similarities = {
  home: "similarity",
  rows: () => COMPARED.flatMap((dataset) => similarityRows(state.measure, dataset, state.field)),
  slots: () => ({ order: modelOrder(state.measure, state.arrange), domain: domain(), datasets: COMPARED, subtitle: label() }),
  file: () => named("similarities", label()),
};
FIGURES.scatter = {
  rows: () => scatterRows(similarityRows(state.measure, state.a, state.field), similarityRows(state.measure, state.b, state.field)),
  slots: (rows) => {
    const groups = groupNames(rows);
    return { domain: measureOf(state.measure).full, groups, colors: colorsFor(groups), x: `similarity on ${state.a}`, y: `similarity on ${state.b}`, subtitle: label() };
  },
  note: scatterNote,
  file: () => named("scatter", state.a, state.b, label()),
};
FIGURES.head_accuracy = {
  rows: accuracyRows,
  slots: (rows) => ({ order: distinct(rows.map((row) => row.label)), subtitle: "measured here, ± one standard error, beside the published accuracy where there is one" }),
  fit: (width) => Math.max(260, Math.min(640, width - 60 - labelWidth(accuracyRows().map((row) => row.label)))),
  file: () => "head-accuracy",
};

// About the width of the longest label, so that a figure fits beside it.
function labelWidth(labels) {
  return Math.min(260, 6.2 * Math.max(0, ...labels.map((text) => text.length)));
}

function missingNote(rows) {
  const missing = rows.filter((row) => row.similarity === null);
  return missing.length ? `${missing.length} of ${rows.length} pairs have no value on ${state.dataset}: ${distinct(missing.map((row) => row.reason)).slice(0, 3).join("; ") || "no reason given"}.` : "";
}

function scatterNote() {
  const here = consistencyRows(state).filter((row) => row.consistency !== null &&
    ((row.dataset_x === state.a && row.dataset_y === state.b) || (row.dataset_x === state.b && row.dataset_y === state.a)));
  const words = here.map((row) => `${row.pair} ${row.consistency.toFixed(2)} (${row.n_pairs} pairs)`);
  return words.length ? `Consistency between these two (${state.correlation}): ${words.join(", ")}.` : "";
}

const DEPENDS = {
  consistency: ["measure", "correlation", "field"],
  consistency_by_datasets: ["measure", "correlation", "field", "sets"],
  similarity: ["measure", "field", "dataset", "arrange", "range"],
  scatter: ["measure", "correlation", "field", "a", "b"],
  head_accuracy: [],
};

function choose(change) {
  Object.assign(state, change);
  const changed = Object.keys(change);
  const sets = SETS();
  if (!sets.includes(state.sets)) { state.sets = sets[0] || null; changed.push("sets"); }
  refreshSelects();
  if (changed.some((key) => [...DEPENDS.similarity].includes(key))) paintThumbs();
  const due = Object.keys(DEPENDS).filter((name) => DEPENDS[name].some((key) => changed.includes(key)));
  return Promise.all(due.map(draw));
}

const SELECTS = [];
function select(key, words, options) {
  const input = element("select", { name: key, onchange: () => choose({ [key]: input.value }) });
  SELECTS.push({ key, input, options });
  return element("label", {}, words, input);
}
function refreshSelects() {
  for (const { key, input, options } of SELECTS) {
    const wanted = options();
    const known = [...input.options].map((option) => option.value);
    if (JSON.stringify(known) !== JSON.stringify(wanted.map(([value]) => value))) {
      input.replaceChildren(...wanted.map(([value, text]) => element("option", { value }, text)));
    }
    if (state[key] !== null) input.value = state[key];
    input.disabled = wanted.length < 2;
  }
}
const plain = (values) => values.map((value) => [value, value]);

function paintThumbs() {
  const order = state.measure ? modelOrder(state.measure, state.arrange) : [];
  for (const button of document.querySelectorAll(".thumbs button")) {
    const dataset = button.dataset.dataset;
    button.setAttribute("aria-pressed", String(dataset === state.dataset));
    const key = JSON.stringify([state.measure, state.arrange, state.range]);
    if (button.dataset.painted === key) continue;
    button.dataset.painted = key;
    paintThumb(button.querySelector("canvas"), cellsOf(state.measure, dataset), order, domain());
  }
}
function cellsOf(measure, dataset) {
  const { model_x, model_y, similarity } = TABLES.similarities.columns;
  return (PLACES.get(JSON.stringify([measure, dataset])) || []).map((i) => ({ model_x: model_x[i], model_y: model_y[i], similarity: similarity[i] }));
}

function thumbs() {
  return element("div", { class: "thumbs", role: "group", "aria-label": "Dataset to enlarge" }, ...COMPARED.map((dataset) =>
    element("button", { type: "button", "data-dataset": dataset, title: dataset, "aria-pressed": "false", onclick: () => choose({ dataset }) },
      element("canvas", { "aria-hidden": "true" }), element("span", {}, dataset))));
}

function controlsOf(name) {
  const datasets = () => plain(COMPARED);
  if (name === "consistency_by_datasets") return [select("sets", "Model sets", () => plain(SETS()))];
  if (name === "scatter") return [select("a", "Horizontal", datasets), select("b", "Vertical", datasets)];
  if (name !== "similarity") return [];
  return [select("dataset", "Dataset", datasets),
    select("arrange", "Order", () => [["linkage", "similar side by side"], ...PAGE.fields.filter((f) => TABLES.models.names.includes(f)).map((f) => [f, `by ${f}`])]),
    select("range", "Colors", () => [["full", "the whole range"], ["range", "range of these values"]])];
}

function furnish(figure) {
  const name = figure.dataset.figure;
  figure.append(element("div", { class: "controls" }, ...controlsOf(name)));
  if (name === "similarity") figure.append(thumbs());
  const words = figure.querySelector("figcaption strong").textContent;
  figure.append(element("div", { class: "chart", role: "group", tabindex: "0", "aria-label": `${words} The values can be saved as CSV below.` }),
    element("p", { class: "note", "aria-live": "polite" }));
  const more = name === "similarity" ? saveButtons("similarities", "all datasets: ") : [];
  figure.append(element("div", { class: "save" }, ...saveButtons(name), ...more));
}

function furnishChoices() {
  const form = document.getElementById("choices");
  form.append(select("measure", "Measure", () => PAGE.measures.map((m) => [m.id, m.label])));
  if (CORRELATIONS.length) form.append(select("correlation", "Correlation", () => plain(CORRELATIONS)));
  if (PAGE.fields.length) form.append(select("field", "Models by", () => plain(PAGE.fields)));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = !PAGE.measures.length;
}

function record() {
  const { versions, cells, elapsed_by_stage: stages, ...rest } = PAGE.record;
  const block = (title, entries) => element("div", {}, element("h3", {}, title), element("table", {}, element("tbody", {},
    ...entries.map(([key, value]) => element("tr", {}, element("th", { scope: "row" }, key.replaceAll("_", " ")),
      element("td", {}, value !== null && typeof value === "object" ? JSON.stringify(value) : shown(value)))))));
  const blocks = [["What ran", rest], ["Cells", cells], ["Seconds in each stage", stages], ["Versions", versions]];
  const found = blocks.filter(([, entries]) => entries && typeof entries === "object" && Object.keys(entries).length);
  if (!found.length) return [element("p", { class: "absent" }, "This report was made without a record.")];
  return [element("div", { class: "record" }, ...found.map(([title, entries]) => block(title, Object.entries(entries))))];
}

function failed() {
  if (!TABLES.outcomes) return [];
  const rows = rowsOf(TABLES.outcomes);
  const bad = rows.filter((row) => row.status === "failed");
  if (!bad.length) return [element("p", {}, `None of ${rows.length}.`)];
  return tableView("failed cells", ["stage", "cell", "reason", "elapsed_s"], bad);
}

function downloads() {
  return Object.entries(TABLES).map(([name, table]) => element("button", { type: "button", onclick: () =>
    download(`${name}.csv`, csv(table.names, rowsOf(table)), "text/csv") }, `${name}.csv`));
}

function start() {
  furnishChoices();
  document.querySelectorAll("figure[data-figure]").forEach(furnish);
  if (COMPARED.length > 10) document.querySelector('[data-figure="similarity"]').classList.add("many");
  document.querySelectorAll("[data-table]").forEach((box) => {
    const name = box.dataset.table;
    if (TABLES[name]) box.append(...tableView(name, TABLES[name].names, rowsOf(TABLES[name])));
  });
  document.querySelector("[data-record]").append(...record());
  document.querySelector("[data-failed]").append(...failed());
  const box = document.querySelector("[data-downloads]");
  box.classList.add("save");
  box.append(...downloads());
  let resized;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => ["consistency", "head_accuracy"].forEach(draw), 200);
  });
  const all = () => Promise.all(Object.keys(DEPENDS).map(draw));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  choose({}).then(() => { paintThumbs(); return all(); }).then(() => { document.body.dataset.ready = "yes"; });
}

try {
  start();
} catch (error) {
  document.getElementById("main").prepend(element("p", { class: "error", role: "alert" }, `The page could not be drawn: ${error.message}`));
  throw error;
}
