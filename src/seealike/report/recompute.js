// Consistencies of the models that are left when some are left out: values only, from the similarities in the page.

// Which models are in a set of a field: those with its value, all of them, or one anchor. Null for sets of another kind.
function membersOf(field, set) {
  const kept = MODELS.filter(keptModel);
  if (set === "all") return new Set(kept.map((card) => card.model));
  if (!TABLES.models.names.includes(field)) return null;
  const own = kept.filter((card) => valueOf(card, field) === set || card.model === set);
  return new Set(own.map((card) => card.model));
}

// Unordered pairs of kept models and, for each dataset, their similarities: the mean of both directions.
function pairSimilarities(measure, datasets) {
  const kept = keptModels();
  const pairs = new Map();
  const { model_x, model_y, similarity } = TABLES.similarities.columns;
  datasets.forEach((dataset, d) => matching(TABLES.similarities, { measure, dataset }).forEach((i) => {
    const both = [model_x.at(i), model_y.at(i)].sort();
    if (both[0] === both[1] || !both.every((model) => kept.has(model)) || Number.isNaN(similarity.values[i])) return;
    const key = JSON.stringify(both);
    if (!pairs.has(key)) pairs.set(key, { models: both, sums: datasets.map(() => 0), counts: datasets.map(() => 0) });
    pairs.get(key).sums[d] += similarity.values[i];
    pairs.get(key).counts[d] += 1;
  }));
  return [...pairs.values()].map(({ models, sums, counts }) => ({ models, values: sums.map((sum, d) => (counts[d] ? sum / counts[d] : NaN)) }));
}

function ranks(values) {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const found = new Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end += 1;
    for (let k = start; k < end; k += 1) found[order[k]] = (start + end - 1) / 2;
    start = end;
  }
  return found;
}

const spread = (values) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};

function pearson(x, y) {
  const [mx, my] = [mean(x), mean(y)];
  const product = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0) / (x.length - 1);
  return Math.max(-1, Math.min(1, product / (spread(x) * spread(y))));
}

function correlated(x, y, correlation) {
  if (x.length < 3) return { consistency: null, reason: `${x.length} pairs of the models that are left; three are needed` };
  const [spread_x, spread_y] = [spread(x), spread(y)];
  if (Math.min(spread_x, spread_y) < 1e-9) return { consistency: null, spread_x, spread_y, reason: "similarities without spread" };
  const value = correlation === "spearman" ? pearson(ranks(x), ranks(y)) : pearson(x, y);
  return { consistency: Number(value.toPrecision(5)), spread_x: Number(spread_x.toPrecision(3)), spread_y: Number(spread_y.toPrecision(3)), reason: null };
}

const canRecompute = (row) => TABLES.similarities && (row.correlation === "pearson" || row.correlation === "spearman") &&
  membersOf(row.field, row.set_x) && membersOf(row.field, row.set_y);

// The rows of the table with their values anew; those of other sets or of Kendall's tau are left out.
function recomputed(rows) {
  const able = rows.filter(canRecompute);
  if (!able.length) return [];
  const datasets = distinct(able.flatMap((row) => [row.dataset_x, row.dataset_y]));
  const similarities = new Map(distinct(able.map((row) => row.measure)).map((measure) => [measure, pairSimilarities(measure, datasets)]));
  const chosenPairs = new Map();
  const pairsOf = (row) => {
    const key = JSON.stringify([row.measure, row.field, row.set_x, row.set_y]);
    if (!chosenPairs.has(key)) {
      const [x, y] = [membersOf(row.field, row.set_x), membersOf(row.field, row.set_y)];
      chosenPairs.set(key, { n_models: new Set([...x, ...y]).size, pairs: similarities.get(row.measure)
        .filter(({ models: [a, b] }) => (x.has(a) && y.has(b)) || (x.has(b) && y.has(a))) });
    }
    return chosenPairs.get(key);
  };
  return able.map((row) => {
    const { n_models, pairs } = pairsOf(row);
    const [a, b] = [datasets.indexOf(row.dataset_x), datasets.indexOf(row.dataset_y)];
    const known = pairs.filter(({ values }) => !Number.isNaN(values[a]) && !Number.isNaN(values[b]));
    const unknown = Object.fromEntries(Object.keys(row).filter((name) => typeof row[name] === "number" || name === "influential").map((name) => [name, null]));
    const found = correlated(known.map(({ values }) => values[a]), known.map(({ values }) => values[b]), row.correlation);
    return { ...row, ...unknown, ...found, n_models, n_pairs: known.length };
  });
}
