/* The leaderboard: sorts, filters, weighs and draws the scores of a profile. No framework, no network.
   Data come as scripts that call genebenchBoard(profile, data), because fetch() is refused on file:// pages. */
(() => {
  "use strict";
  const boards = {};
  const UNIT = 10000, MISSING = -32768, CLASSES = ["binary", "multiclass", "multilabel"];
  const Z = 1.959964;

  const decode = (text, Kind) => {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new Kind(bytes.buffer);
  };

  window.genebenchBoard = (profile, data) => {
    for (const name of ["score", "low", "high"]) data[name] = decode(data[name], Int16Array);
    for (const name of ["flags", "coverage"]) data[name] = decode(data[name], Uint8Array);
    boards[profile] = data;
  };

  /* --- numbers --------------------------------------------------------------------------------------------------- */

  // inverse of the normal distribution (Acklam); |error| < 1.2e-9
  const quantile = p => {
    const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
    const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
    const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
    const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
    const tail = q => (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
      ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
    if (p > 0.97575) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
    const q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
      (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
  };

  const at = (data, split, genes, task, model) =>
    ((split * data.genes.length + genes) * data.tasks.length + task) * data.models.length + model;
  const value = (data, name, split, genes, task, model) => {
    const found = data[name][at(data, split, genes, task, model)];
    return found === MISSING || found === undefined ? null : found / UNIT;
  };

  // Which tasks and models a mean is about, and the mean of each model: the rule of genebench.benchmark.tables.
  const standings = (data, state) => {
    const S = data.splits.indexOf(state.split), G = data.genes.indexOf(state.genes), M = data.models.length;
    const regression = state.kind === "regression";
    const kinds = regression ? ["regression"] : state.kind === "classification" ? CLASSES : [state.kind];
    const weights = data.groups.map((g, i) => state.group === "all" ? state.weights[i] ?? 1 : g === state.group ? 1 : 0);
    const wanted = [];
    data.tasks.forEach((t, i) => {
      if (kinds.includes(t.kind) && weights[t.group] > 0 && !t.underpowered) wanted.push(i);
    });
    const common = state.genes === "common";
    const able = (t, m) => {
      const flag = data.flags[t * M + m];
      if (!state.exposed && flag & 1) return false;
      if (common && !(flag & 2)) return false;
      return value(data, "score", S, G, t, m) !== null;
    };
    const shown = data.models.map(m => !state.family.length || state.family.includes(m.family));
    const counts = data.models.map((_, m) => wanted.filter(t => able(t, m)).length);
    let field = [], tasks = [];  // of all cut-offs on the number of tasks, the one that keeps most pairs
    const able_on = data.models.map((_, m) => data.models[m].family === "control" ? 0 : counts[m]);
    const least = [...new Set(able_on.filter(n => n >= Math.max(1, 0.5 * wanted.length)))].sort((a, b) => b - a);
    least.forEach(n => {
      const models = data.models.map((_, m) => m).filter(m => able_on[m] >= n);
      const shared = wanted.filter(t => models.every(m => able(t, m)));
      if (shared.length * models.length > tasks.length * field.length) [field, tasks] = [models, shared];
    });
    const held = data.groups.map((_, g) => tasks.filter(t => data.tasks[t].group === g));
    const total = held.reduce((sum, part, g) => sum + (part.length ? weights[g] : 0), 0);
    const share = new Float64Array(data.tasks.length);
    held.forEach((part, g) => {
      const sum = part.reduce((s, t) => s + data.tasks[t].weight, 0);
      part.forEach(t => { share[t] = data.tasks[t].weight / sum * weights[g] / total; });
    });
    const mean = (m, over) => over.reduce((s, t) => s + share[t] * value(data, "score", S, G, t, m), 0);
    const groupMean = (m, g) => {
      const part = held[g];
      let sum = 0, by = 0;
      part.forEach(t => { sum += data.tasks[t].weight * value(data, "score", S, G, t, m); by += data.tasks[t].weight; });
      return by ? sum / by : null;
    };
    const shortcuts = field.filter(m => data.models[m].family === "shortcut");
    const best = new Float64Array(data.tasks.length);
    if (shortcuts.length) tasks.forEach(t => {
      best[t] = Math.max(...shortcuts.map(m => value(data, "score", S, G, t, m)));
    });
    const measure = regression ? "spearman" : "auroc";
    const rows = field.map(m => ({
      m, model: data.models[m], score: tasks.length ? mean(m, tasks) : null, n: tasks.length,
      groups: data.groups.map((_, g) => groupMean(m, g)),
      excess: shortcuts.length && data.models[m].family !== "shortcut" && tasks.length
        ? mean(m, tasks) - tasks.reduce((s, t) => s + share[t] * best[t], 0) : null,
    })).filter(r => r.score !== null);
    const rest = data.models.map((_, m) => m).filter(m => !field.includes(m)).map(m => {
      const mine = wanted.filter(t => value(data, "score", S, G, t, m) !== null && (state.exposed || !(data.flags[t * M + m] & 1)));
      const by = mine.reduce((s, t) => s + data.tasks[t].weight, 0);
      return {m, model: data.models[m], n: mine.length, groups: [], excess: null, tier: null,
        score: by ? mine.reduce((s, t) => s + data.tasks[t].weight * value(data, "score", S, G, t, m), 0) / by : null};
    });
    const plain = state.kind === (regression ? "regression" : "classification") && common && !state.exposed &&
      (state.group !== "all" || weights.every(w => w === weights[0]));
    const exact = plain ? data.means.filter(r => r.measure === measure && r.group === state.group && r.split === state.split) : [];
    const told = Object.fromEntries(exact.map(r => [r.model, r]));
    const whole = rows.length > 0 && rows.every(r => told[r.model.name]);
    if (whole) rows.forEach(r => Object.assign(r, pick(told[r.model.name])));
    else approximate(data, rows, held, share, weights, total, measure, S, G);
    rows.sort((a, b) => b.score - a.score);
    rows.forEach(r => { r.shown = shown[r.m]; });
    return {rows, rest: rest.filter(r => shown[r.m]), wanted, tasks, exact: whole, kinds, S, G};
  };

  const pick = r => ({low: r.low, high: r.high, tier: r.tier, excess: r.excess, excess_low: r.excess_low,
    excess_high: r.excess_high, rank: r.rank_low === r.rank_high ? `${r.rank_low}` : `${r.rank_low}–${r.rank_high}`});

  // For a choice without a published interval: normal intervals over tasks, each group counting as its effective number
  // of tasks, plus the error over genes; tiers by all pairs at once (Šidák). Errs to the wide side.
  const approximate = (data, rows, held, share, weights, total, measure, S, G) => {
    const error = (t, m) => {
      const g = Math.min(G, data.intervals.length - 1);
      const low = value(data, "low", S, g, t, m), high = value(data, "high", S, g, t, m);
      return low === null || high === null ? 0 : (high - low) / 2 / Z;
    };
    const variance = (of, wrong) => held.reduce((sum, part, g) => {
      if (!part.length) return sum;
      const by = part.reduce((s, t) => s + data.tasks[t].weight, 0);
      const centre = part.reduce((s, t) => s + data.tasks[t].weight * of(t), 0) / by;
      const spread = part.reduce((s, t) => s + data.tasks[t].weight * (of(t) - centre) ** 2, 0) / by;
      const all = data.effective[measure]?.[g] ?? {tasks: part.length, effective: part.length};
      const number = Math.max(1, all.effective * Math.min(1, part.length / all.tasks));
      const genes = part.reduce((s, t) => s + data.tasks[t].weight * wrong(t), 0) / by;
      return sum + (weights[g] / total) ** 2 * ((part.length < 5 ? 0 : spread / number) + genes ** 2);
    }, 0);
    const score = r => t => value(data, "score", S, G, t, r.m);
    rows.forEach(r => {
      const half = Z * Math.sqrt(variance(score(r), t => error(t, r.m)));
      Object.assign(r, {low: r.score - half, high: r.score + half, rank: ""});
    });
    const pairs = rows.length * (rows.length - 1) / 2;
    const bar = pairs ? quantile(1 - (1 - 0.95 ** (1 / pairs)) / 2) : 0;
    rows.sort((a, b) => b.score - a.score);
    rows.forEach(r => { r.tier = 0; });
    let tier = 0;
    rows.forEach((head, i) => {
      if (head.tier) return;
      tier += 1;
      rows.slice(i).forEach(r => {
        if (r.tier) return;
        const gap = t => score(head)(t) - score(r)(t);
        const half = bar * Math.sqrt(variance(gap, t => Math.hypot(error(t, head.m), error(t, r.m)) / Math.SQRT2));
        if (r === head || head.score - r.score <= half) r.tier = tier;
      });
    });
  };

  /* --- drawing --------------------------------------------------------------------------------------------------- */

  const make = (tag, options = {}, ...inside) => {
    const e = document.createElement(tag);
    for (const [name, v] of Object.entries(options)) name in e && name !== "list" ? (e[name] = v) : e.setAttribute(name, v);
    e.append(...inside);
    return e;
  };
  const round3 = v => {  // to three digits as the tables are: of equals the even one
    const k = Math.round(v * 1e5), q = Math.floor(k / 100), r = k - 100 * q;
    return ((r > 50 || (r === 50 && q % 2 !== 0) ? q + 1 : q) / 1000).toFixed(3);
  };
  const number = (v, sign = false) => v === null || v === undefined || Number.isNaN(v) ? "–" :
    ((sign && v >= 0 ? "+" : "") + round3(v)).replace("-", "−");
  const percent = v => `${Math.round(100 * v)} %`;

  const drawn = (row, low, high, chance) => {
    const x = v => (100 * (Math.min(high, Math.max(low, v)) - low) / (high - low)).toFixed(2);
    const box = make("div", {className: "gb-interval", "aria-hidden": "true"});
    const put = (name, style) => box.append(make("i", {className: name, style}));
    if (chance >= low) put("chance", `left:${x(chance)}%`);
    if (row.low !== undefined && row.low !== null && !Number.isNaN(row.low))
      put("bar", `left:${x(row.low)}%;width:${(x(row.high) - x(row.low)).toFixed(2)}%;background:${row.model.color}`);
    put(row.model.family === "shortcut" ? "dot square" : "dot", `left:${x(row.score)}%;background:${row.model.color}`);
    return box;
  };

  const save = (name, kind, text) => {
    const link = make("a", {href: URL.createObjectURL(new Blob([text], {type: kind})), download: name});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 5000);
  };
  const csv = rows => rows.map(r => r.map(v => v === null || v === undefined ? "" :
    /[",\n]/.test(v) ? `"${String(v).replaceAll('"', '""')}"` : v).join(",")).join("\n") + "\n";

  const start = root => {
    const own = root.dataset.profile, page = 25;
    const usual = () => ({profile: own, split: "", genes: "common", kind: "classification", group: "all", family: [], weights: [],
      exposed: false, sort: "score", down: true, find: "", tsort: "name", tdown: false, from: 0});
    const state = usual();
    const read = () => {
      const given = new URLSearchParams(location.hash.slice(1));
      for (const name of ["profile", "split", "genes", "kind", "group", "sort", "find"])
        if (given.has(name)) state[name] = given.get(name);
      if (given.has("family")) state.family = given.get("family").split(",").filter(Boolean);
      if (given.has("weights")) state.weights = given.get("weights").split(",").map(Number).map(v => v >= 0 && v <= 5 ? v : 1);
      if (given.has("exposed")) state.exposed = given.get("exposed") === "1";
      if (given.has("up")) state.down = given.get("up") !== "1";
    };
    const write = () => {
      const data = boards[state.profile], out = new URLSearchParams();
      if (state.profile !== own) out.set("profile", state.profile);
      if (state.split !== data.splits[0]) out.set("split", state.split);
      if (state.genes !== "common") out.set("genes", state.genes);
      if (state.kind !== "classification") out.set("kind", state.kind);
      if (state.group !== "all") out.set("group", state.group);
      if (state.family.length) out.set("family", state.family.join(","));
      if (state.weights.some(w => w !== 1)) out.set("weights", state.weights.join(","));
      if (state.exposed) out.set("exposed", "1");
      if (state.sort !== "score") out.set("sort", state.sort);
      if (!state.down) out.set("up", "1");
      if (state.find) out.set("find", state.find);
      history.replaceState(null, "", "#" + out.toString().replaceAll("%2C", ","));
    };
    const clean = () => {
      const data = boards[state.profile];
      if (!data.splits.includes(state.split)) state.split = data.splits[0];
      if (!data.genes.includes(state.genes)) state.genes = "common";
      if (state.group !== "all" && !data.groups.includes(state.group)) state.group = "all";
      if (!["classification", "regression", ...CLASSES].includes(state.kind)) state.kind = "classification";
      state.family = state.family.filter(f => data.models.some(m => m.family === f));
      state.weights = data.groups.map((_, i) => state.weights[i] ?? 1);
    };

    const controls = make("form", {className: "gb-controls", onsubmit: () => false});
    controls.setAttribute("aria-label", "What the table shows");
    const told = make("p", {className: "gb-told", role: "status"});
    const models = make("table", {className: "gb-table"}), tasks = make("table", {className: "gb-table gb-tasks"});
    const find = make("input", {type: "search", placeholder: "part of a task's name", value: ""});
    const pages = make("div", {className: "gb-pages"});
    let last = null;

    const choice = (label, name, values, words = v => v) => {
      const select = make("select", {name, onchange: () => { state[name] = select.value; state.from = 0; changed(); }});
      values.forEach(v => select.append(make("option", {value: v, textContent: words(v), selected: v === state[name]})));
      return make("label", {}, label + " ", select);
    };

    const panel = () => {
      const data = boards[state.profile];
      const families = [...new Set(data.models.map(m => m.family))];
      const kinds = ["classification", ...CLASSES, "regression"].filter(
        k => k === "classification" || data.tasks.some(t => t.kind === k));
      const profiles = JSON.parse(root.dataset.profiles);
      controls.replaceChildren(make("div", {className: "gb-row"},
        ...(Object.keys(profiles).length > 1 ? [choice("Results", "profile", Object.keys(profiles), p => profiles[p])] : []),
        choice("Group of tasks", "group", ["all", ...data.groups], g => g === "all" ? "all groups" : g),
        choice("Kind of task", "kind", kinds),
        choice("Split", "split", data.splits, s => data.split_words[s] ? `${s}: ${data.split_words[s]}` : s),
        choice("Genes", "genes", data.genes, g => ({common: "common to the models", own: "each model's own", all: "all, the rest guessed"})[g])));
      const boxes = families.map(f => {
        const box = make("input", {type: "checkbox", checked: !state.family.length || state.family.includes(f),
          onchange: () => {
            const on = [...controls.querySelectorAll("fieldset.families input")].filter(b => b.checked).map(b => b.value);
            state.family = on.length === families.length ? [] : on;
            changed();
          }, value: f});
        return make("label", {}, box, " " + f);
      });
      controls.append(make("fieldset", {className: "families"}, make("legend", {textContent: "Families of models shown"}), ...boxes));
      const sliders = data.groups.map((g, i) => {
        const shown = make("output", {textContent: state.weights[i]});
        const slider = make("input", {type: "range", min: 0, max: 5, step: 0.5, oninput: () => {
          state.weights[i] = Number(slider.value);
          shown.textContent = slider.value;
          changed();
        }});
        slider.value = state.weights[i];
        slider.setAttribute("aria-label", "weight of " + g);
        return make("label", {}, g + " ", slider, shown);
      });
      const weighed = make("fieldset", {className: "weights"}, make("legend", {className: "visually-hidden", textContent: "How much each group counts"}), ...sliders);
      weighed.disabled = state.group !== "all";
      const fold = make("details", {open: state.weights.some(w => w !== 1)},
        make("summary", {textContent: "Your own weights: how much each group counts (kept in the address)"}), weighed);
      const exposed = make("input", {type: "checkbox", checked: state.exposed, onchange: () => { state.exposed = exposed.checked; changed(); }});
      controls.append(fold, make("label", {className: "gb-exposed"}, exposed, " also count scores on tasks whose answers the model has read"));
    };

    const head = (table, columns, sort, down, choose) => {
      const line = make("tr");
      columns.forEach(c => {
        const cell = make("th", {scope: "col"});
        if (c.key === sort) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        if (c.key) {
          const button = make("button", {type: "button", title: c.title ?? `Sort by ${c.label}`, onclick: () => choose(c.key)},
            c.label, make("span", {className: "gb-arrow", "aria-hidden": "true", textContent: c.key === sort ? (down ? " ▼" : " ▲") : ""}));
          button.dataset.key = c.key;
          cell.append(button);
        } else cell.textContent = c.label;
        if (c.numeric) cell.className = "n";
        line.append(cell);
      });
      const focus = table.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      table.tHead ? table.tHead.replaceChildren(line) : table.append(make("thead", {}, line));
      if (focus) line.querySelector(`[data-key="${focus}"]`)?.focus();
    };

    const order = (rows, of, down) => rows.sort((a, b) => {
      const x = of(a), y = of(b);
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      return (down ? -1 : 1) * (typeof x === "string" ? -x.localeCompare(y) * (down ? 1 : -1) : x - y);
    });

    const drawModels = found => {
      const data = boards[state.profile], regression = state.kind === "regression";
      const groups = state.group === "all" ? data.groups.map((g, i) => [g, i]).filter(([, i]) => found.rows.some(r => r.groups[i] !== null)) : [];
      const columns = [{key: "tier", label: "tier", numeric: true, title: "Models of the first tier cannot be told from the best; those of the next not from the best of the rest"}, {key: "model", label: "model"},
        {key: "score", label: regression ? "weighted mean Spearman" : "weighted mean AUROC", numeric: true},
        {label: "95 % interval"}, {key: "excess", label: "over best shortcut", numeric: true},
        {key: "n", label: "tasks", numeric: true}, ...groups.map(([g, i]) => ({key: "g" + i, label: g, numeric: true}))];
      head(models, columns, state.sort, state.down, key => {
        state.down = state.sort === key ? !state.down : !["tier", "model"].includes(key);
        state.sort = key;
        changed(false);
      });
      const of = r => state.sort === "model" ? r.model.title : state.sort[0] === "g" ? r.groups[state.sort.slice(1)] : r[state.sort];
      const rows = order(found.rows.filter(r => r.shown), of, state.down);
      const seen = [...rows, ...found.rest.filter(r => r.model.family !== "control")].flatMap(r => [r.low, r.high, r.score]).filter(v => v !== null && v !== undefined && !Number.isNaN(v));
      const chance = regression ? 0 : 0.5;
      const low = Math.max(-1, Math.floor(20 * Math.min(chance, ...seen)) / 20), high = Math.min(1, Math.ceil(20 * Math.max(chance + 0.1, ...seen)) / 20);
      const line = (r, apart) => {
        const cards = data.cards.includes(r.model.name);
        const name = cards ? make("a", {href: `model-${r.model.name}.html`, textContent: r.model.title}) : make("span", {textContent: r.model.title});
        const cells = [
          make("td", {className: "n"}, r.tier ? make("b", {className: "gb-tier", textContent: r.tier}) : "–"),
          make("th", {scope: "row"}, make("i", {className: "gb-chip" + (r.model.family === "shortcut" ? " square" : ""), style: `background:${r.model.color}`, "aria-hidden": "true"}), name,
            make("small", {className: "gb-under", textContent: `${r.model.family}, has ${percent(r.model.coverage)} of the genes`})),
          make("td", {className: "n", title: r.rank ? `rank ${r.rank}` : "", textContent: number(r.score)}),
          make("td", {}, r.score === null ? "–" : drawn(r, low, high, chance),
            r.low === undefined || r.low === null || r.score === null ? "" : make("small", {className: "gb-under", textContent: `${number(r.low)} to ${number(r.high)}`})),
          make("td", {className: "n", textContent: number(r.excess, true),
            title: r.excess_low !== undefined && r.excess_low !== null ? `${number(r.excess_low, true)} to ${number(r.excess_high, true)}` : ""}),
          make("td", {className: "n", textContent: r.n.toLocaleString("en")}),
          ...groups.map(([, i]) => make("td", {className: "n", textContent: number(r.groups[i] ?? null)})),
        ];
        return make("tr", {className: apart}, ...cells);
      };
      const body = make("tbody");
      const byTier = ["score", "tier"].includes(state.sort);
      const tier = r => r.tier || Infinity, parts = i => Math.max(...rows.slice(0, i).map(tier)) < Math.min(...rows.slice(i).map(tier));
      rows.forEach((r, i) => body.append(line(r, byTier && i && parts(i) ? "gb-break" : "")));
      if (found.rest.length) {
        body.append(make("tr", {className: "gb-note"}, make("td", {colSpan: columns.length, textContent:
          "Not in the comparison: controls, and models without a fair score on enough of these tasks. Each number is over the tasks that the model has, so it is about other tasks than those above."})));
        order([...found.rest], r => r.score, true).forEach(r => body.append(line(r, "gb-rest")));
      }
      models.tBodies[0] ? models.tBodies[0].replaceWith(body) : models.append(body);
      return {columns, rows};
    };

    const drawTasks = found => {
      const data = boards[state.profile];
      const shown = data.models.map((m, i) => i).filter(m => data.models[m].family !== "control" &&
        (!state.family.length || state.family.includes(data.models[m].family)));
      const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = data.tasks.map((t, i) => i).filter(i => {
        const t = data.tasks[i];
        return found.kinds.includes(t.kind) && (state.group === "all" || data.groups[t.group] === state.group) &&
          words.every(w => t.name.toLowerCase().includes(w) || t.title.toLowerCase().includes(w));
      });
      const score = (t, m) => value(data, "score", found.S, found.G, t, m);
      const of = t => state.tsort === "name" ? data.tasks[t].name : state.tsort === "genes" ? data.tasks[t].genes :
        state.tsort === "smallest" ? data.tasks[t].smallest : score(t, Number(state.tsort.slice(1)));
      order(rows, of, state.tdown);
      state.from = Math.min(state.from, Math.max(0, Math.floor((rows.length - 1) / page) * page));
      head(tasks, [{key: "name", label: "task"}, {key: "genes", label: "genes", numeric: true},
        {key: "smallest", label: "can show", numeric: true, title: "Smallest difference of two models that the task can show"},
        ...shown.map(m => ({key: "m" + m, label: data.models[m].title, numeric: true}))], state.tsort, state.tdown, key => {
        state.tdown = state.tsort === key ? !state.tdown : key !== "name";
        state.tsort = key;
        state.from = 0;
        changed(false);
      });
      const body = make("tbody");
      rows.slice(state.from, state.from + page).forEach(t => {
        const task = data.tasks[t], scores = shown.map(m => score(t, m));
        const fair = shown.filter((m, k) => scores[k] !== null && !(data.flags[t * data.models.length + m] & 1));
        const top = Math.max(...fair.map(m => score(t, m)));
        body.append(make("tr", {},
          make("th", {scope: "row", title: task.title}, task.card ? make("a", {href: `${task.card}.html`, textContent: task.name}) : task.name,
            task.underpowered ? make("small", {textContent: " underpowered"}) : ""),
          make("td", {className: "n", textContent: task.genes.toLocaleString("en")}),
          make("td", {className: "n", textContent: number(task.smallest)}),
          ...shown.map((m, k) => {
            const exposed = data.flags[t * data.models.length + m] & 1, v = scores[k];
            const cell = make("td", {className: "n" + (v !== null && v === top && !exposed ? " gb-best" : ""),
              textContent: number(v) + (v !== null && exposed ? "*" : "")});
            const g = Math.min(found.G, data.intervals.length - 1);
            const low = found.G < data.intervals.length ? value(data, "low", found.S, g, t, m) : null;
            if (low !== null) cell.title = `${number(low)} to ${number(value(data, "high", found.S, g, t, m))}`;
            return cell;
          })));
      });
      tasks.tBodies[0] ? tasks.tBodies[0].replaceWith(body) : tasks.append(body);
      const step = (label, by, able) => make("button", {type: "button", textContent: label, disabled: !able,
        onclick: () => { state.from += by; changed(false); }});
      pages.replaceChildren(step("← previous", -page, state.from > 0), make("span", {textContent: rows.length ?
        ` ${(state.from + 1).toLocaleString("en")} to ${Math.min(rows.length, state.from + page).toLocaleString("en")} of ${rows.length.toLocaleString("en")} tasks ` : " no task "}),
        step("next →", page, state.from + page < rows.length));
      return {shown, rows};
    };

    const table = () => {
      const data = boards[state.profile];
      const measure = state.kind === "regression" ? "spearman" : "auroc";
      const head = ["tier", "model", "family", `weighted_mean_${measure}`, "interval_low", "interval_high", "over_best_shortcut", "coverage",
        "tasks", "compared", ...(state.group === "all" ? data.groups.map(g => g.replaceAll(" ", "_")) : [])];
      const line = (r, inside) => [r.tier, r.model.title, r.model.family, round(r.score), round(r.low), round(r.high), round(r.excess),
        round(r.model.coverage), r.n, inside, ...(state.group === "all" ? data.groups.map((_, i) => round(r.groups[i])) : [])];
      return [head, ...last.found.rows.filter(r => r.shown).map(r => line(r, "yes")), ...last.found.rest.map(r => line(r, "no"))];
    };
    const round = v => v === null || v === undefined || Number.isNaN(v) ? null : Number(v.toFixed(5));
    const chosen = () => Object.fromEntries(["profile", "split", "genes", "kind", "group", "family", "weights", "exposed"].map(k => [k, state[k]]));

    let rest = null;
    const changed = (again = true) => {
      const began = performance.now(), data = boards[state.profile];
      if (!data) return load(state.profile);
      clean();
      if (root.dataset.drawn !== state.profile) { panel(); again = true; }
      root.dataset.drawn = state.profile;
      if (again || !last) last = {found: standings(data, state)};
      controls.querySelector("fieldset.weights").disabled = state.group !== "all";
      drawModels(last.found);
      const found = last.found, n = found.tasks.length;
      told.textContent = found.rows.length ? `${found.rows.length} models compared on the ${n.toLocaleString("en")} ` +
        `task${n === 1 ? "" : "s"} that all of them have a fair score on. ` + (found.exact ?
        "Intervals over genes and tasks; tiers by all pairs at once." :
        "Your own choice: intervals and tiers are approximate (normal, over effective tasks and genes) and err to the wide side.") :
        "No two models have a fair score on this choice; choose another group, kind or split.";
      root.dataset.exact = found.exact;
      drawTasks(found);
      write();
      root.dataset.ms = (performance.now() - began).toFixed(1);
    };

    let chosenByLink = location.hash.includes("group=");
    const load = profile => {
      const script = make("script", {src: root.dataset.base + `board-${profile}.js`});
      script.onload = () => {
        changed();
        if (chosenByLink) root.scrollIntoView();  // whoever comes with a question is shown its answer
        chosenByLink = false;
      };
      script.onerror = () => { told.textContent = `The data of profile '${profile}' are not beside this page.`; };
      document.head.append(script);
    };

    const saves = make("p", {className: "gb-saves"}, "Download what is shown: ",
      make("button", {type: "button", textContent: "CSV", onclick: () => save(`leaderboard-${state.profile}.csv`, "text/csv", csv(table()))}), " ",
      make("button", {type: "button", textContent: "JSON", onclick: () => {
        const [head, ...rows] = table();
        save(`leaderboard-${state.profile}.json`, "application/json", JSON.stringify({...chosen(), published_intervals: last.found.exact,
          models: rows.map(r => Object.fromEntries(head.map((h, i) => [h, r[i]])))}, null, 1));
      }}), " · every task: ", make("button", {type: "button", textContent: "CSV of tasks", onclick: () => {
        const data = boards[state.profile], {shown, rows} = drawTasks(last.found);
        save(`tasks-${state.profile}.csv`, "text/csv", csv([["task", "group", "kind", "genes", ...shown.map(m => data.models[m].name)],
          ...rows.map(t => [data.tasks[t].name, data.groups[data.tasks[t].group], data.tasks[t].kind, data.tasks[t].genes,
            ...shown.map(m => value(data, "score", last.found.S, last.found.G, t, m))])]));
      }}), " · ", make("button", {type: "button", textContent: "reset", onclick: () => {
        Object.assign(state, usual());
        find.value = "";
        delete root.dataset.drawn;
        changed();
      }}));
    find.addEventListener("input", () => { clearTimeout(rest); rest = setTimeout(() => { state.find = find.value; state.from = 0; changed(false); }, 60); });
    const wide = (table, label) => make("div", {className: "gb-wide", tabIndex: 0, role: "region", "aria-label": label}, table);
    models.append(make("caption", {textContent: "Models, best first; a line parts tiers wherever none of the lower reaches above it. A point is the weighted mean, its bar the 95 % interval, the dashed line is chance."}));
    tasks.append(make("caption", {textContent: "One row a task. Bold: the best fair score. A star: the model has read part of the answers."}));
    root.append(controls, told, wide(models, "Leaderboard"), saves, make("h2", {textContent: "Task by task", id: "task-by-task"}),
      make("p", {}, make("label", {}, "Find a task ", find)), wide(tasks, "Scores by task"), pages);
    read();
    find.value = state.find;
    root.genebench = {state, changed, boards, last: () => last};
    addEventListener("hashchange", () => {
      if (location.hash.length > 1 && !location.hash.includes("=")) return;  // a heading of the page
      Object.assign(state, usual());
      read();
      find.value = state.find;
      delete root.dataset.drawn;
      changed();
    });
    root.classList.add("gb-live");
    load(state.profile);
  };

  document.querySelectorAll(".gb-board").forEach(start);
})();
