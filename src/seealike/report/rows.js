// The rows that each figure draws: the same as rows.py makes, for the present choices.

const MODELS = rowsOf(TABLES.models);
const DATASETS = rowsOf(TABLES.datasets).map((row) => row.dataset);
const CONSISTENCY = rowsOf(TABLES.consistency);
const DIFFERENT = "different sets";
const GOLDEN = 0.6180339887498949;

const distinct = (values) => [...new Set(values)].filter((value) => value !== null && value !== undefined);
const setPair = (x, y) => `${x} × ${y}`;
const measureOf = (id) => PAGE.measures.find((measure) => measure.id === id);

// Where the rows of each (measure, dataset) stand in the table of similarities.
const PLACES = new Map();
if (TABLES.similarities) {
  const { measure, dataset } = TABLES.similarities.columns;
  measure.forEach((id, i) => {
    const key = JSON.stringify([id, dataset[i]]);
    if (!PLACES.has(key)) PLACES.set(key, []);
    PLACES.get(key).push(i);
  });
}
const COMPARED = TABLES.similarities ? distinct(TABLES.similarities.columns.dataset) : [];

const cardLine = (model) => PAGE.fields.filter((field) => model[field] !== null && model[field] !== undefined)
  .map((field) => `${field}: ${model[field]}`).join(" · ");
const CARDS = new Map(MODELS.map((model) => [model.model, cardLine(model)]));

function groupsOf(field) {
  const known = field && TABLES.models.names.includes(field);
  return new Map(MODELS.map((model) => [model.model, known ? String(model[field]) : "all"]));
}

function similarityRows(measure, dataset, field) {
  const groups = groupsOf(field);
  return (PLACES.get(JSON.stringify([measure, dataset])) || []).map((i) => {
    const row = rowAt(TABLES.similarities, i);
    return { ...row, card_x: CARDS.get(row.model_x) || "", card_y: CARDS.get(row.model_y) || "",
      group_x: groups.get(row.model_x) || "", group_y: groups.get(row.model_y) || "" };
  });
}

function consistencyRows({ measure, correlation, field }) {
  return CONSISTENCY
    .filter((row) => row.measure === measure && row.correlation === correlation && row.field === field)
    .map((row, i) => ({ ...row, pair: setPair(row.set_x, row.set_y), jitter: ((i * GOLDEN) % 1) * 2 - 1,
      kind: row.set_x === row.set_y ? "within one set" : "across two sets" }));
}

function median(values) {
  const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length ? (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2 : -Infinity;
}

function byMedian(rows) {
  const medians = new Map();
  for (const row of rows) medians.set(row.pair, [...(medians.get(row.pair) || []), row.consistency]);
  return [...medians].map(([pair, values]) => [pair, median(values)]).sort((a, b) => (b[1] > a[1]) - (b[1] < a[1])).map(([pair]) => pair);
}

function mirrored(rows) {
  const cells = new Map();
  const key = (x, y) => JSON.stringify([x, y]);
  for (const row of rows) {
    const [x, y] = [row.dataset_x, row.dataset_y];
    if (!cells.has(key(y, x))) cells.set(key(y, x), { ...row, dataset_x: y, dataset_y: x });
    cells.set(key(x, y), row);
  }
  return [...cells.values()];
}

function scatterRows(rowsA, rowsB) {
  const key = (row) => JSON.stringify([row.model_x, row.model_y]);
  const onB = new Map(rowsB.map((row) => [key(row), row.similarity]));
  const both = new Map();
  for (const row of rowsA) {
    const b = onB.get(key(row));
    if (row.model_x === row.model_y || row.similarity === null || b === null || b === undefined) continue;
    const once = JSON.stringify([row.model_x, row.model_y].sort());
    const sets = row.group_x === row.group_y ? setPair(row.group_x, row.group_y) : DIFFERENT;
    if (!both.has(once)) both.set(once, { ...row, a: row.similarity, b, sets });
  }
  return [...both.values()];
}

function groupNames(rows) {
  const names = distinct(rows.map((row) => row.sets)).sort();
  return [...names.filter((name) => name !== DIFFERENT), ...names.filter((name) => name === DIFFERENT)];
}

function accuracyRows() {
  return rowsOf(TABLES.head_accuracy)
    .map((row) => ({ ...row, label: `${row.model} on ${row.dataset}`,
      low: row.top1 === null ? null : row.top1 - (row.standard_error || 0),
      high: row.top1 === null ? null : row.top1 + (row.standard_error || 0) }))
    .sort((a, b) => compare(a.dataset, b.dataset) || compare(a.model, b.model));
}

const colorsFor = (groups) => groups.map((name, i) => (name === DIFFERENT ? PAGE.grey : PAGE.palette[i % PAGE.palette.length]));

function modelOrder(measure, arrange) {
  const order = measureOf(measure).order;
  if (arrange === "linkage") return order;
  const groups = groupsOf(arrange);
  const place = new Map(order.map((model, i) => [model, i]));
  return [...order].sort((a, b) => compare(groups.get(a), groups.get(b)) || place.get(a) - place.get(b));
}
