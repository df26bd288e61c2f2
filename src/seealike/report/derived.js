// Tables on people and on overlap that are joined for the present choices: the same as derived_people.py and derived_overlap.py.

const FIRST = "the first of each set";
const LOWER = ["cross_entropy", "kl_divergence", "calibration_error"];
const LEVELS = ["low", "middle", "high"];
const ROLES = { odd_one_out: ["together", "together", "odd one out"], two_afc: ["reference", "nearer", "farther"], "": ["reference", "other", ""] };

function groupedBy(rows, keyOf) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(row);
  }
  return [...found.values()];
}

// Whether a row has the chosen value of a column, or the first that its set of judgements has in these rows.
function fitting(rows, name, chosen) {
  if (chosen[name] !== FIRST) return (row) => (row[name] ?? "") === chosen[name];
  const first = new Map(rows.filter((row) => row[name] !== null).toReversed().map((row) => [row.human, row[name]]));
  return (row) => row[name] !== null && row[name] === first.get(row.human);
}

// What a row of alignment is under the chosen distance and readout; null where it is not among them.
function partOf(row, fits, readout) {
  if (row.layer === "") return "baseline";
  if (row.layer === null) return "layer";
  if (!fits(row)) return null;
  if (row.readout === "projection") return "projection";
  return (row.readout ?? "") === readout ? "layer" : null;
}

function alignedRows(chosen) {
  const all = rowsOf(TABLES.alignment);
  const [ofScore, ofDistance] = [fitting(all, "score", chosen), fitting(all.filter((row) => row.layer), "distance", chosen)];
  const rows = all.filter((row) => row.score === null || ofScore(row))
    .map((row) => ({ ...row, what: partOf(row, ofDistance, chosen.readout) })).filter((row) => row.what);
  const humans = distinct(rows.map((row) => row.human));
  const level = (name) => (LEVELS.includes(name) ? LEVELS.indexOf(name) : LEVELS.length) * humans.length;
  return rows.map((row) => ({ ...row, panel: `${row.level ?? "–"}: ${row.human} (${row.score ?? "–"})`, place: level(row.level) + humans.indexOf(row.human) }));
}

function bestRows(rows) {
  const worth = (row) => (row.value === null ? -Infinity : LOWER.includes(row.score) ? -row.value : row.value);
  return groupedBy(rows, ({ human, score, model }) => [human, score, model])
    .map((own) => own.reduce((best, row) => (worth(row) > worth(best) ? row : best)));
}

const bestOf = (chosen) => bestRows(alignedRows({ ...chosen, score: FIRST }))
  .map((row) => (TABLES.similarities.columns.model_x.levels.includes(row.model) ? row : { ...row, model: `${row.model}/${row.layer}` }))
  .filter((row) => row.human === chosen.human && row.what !== "baseline" && row.value !== null);

function rolesOf(human) {
  const scores = TABLES.alignment ? new Set(matching(TABLES.alignment, { human }).map((i) => TABLES.alignment.columns.score.at(i))) : new Set();
  return ROLES[Object.keys(ROLES).find((name) => scores.has(name)) ?? ""];
}

const RUN = ["experiment", "design", "data_overlap", "task_overlap", "seed"];
const runKey = (row) => JSON.stringify([...RUN.map((name) => row[name]), ...[row.model_x, row.model_y].sort()]);
const variedIn = ({ design, data_overlap, task_overlap }) => (design === "task" ? task_overlap ?? data_overlap : data_overlap ?? task_overlap);
const runsWith = (chosen) => matching(TABLES.overlap_runs, chosen).map((i) => rowAt(TABLES.overlap_runs, i));

Object.assign(DERIVED, {
  people_depth(chosen) {
    const rows = alignedRows(chosen).map((row) => ({ ...row, kind: null }));
    const panels = new Map(rows.map((row) => [JSON.stringify([row.human, row.score]), row]));
    const blank = Object.fromEntries(Object.keys(rows[0] || {}).map((name) => [name, null]));
    const own = rowsOf(TABLES.ceilings).map((row) => [row, panels.get(JSON.stringify([row.human, row.score]))]).filter(([, panel]) => panel);
    return [...rows, ...own.map(([row, { panel, place }]) => ({ ...blank, ...row, panel, place, what: "ceiling" }))];
  },
  people_best: (chosen) => bestRows(alignedRows(chosen)),
  people_typical(chosen) {
    const others = new Map();
    for (const { model_x, model_y, similarity } of pairsOn(chosen.measure, chosen.dataset).values()) {
      for (const model of [model_x, model_y]) others.set(model, [...(others.get(model) || []), similarity]);
    }
    return bestOf(chosen).filter((row) => others.has(row.model))
      .map((row) => ({ ...row, typical: mean(others.get(row.model)), n_others: others.get(row.model).length }));
  },
  people_gap(chosen) {
    const best = bestOf(chosen);
    const scores = new Map(best.map((row) => [row.model, row.value]));
    const lower = best.some((row) => LOWER.includes(row.score));
    return [...pairsOn(chosen.measure, chosen.dataset).values()]
      .map((row) => ({ ...row, value_x: scores.get(row.model_x), value_y: scores.get(row.model_y) }))
      .filter((row) => known(row.value_x) && known(row.value_y))
      .map((row) => {
        const first = (row.value_x >= row.value_y) !== lower;
        return { ...row, gap: Math.abs(row.value_x - row.value_y), better: first ? row.model_x : row.model_y, best: first ? row.value_x : row.value_y };
      });
  },
  judgement({ human, trial }) {
    const rows = matching(TABLES.judged, { human, trial }).map((i) => rowAt(TABLES.judged, i));
    const { first, second, third, human_value } = rows[0];
    const pictures = new Map(TABLES.thumbnails ? matching(TABLES.thumbnails, { human }).map((i) => [TABLES.thumbnails.columns.sample.at(i), TABLES.thumbnails.columns.image.at(i)]) : []);
    const samples = [first, second, third].map((sample, place) => ({ human, trial, human_value, place, role: rolesOf(human)[place], sample, image: pictures.get(sample) ?? null }));
    return [...samples.filter((row) => row.sample !== null), ...rows.map(({ model, layer, credit }) => ({ human, trial, human_value, model, layer, credit }))];
  },
  overlap_lines({ measure, experiment, design }) {
    return runsWith({ measure, experiment, design }).map((row) => ({ ...row, overlap: variedIn(row) }));
  },
  overlap_surface: ({ measure, experiment }) => runsWith({ measure, experiment, design: "factorial" }),
  trained_runs({ experiment, design, dataset, metric }) {
    const runs = runsWith({ experiment, design });
    const sides = ["model_x", "model_y"].flatMap((side) => runs.map((row) => ({ ...Object.fromEntries(RUN.map((name) => [name, row[name]])), model: row[side] })));
    const networks = [...new Map(sides.map((row) => [JSON.stringify(row), row])).values()];
    const found = groupedBy(matching(TABLES.trained, { dataset, metric }).map((i) => rowAt(TABLES.trained, i)), (row) => row.model);
    const of = new Map(found.map((rows) => [rows[0].model, rows]));
    return networks.flatMap((run) => (of.get(run.model) ?? []).map((row) => ({ ...run, ...row, overlap: variedIn(run), other: run.task_overlap === null ? null : Math.round(run.task_overlap * 100) / 100 })));
  },
  consequence({ measure, experiment, kind, detail, dataset }) {
    const runs = runsWith({ measure, experiment }).filter((row) => row.similarity !== null);
    const means = (rows) => new Map(groupedBy(rows, runKey).map((own) => [runKey(own[0]), mean(own.map((row) => row.similarity))]));
    const [here, everywhere] = [means(runs.filter((row) => row.dataset === dataset)), means(runs)];
    return matching(TABLES.consequences, { experiment, kind, detail, dataset }).map((i) => rowAt(TABLES.consequences, i))
      .map((row) => ({ ...row, similarity: here.get(runKey(row)) ?? everywhere.get(runKey(row)) }))
      .filter((row) => known(row.similarity));
  },
});
