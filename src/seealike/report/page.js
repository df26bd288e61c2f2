// The page: choices, the chapters and figures they drive, tables and the record.

// Change what is wanted, then show it everywhere.
function choose(change) {
  Object.assign(state, change);
  return refresh();
}

function refresh() {
  refreshSelects();
  paintThumbs();
  const shown = SECTIONS.filter((section) => !section.home && boxOf(section.name) && boxOf(section.name).offsetParent);
  return Promise.all(shown.map(draw));
}

function clicked(section, datum) {
  const given = Object.entries(section.click).filter(([, name]) => typeof datum[name] === "string");
  const change = Object.fromEntries(given.map(([choice, name]) => [choice, datum[name]]));
  if (!given.length || change.a !== undefined && change.a === change.b) return;
  choose(change).then(() => {
    const target = change.a === undefined ? null : document.querySelector('[data-figure="scatter"]');
    if (target) target.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
}

const SELECTS = [];
function select(key, words, options, current = () => state[key]) {
  const input = element("select", { name: key, onchange: () => choose({ [key]: input.value }) });
  const made = element("label", {}, words, input);
  SELECTS.push({ made, input, options, current });
  return made;
}
function refreshSelects() {
  for (const { made, input, options, current } of SELECTS) {
    const wanted = options();
    const known = [...input.options].map((option) => [option.value, option.text]);
    if (JSON.stringify(known) !== JSON.stringify(wanted)) {
      input.replaceChildren(...wanted.map(([value, text]) => element("option", { value }, text)));
    }
    if (current() !== null) input.value = current();
    made.hidden = wanted.length < 2;
  }
}

function ownSelect(section, choice) {
  const offer = () => offers(section).find((each) => each.choice === choice);
  return select(keyOf(section, choice), titleOf(choice), () => offer().values.map((value) => [value, wordOf(choice, value)]), () => offer().value);
}

const byField = (field) => [field, `by ${field.replaceAll("_", " ")}`];
function controlsOf(section) {
  const own = section.choices.filter((choice) => !PAGE_WIDE.includes(choice)).map((choice) => ownSelect(section, choice));
  if (section.sides === "dataset") own.push(select("along", "Order", () => [["@study", "as in the study"], ...PAGE.sides.dataset.map(byField)]));
  if (section.sides === "model") {
    own.push(select("arrange", "Order", () => [["@linkage", "similar side by side"], ...(TABLES.model_order ? [["@dataset", "similar on this dataset"]] : []), ...PAGE.sides.model.map(byField)]),
      select("range", "Colors", () => [["full", "the whole range"], ["range", "range of these values"]]));
  }
  return section.sides ? [...own, ...barChoices(section.sides)] : own;
}

function furnish(section) {
  const figure = document.querySelector(`[data-figure="${section.name}"]`);
  figure.append(element("div", { class: "controls" }, ...controlsOf(section)));
  if (section.name === "similarity") figure.append(thumbs());
  const words = figure.querySelector("figcaption strong")?.textContent || section.title;
  figure.append(element("div", { class: "chart", role: "group", tabindex: "0", "aria-label": `${words} The values can be saved as CSV below.` }),
    element("p", { class: "note", "aria-live": "polite" }));
  const more = SECTIONS.filter((other) => other.home === section.name).flatMap((other) => saveButtons(other, "all datasets: "));
  figure.append(element("div", { class: "save" }, ...saveButtons(section), ...more));
}

// Models by the values of their cards: a box for each value; every figure follows.
function modelFilter() {
  const fields = PAGE.sides.model;
  const count = element("summary", {});
  const say = () => {
    const kept = keptModels().size;
    count.textContent = kept === MODELS.length ? `All ${kept} models` : `${kept} of ${MODELS.length} models`;
    count.classList.toggle("active", filtered());
  };
  const box = (field, value, n) => {
    const input = element("input", { type: "checkbox", checked: "", "data-field": field, "data-value": value, onchange: () => {
      const others = (state.without[field] || []).filter((each) => each !== value);
      state.without = { ...state.without, [field]: input.checked ? others : [...others, value] };
      say();
      refresh();
    } });
    return element("label", {}, input, `${value} (${n})`);
  };
  const values = (field) => Map.groupBy(MODELS, (card) => valueOf(card, field));
  const sets = fields.map((field) => element("fieldset", {}, element("legend", {}, field.replaceAll("_", " ")),
    ...[...values(field)].sort(([a], [b]) => compare(a, b)).map(([value, cards]) => box(field, value, cards.length))));
  const all = element("button", { type: "button", onclick: () => {
    state.without = {};
    details.querySelectorAll("input").forEach((input) => { input.checked = true; });
    say();
    refresh();
  } }, "All models");
  const details = element("details", { class: "filter" }, count, element("div", { class: "panel" }, ...sets, all));
  say();
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") details.open = false; });
  document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
  return details;
}

function furnishChoices() {
  const form = document.getElementById("choices");
  form.append(select("measure", "Measure", () => PAGE.measures.map((measure) => [measure.id, measure.label])),
    select("correlation", "Correlation", () => CORRELATIONS.map((name) => [name, name])),
    select("field", "Models by", () => FIELDS.map((name) => [name, name.replaceAll("_", " ")])));
  if (PAGE.sides.model.length) form.append(modelFilter());
  form.addEventListener("submit", (event) => event.preventDefault());
}

// Long tables are made when their chapter is first shown.
function tableOf(name) {
  return TABLES[name] ? tableView(name, TABLES[name].names, rowsOf(TABLES[name])) : [];
}
const LISTS = {
  models: () => tableOf("models"), datasets: () => tableOf("datasets"), record,
  failed: () => outcomes(true), cells: () => outcomes(false), downloads,
};
function fillLists() {
  document.querySelectorAll("[data-list]:empty").forEach((box) => {
    if (box.offsetParent || box.closest("details")?.offsetParent) box.append(...LISTS[box.dataset.list]());
  });
}

// One chapter at a time, named in the address; "#all" shows all of them.
const CHAPTERS = [...document.querySelectorAll("section.chapter")];
function turn() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const known = CHAPTERS.some((chapter) => chapter.id === wanted);
  const first = CHAPTERS.find((chapter) => chapter.querySelector("figure")) || CHAPTERS[0];
  const shown = known || wanted === "all" ? wanted : first.id;
  CHAPTERS.forEach((chapter) => { chapter.hidden = shown !== "all" && chapter.id !== shown; });
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  const figures = document.querySelector("section.chapter:not([hidden]) figure");
  document.getElementById("choices").hidden = !figures;
  const bar = document.getElementById("bar");
  fillLists();
  document.documentElement.style.scrollPaddingTop = `${document.getElementById("bar").offsetHeight + 12}px`;
  const top = document.getElementById("main").offsetTop - bar.offsetHeight - 20;
  if (known && window.scrollY > top) window.scrollTo(0, top);
  return refresh();
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

function outcomes(failedOnly) {
  if (!TABLES.outcomes) return [element("p", { class: "absent" }, "This report was made without the list of cells.")];
  const rows = rowsOf(TABLES.outcomes);
  const bad = rows.filter((row) => row.status === "failed");
  if (!failedOnly) return tableView("cells", TABLES.outcomes.names, rows);
  if (!bad.length) return [element("p", {}, `None of ${rows.length}.`)];
  return tableView("failed cells", ["stage", "cell", "reason", "elapsed_s"], bad);
}

function downloads() {
  const names = (table) => table.names.filter((name) => name !== "pair");
  return Object.entries(TABLES).filter(([name]) => !name.startsWith("choices of ") && name !== "thumbnails").map(([name, table]) => element("button", { type: "button", onclick: () =>
    download(`${name}.csv`, csv(names(table), rowsOf(table)), "text/csv") }, `${name}.csv`));
}

function start() {
  furnishChoices();
  SECTIONS.filter((section) => !section.home).forEach(furnish);
  let resized;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(refresh, 200);
  });
  window.addEventListener("hashchange", turn);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  return turn().then(() => { document.body.dataset.ready = "yes"; });
}

await loadVega();
await start();
