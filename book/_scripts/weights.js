/* Weighted means of precomputed group means, by the reader's own weights; kept in the page's address. */
(() => {
  "use strict";
  const make = (tag, text) => { const e = document.createElement(tag); e.textContent = text ?? ""; return e; };
  const shown = value => value === null ? "–" : value.toFixed(3);

  const start = root => {
    const {columns, index, data} = JSON.parse(root.dataset.means);
    const rows = index.map((name, i) => ({name, values: data[i]}));
    const given = (new URLSearchParams(location.hash.slice(1)).get("weights") || "").split(",").map(Number);
    const weights = columns.map((_, i) => given.length === columns.length && given[i] >= 0 ? given[i] : 1);
    const sliders = make("div"), wide = make("div"), table = make("table");
    sliders.className = "sliders";
    wide.style.overflowX = "auto";
    table.className = "dataframe";
    wide.append(table);
    root.append(sliders, wide);

    const weighted = row => {
      const counted = row.values.map((value, i) => [value, weights[i]]).filter(([, weight]) => weight > 0);
      if (!counted.length || counted.some(([value]) => value === null)) return null;
      const total = counted.reduce((sum, [, weight]) => sum + weight, 0);
      return counted.reduce((sum, [value, weight]) => sum + weight * value, 0) / total;
    };
    const line = (tag, texts) => { const e = make("tr"); e.append(...texts.map(text => make(tag, text))); return e; };
    const draw = () => {
      const head = make("thead"), body = make("tbody");
      head.append(line("th", ["model", "weighted mean", ...columns]));
      const sorted = rows.map(row => ({...row, mean: weighted(row)})).sort((a, b) => (b.mean ?? -9) - (a.mean ?? -9));
      body.append(...sorted.map(row => line("td", [row.name, shown(row.mean), ...row.values.map(shown)])));
      table.replaceChildren(head, body);
    };
    columns.forEach((name, i) => {
      const label = make("label", name + " "), input = make("input"), number = make("b", " " + weights[i]);
      Object.assign(input, {type: "range", min: 0, max: 5, step: 0.5, value: weights[i]});
      input.setAttribute("aria-label", "weight of " + name);
      input.addEventListener("input", () => {
        weights[i] = Number(input.value);
        number.textContent = " " + weights[i];
        draw();
        history.replaceState(null, "", "#weights=" + weights.join(","));
      });
      label.append(input, number);
      sliders.append(label);
    });
    draw();
  };
  document.querySelectorAll(".genebench-weights").forEach(start);
})();
