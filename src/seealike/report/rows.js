// The rows that each figure draws: the same as rows.py makes, for the present choices.

const DIFFERENT = "different sets";
const GOLDEN = 0.6180339887498949;
const setPair = (x, y) => `${x} × ${y}`;

const cardLine = (card) => PAGE.fields.filter((field) => card[field] !== null && card[field] !== undefined)
  .map((field) => `${field}: ${card[field]}`).join(" · ");
const CARDS = withBareNames(MODELS.map((card) => [card, cardLine(card)]));

const known = (value) => value !== null && value !== undefined;
const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

// Unordered pairs of different models that have a similarity; the mean of both directions where they differ.
function pairsOn(measure, dataset) {
  const pairs = new Map();
  for (const i of matching(TABLES.similarities, { measure, dataset })) {
    const { model_x, model_y, similarity, standard_error } = rowAt(TABLES.similarities, i);
    if (model_x === model_y || similarity === null) continue;
    const both = model_x < model_y ? [model_x, model_y] : [model_y, model_x];
    const key = JSON.stringify(both);
    if (!pairs.has(key)) pairs.set(key, { both, similarities: [], errors: [] });
    pairs.get(key).similarities.push(similarity);
    if (standard_error !== null) pairs.get(key).errors.push(standard_error);
  }
  return new Map([...pairs].map(([key, { both: [model_x, model_y], similarities, errors }]) =>
    [key, { model_x, model_y, similarity: mean(similarities), standard_error: mean(errors) }]));
}

// Tables that are joined for the present choices only.
const DERIVED = {
  scatter({ measure, a, b }) {
    const [onA, onB] = [a, b].map((dataset) => pairsOn(measure, dataset));
    return [...onA].filter(([key]) => onB.has(key)).map(([key, { model_x, model_y, similarity, standard_error }]) => ({
      model_x, model_y, a: similarity, a_error: standard_error, b: onB.get(key).similarity, b_error: onB.get(key).standard_error,
    }));
  },
  gap({ measure, dataset, method, metric }) {
    const tested = TABLES.performance;
    const scores = new Map(matching(tested, { dataset, method, metric, split: "test" }).map((i) => [tested.columns.model.at(i), tested.columns.value.at(i)]));
    return [...pairsOn(measure, dataset).values()]
      .map((row) => ({ ...row, value_x: scores.get(row.model_x), value_y: scores.get(row.model_y) }))
      .filter((row) => known(row.value_x) && known(row.value_y))
      .map((row) => ({ ...row, gap: Math.abs(row.value_x - row.value_y), better: row.value_x >= row.value_y ? row.model_x : row.model_y }));
  },
};

function labelled(row, i, groups) {
  const added = { jitter: ((i * GOLDEN) % 1) * 2 - 1 };
  if ("model" in row) Object.assign(added, { group: groups.get(row.model) || "", card: CARDS.get(row.model) || "" });
  if ("better" in row) added.group = groups.get(row.better) || "";
  if ("model_x" in row && "model_y" in row) {
    const [x, y] = [groups.get(row.model_x) || "", groups.get(row.model_y) || ""];
    Object.assign(added, { group_x: x, group_y: y, card_x: CARDS.get(row.model_x) || "", card_y: CARDS.get(row.model_y) || "", sets: x === y ? setPair(x, y) : DIFFERENT });
  }
  if ("set_x" in row && "set_y" in row) Object.assign(added, { pair: setPair(row.set_x, row.set_y), kind: row.set_x === row.set_y ? "within one set" : "across two sets" });
  for (const side of ["", "_x", "_y"]) if (`measure${side}` in row) added[`measure_label${side}`] = wordOf("measure", row[`measure${side}`]);
  return { ...row, ...added };
}
const ADDED = new Set(["jitter", "group", "card", "group_x", "group_y", "card_x", "card_y", "sets", "pair", "measure_label", "measure_label_x", "measure_label_y"]);

function mirrored(rows) {
  const other = (name) => (name.endsWith("_x") ? `${name.slice(0, -1)}y` : name.endsWith("_y") ? `${name.slice(0, -1)}x` : name);
  const keys = Object.keys(rows[0] || {}).filter((name) => /^(model|dataset|measure|domain|set|value)_[xy]$/.test(name));
  const keyOfRow = (row) => JSON.stringify(keys.map((name) => row[name]));
  const present = new Set(rows.map(keyOfRow));
  const turned = rows.map((row) => Object.fromEntries(Object.keys(row).map((name) => [name, other(name) in row ? row[other(name)] : row[name]])));
  return [...rows, ...turned.filter((row) => !present.has(keyOfRow(row)))];
}

// Rows of models that were left out go; a set goes with all its models; consistencies are those of the others.
function remaining(rows, table) {
  if (!filtered() || !rows.length) return rows;
  const [kept, sides] = [keptModels(), ["model", "model_x", "model_y"]];
  const out = new Set(MODELS.map((card) => card.model).filter((model) => !kept.has(model)));
  const gone = (row, side) => (state.without[row.field] || []).includes(row[side]);
  const left = rows.filter((row) => !sides.some((side) => out.has(row[side])) && !(row.field && (gone(row, "set_x") || gone(row, "set_y"))));
  return table === "consistency" ? recomputed(left) : left;
}

// What the reader must know of a figure while models are left out.
function filterNote(section, rows) {
  if (!filtered()) return "";
  if (section.table === "consistency") return "Computed here for the models that are left: without intervals and tests.";
  const follows = rows.some((row) => "model" in row || "model_x" in row);
  return !rows.length || follows ? "" : "These numbers rest on all models of the study.";
}

// The rows of a section that fit its choices, as they stand in its table, without models that were left out.
function plainRows(section, chosen) {
  const table = TABLES[section.table];
  const rows = DERIVED[section.table] ? DERIVED[section.table](chosen) : matching(table, chosen).map((i) => rowAt(table, i));
  return remaining(rows, section.table);
}

function sectionRows(section, chosen) {
  const groups = groupsOf(chosen.field || state.field);
  const rows = plainRows(section, chosen).map((row, i) => labelled(row, i, groups));
  return section.mirror ? mirrored(rows) : rows;
}

function groupNames(rows) {
  const by = ["group", "sets"].find((name) => rows.length && name in rows[0]);
  const names = by ? distinct(rows.map((row) => row[by])).filter(Boolean).sort() : [];
  return [...names.filter((name) => name !== DIFFERENT), ...names.filter((name) => name === DIFFERENT)];
}

const colorsFor = (groups) => groups.map((name, i) => (name === DIFFERENT ? PAGE.grey : PAGE.palette[i % PAGE.palette.length]));

// Colors of a family at places from 0 to its last stop, and one for each value of several fields.
const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
const hex = (values) => `#${values.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;
function between(stops, place) {
  const [low, high] = [Math.floor(place), Math.ceil(place)].map((at) => channels(stops[at]));
  return hex(low.map((value, c) => value + (high[c] - value) * (place % 1)));
}
function shades(fields) {
  const order = distinct(fields);
  return order.flatMap((field, family) => {
    const own = fields.filter((name) => name === field);
    return own.map((_, i) => between(PAGE.families[family % PAGE.families.length], (4 * (i + 0.5)) / own.length));
  });
}

// What a square shows beside the names of its models or datasets.
function cardsOf(section) {
  if (!section.sides) return [];
  const kept = keptModels();
  const cards = section.sides === "model" ? MODELS.filter((card) => kept.has(card.model)) : DATASETS;
  return state.bars[section.sides].flatMap((field) => [...cards]
    .filter((card) => card[field] !== null && card[field] !== undefined)
    .sort((a, b) => compare(a[field], b[field]))
    .map((card) => ({ name: card[section.sides], field, value: String(card[field]), label: `${field}: ${card[field]}` })));
}
