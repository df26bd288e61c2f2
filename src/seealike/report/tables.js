// Tables: read back from the page's JSON, written as CSV and as HTML that can be sorted and searched.

const PAGE = JSON.parse(document.getElementById("seealike-data").textContent);

const KINDS = { "<f4": Float32Array, "<f8": Float64Array, "<i4": Int32Array, "<i2": Int16Array, "|i1": Int8Array, "|u1": Uint8Array };
const NO_INTEGER = -(2 ** 31);

async function inflated(id) {
  const text = document.getElementById(id).textContent;
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

// Vega, in a function of its own so that its short names stay inside.
async function loadVega() {
  const script = new TextDecoder().decode(await inflated("vega-bundle"));
  new Function(script)();
}

// A column: typed values, and at(i), which gives null where there is none.
function column(words, planes, height) {
  const type = KINDS[words.kind];
  const size = type.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(height * size);
  for (let plane = 0; plane < size; plane += 1) {
    for (let i = 0; i < height; i += 1) bytes[i * size + plane] = planes[plane * height + i];
  }
  const values = new type(bytes.buffer);
  return { ...words, values, at: reader(words, values) };
}

function reader({ type, kind, levels, digits }, values) {
  if (levels) return (i) => (values[i] < 0 ? null : levels[values[i]]);
  if (type === "Boolean") return (i) => (values[i] === 2 ? null : values[i] === 1);
  if (kind === "<i4") return (i) => (values[i] === NO_INTEGER ? null : values[i]);
  if (digits) return (i) => (Number.isNaN(values[i]) ? null : Number(values[i].toPrecision(digits)));
  return (i) => (Number.isNaN(values[i]) ? null : values[i]);
}

function unpack(described, block) {
  const tables = {};
  let place = 0;
  for (const [name, { height, columns }] of Object.entries(described)) {
    const table = { height, names: columns.map((words) => words.name), columns: {} };
    for (const words of columns) {
      const length = height * KINDS[words.kind].BYTES_PER_ELEMENT;
      table.columns[words.name] = column(words, block.subarray(place, place + length), height);
      place += length;
    }
    tables[name] = table;
  }
  return tables;
}

const TABLES = unpack(PAGE.tables, new Uint8Array(await inflated("seealike-numbers")));

function rowAt(table, i) {
  return Object.fromEntries(table.names.map((name) => [name, table.columns[name].at(i)]));
}

function rowsOf(table) {
  return table ? Array.from({ length: table.height }, (_, i) => rowAt(table, i)) : [];
}

// Numbers of the rows in which every chosen column has its value ("" where it is null).
function matching(table, chosen) {
  const tests = Object.entries(chosen).map(([name, value]) => {
    const { levels, values, at } = table.columns[name];
    if (!levels) return (i) => String(at(i) ?? "") === value;
    const code = levels.indexOf(value);
    return (i) => (code >= 0 && values[i] === code) || (value === "" && values[i] < 0);
  });
  const found = [];
  for (let i = 0; i < table.height; i += 1) if (tests.every((test) => test(i))) found.push(i);
  return found;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function csv(names, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names, ...rows.map((row) => names.map((name) => row[name]))].map((r) => r.map(cell).join(",")).join("\n") + "\n";
}

function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(4)));
  return String(value);
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

// A table with a search field and headings that sort; `names` are its columns.
function tableView(title, names, rows) {
  const numeric = (name) => rows.some((row) => typeof row[name] === "number");
  const body = element("tbody");
  const count = element("span", { "aria-live": "polite" });
  const search = element("input", { type: "search", "aria-label": `Search in ${title}`, placeholder: "Search", oninput: () => fill() });
  const state = { by: null, down: false };
  const heads = names.map((name) => element("th", { scope: "col", class: numeric(name) ? "number" : null, "aria-sort": "none" },
    element("button", { type: "button", onclick: () => sortBy(name) }, name.replaceAll("_", " "))));

  function sortBy(name) {
    state.down = state.by === name && !state.down;
    state.by = name;
    heads.forEach((head, i) => head.setAttribute("aria-sort", names[i] !== name ? "none" : state.down ? "descending" : "ascending"));
    fill();
  }
  function fill() {
    const wanted = search.value.toLowerCase();
    const found = rows.filter((row) => names.some((name) => shown(row[name]).toLowerCase().includes(wanted)));
    if (state.by) found.sort((a, b) => compare(a[state.by], b[state.by]) * (state.down && a[state.by] !== null && b[state.by] !== null ? -1 : 1));
    body.replaceChildren(...found.map((row) => element("tr", {}, ...names.map((name) =>
      element("td", { class: numeric(name) ? "number" : null }, shown(row[name]))))));
    count.textContent = `${found.length} of ${rows.length}`;
  }
  fill();
  const save = element("button", { type: "button", onclick: () => download(`${title}.csv`, csv(names, rows), "text/csv") }, "CSV");
  return [element("div", { class: "tools" }, search, save, count),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body))];
}
