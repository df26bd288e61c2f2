// Drawing: a specification's slots are filled, its rows supplied, and it is drawn, or saved in the colours of paper.

const MANY_MARKS = 1000;

// "@name" alone, or alone in a list, becomes the slot itself; "@{name}" inside a text its words.
function filled(spec, slots) {
  const value = (x) => {
    if (typeof x === "string" && x.includes("@")) {
      if (x.startsWith("@") && x.slice(1) in slots) return slots[x.slice(1)];
      return x.replace(/@\{(\w+)\}/g, (whole, name) => (name in slots ? slots[name] : whole));
    }
    if (Array.isArray(x)) {
      if (x.length === 1 && typeof x[0] === "string" && x[0].startsWith("@")) return slots[x[0].slice(1)];
      return x.map(value);
    }
    if (x && typeof x === "object") return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, value(v)]));
    return x;
  };
  return value(spec);
}

// The colors of the window, or those of paper.
function themed(onScreen) {
  const style = getComputedStyle(document.documentElement);
  const color = (name, paper) => (onScreen ? style.getPropertyValue(name).trim() : paper);
  return { ink: color("--ink", "#1f2328"), soft: color("--soft", "#3d444d"), line: color("--line", "#d8dce1"), paper: color("--card", "#ffffff") };
}

// The palette's colors in a specification, lighter on a dark page.
const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
function lightened(x) {
  if (typeof x === "string") return PAGE.palette.includes(x) ? PAGE.dark_palette[PAGE.palette.indexOf(x)] : x;
  if (Array.isArray(x)) return x.map(lightened);
  return x && typeof x === "object" ? Object.fromEntries(Object.entries(x).map(([key, value]) => [key, lightened(value)])) : x;
}

function look(onScreen) {
  const { ink, soft, line } = themed(onScreen);
  const font = onScreen ? getComputedStyle(document.body).fontFamily : "Helvetica, Arial, sans-serif";
  return {
    background: onScreen ? null : "#ffffff",
    font,
    view: { stroke: null },
    text: { color: ink },
    axis: { labelColor: ink, titleColor: soft, gridColor: line, tickColor: line, domainColor: line, gridOpacity: 0.7, titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12 },
    legend: { labelLimit: 280, labelColor: ink, titleColor: soft, titleFontWeight: "normal" },
    header: { labelColor: ink, titleColor: soft },
    title: { color: ink, subtitleColor: soft },
  };
}

function slotsOf(section, chosen, rows, { ink, paper }) {
  const groups = groupNames(rows);
  const cards = cardsOf(section);
  const fieldOf = new Map(cards.map((card) => [card.label, card.field]));
  const measure = measureOf(chosen.measure);
  return {
    ...chosen, ink, paper, subtitle: inWords(chosen), groups, colors: colorsFor(groups), models: modelOrder(chosen.measure, chosen.dataset), datasets: datasetOrder(),
    domain: measure ? measure[section.sides === "model" || section.home ? state.range : "full"] : [0, 1],
    cards, labels: [...fieldOf.keys()], label_colors: shades([...fieldOf.values()]),
  };
}

const boxOf = (name) => document.querySelector(`[data-figure="${name}"] .chart`);

// A figure of lines grows with the window up to a readable width; one of a fixed height only shrinks.
const WIDEST = 1000;
function fitted(spec, room) {
  if (typeof spec.width !== "number") return null;
  const lines = spec.height && typeof spec.height === "object";
  if (!lines && room >= spec.width + 240) return null;
  const width = Math.max(260, Math.min(room, lines ? WIDEST : room));
  return (vega) => ({ ...vega, width, autosize: { type: "fit-x", contains: "padding" } });
}

function specOf(section, onScreen) {
  const chosen = settled(section);
  const rows = sectionRows(section, chosen);
  const paper = filled(PAGE.specs[section.name], slotsOf(section, chosen, rows, themed(onScreen)));
  const spec = onScreen && isDark() ? lightened(paper) : paper;
  spec.datasets = { ...spec.datasets, rows: rows.map((row) => ({ ...row })) };
  spec.config = { ...(spec.config || {}), ...look(onScreen) };
  if (onScreen) delete spec.title;
  return { spec, rows, chosen };
}

// The page fetches nothing; its content security policy would refuse it as well.
const refuse = (uri) => Promise.reject(new Error(`this page does not load ${uri}`));
const inside = (uri) => (/^data:image\/(webp|png|jpeg);base64,/.test(uri) ? Promise.resolve({ href: uri }) : refuse(uri));
const OPTIONS = { actions: false, renderer: "canvas", loader: { load: refuse, sanitize: inside } };
const drawn = {};

// Everything that can change what a figure shows.
function signature(section) {
  const { without, arrange, range, along, bars, field } = state;
  return JSON.stringify([settled(section), instead(section, settled(section)), field, without, section.sides ? [arrange, range, along, bars] : 0, boxOf(section.name).clientWidth, isDark()]);
}

async function draw(section) {
  const box = boxOf(section.name);
  if (!box || !box.offsetParent) return;
  const now = signature(section);
  const before = drawn[section.name] || {};
  if (before.signature === now) return;
  drawn[section.name] = { ...before, signature: now };
  try {
    const { spec, rows, chosen } = specOf(section, true);
    box.parentElement.querySelector(".note").textContent = [instead(section, chosen), ...notesOf(section, chosen, rows)].filter(Boolean).join(" ");
    const inner = element("div");
    const renderer = rows.length > MANY_MARKS ? "canvas" : "svg";
    const patch = fitted(spec, box.clientWidth - 4);
    const result = await window.vegaEmbed(inner, spec, { ...OPTIONS, renderer, ...(patch && { patch }) });
    if (drawn[section.name].signature !== now) { result.finalize(); return; }
    if (before.result) before.result.finalize();
    drawn[section.name] = { signature: now, result };
    result.view.addEventListener("click", (_, item) => item && item.datum && clicked(section, item.datum));
    box.replaceChildren(inner);
    box.dataset.drawn = String(rows.length);
    await result.view.resize().runAsync();
  } catch (error) {
    console.error(`${section.name}: ${error.stack || error}`);
    box.replaceChildren(element("p", { class: "error", role: "alert" }, `This figure could not be drawn: ${error.message || error}`));
  }
}

// A figure's title, its place in the file name, and what is said below it.
const named = (...parts) => parts.filter(Boolean).join("_").replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");
function fileOf(section) {
  const chosen = settled(section);
  return named(section.name.replaceAll("_", "-"), ...section.choices.map((choice) => wordOf(choice, chosen[choice])));
}

function why(rows) {
  const reasons = distinct(rows.map((row) => row.reason));
  return reasons.length > 3 ? `for example: ${reasons[0]}` : reasons.join("; ");
}

function notesOf(section, chosen, rows) {
  const has = (row) => section.value && known(row[section.value]);
  const [partly, missing] = [true, false].map((some) => rows.filter((row) => row.reason && Boolean(has(row)) === some));
  const said = (found, words) => (found.length ? `${found.length} of ${rows.length} ${words} (${why(found)}).` : "");
  const notes = [filterNote(section, rows), said(missing, "have no value"), said(partly, "have a value with a remark")];
  if (!rows.length) notes.push("No row is left for these choices and these models.");
  if (section.name === "scatter") notes.push(scatterNote(chosen));
  return notes;
}

function scatterNote({ measure, a, b }) {
  const table = TABLES.consistency;
  if (!table || !state.correlation) return "";
  const both = [[a, b], [b, a]].flatMap(([dataset_x, dataset_y]) => matching(table, { measure, correlation: state.correlation, dataset_x, dataset_y }));
  const here = both.map((i) => rowAt(table, i)).filter((row) => row.field === state.field);
  const rows = remaining(here, "consistency").filter((row) => row.consistency !== null);
  const ends = (row) => (!known(row.low) ? "" : ` [${row.low.toFixed(2)}, ${row.high.toFixed(2)}]`);
  const words = rows.map((row) => `${setPair(row.set_x, row.set_y)} ${row.consistency.toFixed(2)}${ends(row)}`);
  return words.length ? `Consistency between these two (${state.correlation}): ${words.join(", ")}.` : "";
}

async function save(section, kind) {
  const { spec } = specOf(section, false);
  const { view, finalize } = await window.vegaEmbed(element("div"), spec, OPTIONS);
  const file = fileOf(section);
  if (kind === "svg") download(`${file}.svg`, await view.toSVG(), "image/svg+xml");
  else (await view.toCanvas(3)).toBlob((blob) => download(`${file}.png`, blob, "image/png"));
  finalize();
}

function saveButtons(section, words = "") {
  const say = (error) => document.querySelector(`[data-figure="${section.home || section.name}"] .note`).textContent = `Could not save: ${error.message}`;
  const image = (kind) => element("button", { type: "button", "data-save": `${section.name}-${kind}`, onclick: () => save(section, kind).catch(say) }, `Save ${words}${kind.toUpperCase()}`);
  const data = element("button", { type: "button", "data-save": `${section.name}-csv`, onclick: () => {
    const found = plainRows(section, settled(section));
    const names = distinct([found[0], found.at(-1)].flatMap((row) => Object.keys(row || {}))); // of a sample and of a model
    download(`${fileOf(section)}.csv`, csv(names.filter((name) => !ADDED.has(name)), found), "text/csv");
  } }, `Save ${words}CSV`);
  return [image("svg"), image("png"), data];
}
