// Tables: read back from the page's JSON, written as CSV and as HTML that can be sorted and searched.

const PAGE = JSON.parse(document.getElementById("seealike-data").textContent);

function expand(packed, height) {
  if (packed.list) return packed.list;
  if (packed.cycle) return Array.from({ length: height }, (_, i) => packed.cycle[i % packed.cycle.length]);
  return packed.runs.flatMap((value, i) => Array(packed.counts[i]).fill(value));
}

function unpack(packed) {
  const columns = {};
  for (const { name, levels, values } of packed.columns) {
    const all = expand(values, packed.height);
    columns[name] = levels ? all.map((code) => (code === null ? null : levels[code])) : all;
  }
  const types = Object.fromEntries(packed.columns.map(({ name, type }) => [name, type]));
  return { height: packed.height, names: packed.columns.map((c) => c.name), columns, types };
}

const TABLES = Object.fromEntries(Object.entries(PAGE.tables).map(([name, packed]) => [name, unpack(packed)]));

function rowAt(table, i) {
  return Object.fromEntries(table.names.map((name) => [name, table.columns[name][i]]));
}

function rowsOf(table) {
  return table ? Array.from({ length: table.height }, (_, i) => rowAt(table, i)) : [];
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
