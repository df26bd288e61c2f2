// Choices: what is wanted, what each figure can offer, and what it shows for it. The same rules as choices.py.

const distinct = (values) => [...new Set(values)].filter((value) => value !== null && value !== undefined);
const MODELS = rowsOf(TABLES.models);
const DATASETS = rowsOf(TABLES.datasets);
const SECTIONS = PAGE.sections;
const COMBINATIONS = Object.fromEntries(SECTIONS.map((section) => [section.name, rowsOf(TABLES[`choices of ${section.name}`])]));
const PAGE_WIDE = ["measure", "correlation", "field"];
const SHARED = [...PAGE_WIDE, "dataset", "a", "b", "pair", "human", "trial", "distance", "readout"];
const NAMES = { dataset: "Dataset", a: "Horizontal", b: "Vertical", pair: "Model sets", of: "Of", human: "Judgements", trial: "Judgement" };

const everywhere = (choice) => distinct(SECTIONS.filter((section) => section.choices.includes(choice))
  .flatMap((section) => COMBINATIONS[section.name].map((row) => row[choice])));
const CORRELATIONS = everywhere("correlation");
const FIELDS = distinct([...PAGE.fields, ...everywhere("field")]);

// What is wanted: choices of the page and of single figures, models left out, and how squares are arranged.
const state = {
  measure: PAGE.measures.length ? PAGE.measures[0].id : null,
  correlation: CORRELATIONS[0] ?? null,
  field: FIELDS[0] ?? null,
  without: {},
  arrange: "@linkage", range: "full", along: "@study",
  bars: { model: PAGE.sides.model.slice(0, 4), dataset: PAGE.sides.dataset.slice(0, 3) },
};

const keyOf = (section, choice) => (SHARED.includes(choice) ? choice : `${section.name}.${choice}`);
const sectionOf = (name) => SECTIONS.find((section) => section.name === name);
const measureOf = (id) => PAGE.measures.find((measure) => measure.id === id);
const wordOf = (choice, value) => (choice === "measure" && measureOf(value) ? measureOf(value).label : value === "" ? "–" : value);
const titleOf = (choice) => NAMES[choice] || (choice[0].toUpperCase() + choice.slice(1)).replaceAll("_", " ");

// For each choice what it offers after those before it, and the value that is shown.
function offers(section) {
  let rows = COMBINATIONS[section.name];
  return section.choices.map((choice) => {
    const values = distinct(rows.map((row) => row[choice]));
    const wanted = state[keyOf(section, choice)];
    const value = values.includes(wanted) ? wanted : values[0];
    rows = rows.filter((row) => row[choice] === value);
    return { choice, values, value };
  });
}
const settled = (section) => Object.fromEntries(offers(section).map(({ choice, value }) => [choice, value]));

function inWords(chosen) {
  const rest = Object.keys(chosen).filter((choice) => !PAGE_WIDE.includes(choice) && choice !== "a" && choice !== "b");
  return [...rest, ...PAGE_WIDE].filter((choice) => chosen[choice])
    .map((choice) => (choice === "field" ? `models by ${chosen.field}` : wordOf(choice, chosen[choice]))).join("; ");
}

// Where a figure has nothing for a choice of the whole page, it shows something else and says so.
function instead(section, chosen) {
  return PAGE_WIDE.filter((choice) => choice in chosen && chosen[choice] !== state[choice])
    .map((choice) => `There is nothing here for ${wordOf(choice, state[choice])}; shown: ${wordOf(choice, chosen[choice])}.`).join(" ");
}

const valueOf = (card, field) => (card[field] === null || card[field] === undefined ? "–" : String(card[field]));
const keptModel = (card) => Object.entries(state.without).every(([field, values]) => !values.includes(valueOf(card, field)));
const keptModels = () => new Set(MODELS.filter(keptModel).map((card) => card.model));
const filtered = () => Object.values(state.without).some((values) => values.length);

// By the names of models, and by those without their layers, as alignment with people names them.
const withBareNames = (pairs) => new Map([
  ...pairs.filter(([card]) => card.layer && card.model.endsWith(`/${card.layer}`)).map(([card, value]) => [card.model.slice(0, -card.layer.length - 1), value]),
  ...pairs.map(([card, value]) => [card.model, value]),
]);

function groupsOf(field) {
  const known = field && TABLES.models.names.includes(field);
  return withBareNames(MODELS.map((card) => [card, known ? valueOf(card, field) : "all"]));
}

// The order of one dataset alone, where the study computed it.
function ownOrder(measure, dataset) {
  if (state.arrange !== "@dataset" || !TABLES.model_order || !dataset) return null;
  const { columns } = TABLES.model_order;
  const found = matching(TABLES.model_order, { measure, dataset }).sort((i, j) => columns.position.at(i) - columns.position.at(j));
  return found.length ? distinct([...found.map((i) => columns.model.at(i)), ...MODELS.map((card) => card.model)]) : null;
}

function modelOrder(measure, dataset = null) {
  const order = ownOrder(measure, dataset) || (measureOf(measure) ? measureOf(measure).order : MODELS.map((card) => card.model));
  const kept = keptModels();
  const groups = groupsOf(state.arrange);
  const place = new Map(order.map((model, i) => [model, i]));
  const sorted = ["@linkage", "@dataset"].includes(state.arrange) ? order : [...order].sort((a, b) => compare(groups.get(a), groups.get(b)) || place.get(a) - place.get(b));
  return sorted.filter((model) => kept.has(model));
}

function datasetOrder() {
  const known = TABLES.datasets.names.includes(state.along) && state.along !== "dataset";
  const rows = known ? [...DATASETS].sort((a, b) => compare(valueOf(a, state.along), valueOf(b, state.along))) : DATASETS;
  return rows.map((row) => row.dataset);
}
