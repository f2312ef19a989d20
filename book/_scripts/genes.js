/* Gene pages: search a gene, load its shard, show labels, predictions, relatives and neighbours. No server:
   shards are scripts that call a function with compressed JSON, because fetch() is refused on file:// pages. */
(() => {
  "use strict";
  let about = null, at = null;
  const shards = {}, waiting = {}, TELLING = 10;
  window.genebenchGenes = data => { about = data; at = new Map(data.genes.map((s, i) => [s.toUpperCase(), i])); };
  const unpack = async text => {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };
  window.genebenchShard = data => { shards[data.number] = unpack(data.packed); };

  const make = (tag, options = {}, ...inside) => {
    const e = document.createElement(tag);
    for (const [name, v] of Object.entries(options)) name in e && name !== "list" ? (e[name] = v) : e.setAttribute(name, v);
    e.append(...inside.filter(x => x !== null));
    return e;
  };
  const script = (src, done, fault) => document.head.append(make("script", {src, onload: done, onerror: fault}));

  const start = root => {
    const base = root.dataset.base + `genes-${root.dataset.profile}`;
    const input = make("input", {type: "search", id: "gb-gene", autocomplete: "off", placeholder: "TP53", role: "combobox",
      spellcheck: false});
    input.setAttribute("aria-controls", "gb-found");
    input.setAttribute("aria-expanded", "false");
    const found = make("ul", {id: "gb-found", className: "gb-found", role: "listbox", "aria-label": "Genes found"});
    const told = make("p", {className: "gb-told", role: "status"}), out = make("div", {className: "gb-gene"});
    root.append(make("p", {className: "gb-search"}, make("label", {htmlFor: "gb-gene", textContent: "Gene symbol "}), input), found, told, out);
    root.classList.add("gb-live");
    let marked = -1, shown = null, chosen = null;

    const suggest = () => {
      const typed = input.value.trim().toUpperCase();
      marked = -1;
      found.replaceChildren();
      const hits = [];
      if (typed) for (const s of about.genes) if (s.toUpperCase().startsWith(typed) && hits.push(s) === 12) break;
      hits.forEach((s, i) => found.append(make("li", {role: "option", id: `gb-hit-${i}`, textContent: s, "aria-selected": "false",
        onmousedown: e => { e.preventDefault(); go(s); }})));
      input.setAttribute("aria-expanded", String(hits.length > 0));
      told.textContent = typed && !hits.length ? `No gene whose symbol begins with ${typed} has a label in profile ${about.profile}.` : "";
      if (typed && !hits.length) out.replaceChildren();  // what was shown is of another gene
      root.dataset.ms = "";
    };
    const mark = step => {
      const all = [...found.children];
      if (!all.length) return;
      marked = (marked + step + all.length) % all.length;
      all.forEach((li, i) => li.setAttribute("aria-selected", String(i === marked)));
      input.setAttribute("aria-activedescendant", `gb-hit-${marked}`);
    };
    const go = symbol => {
      found.replaceChildren();
      input.setAttribute("aria-expanded", "false");
      input.value = symbol;
      history.replaceState(null, "", "#" + encodeURIComponent(symbol));
      open(symbol);
    };
    input.addEventListener("input", suggest);
    input.addEventListener("keydown", e => {
      if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); mark(e.key === "ArrowDown" ? 1 : -1); }
      if (e.key === "Escape") { found.replaceChildren(); input.setAttribute("aria-expanded", "false"); }
      if (e.key === "Enter") {
        e.preventDefault();
        const hit = found.children[Math.max(0, marked)];
        const exact = at.get(input.value.trim().toUpperCase());
        if (marked < 0 && exact !== undefined) go(about.genes[exact]); else if (hit) go(hit.textContent); else suggest();
      }
    });

    const whose = () => `${about.genes.length.toLocaleString("en")} genes of profile ${about.profile}; type the first letters of an approved symbol (TP53, not p53).`;
    const open = symbol => {
      const i = at.get(symbol.toUpperCase());
      if (i === undefined) {
        out.replaceChildren();
        told.textContent = `${symbol} has no label in profile ${about.profile}; look for its approved symbol.`;
        return;
      }
      chosen = i;
      const number = Math.floor(i / about.shard), began = performance.now();
      const show = async () => {
        const genes = await shards[number], at = chosen - number * about.shard;
        if (!genes[at]) return;  // a gene of another file was chosen meanwhile
        told.textContent = whose();
        shown = chosen;
        draw(chosen, genes[at]);
        root.dataset.shown = about.genes[chosen];
        root.dataset.ms = (performance.now() - began).toFixed(1);
      };
      if (shards[number]) return show();
      if (waiting[number]) return;
      waiting[number] = true;
      told.textContent = "loading …";
      script(`${base}-${number}.js`, () => { waiting[number] = false; show(); },
        () => { waiting[number] = false; told.textContent = "The data of this gene are not beside this page."; });
    };

    const link = i => make("a", {href: "#" + encodeURIComponent(about.genes[i]), textContent: about.genes[i]});
    const WORDS = [[90, "found", "✓"], [55, "leaning right", "○"], [45, "as by guessing", "○"], [-1, "missed", "✗"]];
    const judged = v => WORDS.find(([least]) => v >= least);
    const cell = (v, read) => {
      if (v === about.none) return make("td", {className: "n none", textContent: "–", title: "no vector for this gene"});
      const [, word, sign] = judged(v);
      return make("td", {className: `n ${word.split(" ")[0]}${read ? " read" : ""}`,
        title: read ? `${word}; the model was trained on the labels` : word}, make("span", {"aria-hidden": "true", textContent: sign + " "}), `${v}${read ? "*" : ""}`);
    };
    const headed = names => make("thead", {}, make("tr", {}, ...names.map((n, i) => make("th", {scope: "col", className: i ? "n" : "", textContent: n}))));
    const wide = (label, caption, head, rows) => make("div", {className: "gb-wide", tabIndex: 0, role: "region", "aria-label": label},
      make("table", {className: "gb-table gb-tasks"}, make("caption", {textContent: caption}), headed(head), make("tbody", {}, ...rows)));
    const titles = () => about.models.map(m => m.title);
    const named = i => make("th", {scope: "row", title: about.labels[i].task, textContent: about.labels[i].name});
    const read = (m, label) => about.exposed[m][label] === 1;

    // A family by HGNC is named by the number of its gene group.
    const called = family => {
      const group = /^group (\d+)$/.exec(family);
      return group ? make("a", {href: `https://www.genenames.org/data/genegroup/#!/group/${group[1]}`, textContent: `HGNC gene group ${group[1]}`}) : `symbols that begin with ${family}`;
    };

    const draw = (i, gene) => {
      const listed = genes => genes.flatMap((g, k) => [k ? ", " : "", link(g)]);
      const others = gene.size - gene.alike;
      const parts = [make("h2", {textContent: gene.gene, id: "gb-title", tabIndex: -1})];
      if (gene.words.length) parts.push(make("p", {className: "gb-verdict"},
        make("strong", {textContent: gene.words[0]}), " " + gene.words[1]));
      parts.push(
        make("p", {}, `${gene.labels.length} label${gene.labels.length === 1 ? "" : "s"} of ${gene.labels.length + gene.absent} that were asked of this gene.`),
        make("p", {}, gene.alike ? "Genes of a similar symbol: " : "No gene of a similar symbol here.",
          ...listed(gene.relatives.slice(0, gene.alike)), gene.alike ? ". " : " ",
          ...(others ? ["Splits by family also keep with it ", called(gene.family), ` (${others} more genes, not all of them relatives): `,
            ...listed(gene.relatives.slice(gene.alike)), gene.size > gene.relatives.length ? " …" : "."] : [])));
      const order = about.models.map((_, m) => m).filter(m => gene.means[m] !== null).sort((a, b) => gene.means[b] - gene.means[a]);
      if (order.length) {
        const bars = order.map(m => {
          const {title, color, family} = about.models[m], mean = gene.means[m];
          return make("tr", {},
            make("th", {scope: "row"}, make("i", {className: "gb-chip" + (family === "shortcut" ? " square" : ""), style: `background:${color}`}), title),
            make("td", {className: "n", textContent: `${mean.toFixed(0)} %`}), make("td", {}, make("div", {className: "gb-interval", "aria-hidden": "true"},
              make("i", {className: "chance", style: "left:50%"}), make("i", {className: "bar", style: `left:0;width:${mean}%;background:${color}`}))),
            make("td", {className: "n", textContent: gene.counts[m]}), make("td", {textContent: judged(mean)[1]}));
        });
        parts.push(make("h3", {textContent: "Model by model"}), make("div", {className: "gb-wide"}, make("table", {className: "gb-table"},
          make("caption", {textContent: `Of the genes without a label, the share that each model ranks below ${gene.gene}, mean over its labels (tasks whose labels the model was trained on are left out). Guessing: 50 %.`}),
          headed(["model", "ranked below", "", "labels", "in a word"]), make("tbody", {}, ...bars))));
      }
      // Models that were trained on all of these labels, or have no vector, have no column.
      const fair = labels => about.models.map((_, m) => m).filter(m => gene.counts[m] && labels.some(label => !read(m, label)));
      const rows = (labels, shares, kept) => labels.map((label, k) =>
        make("tr", {}, named(label), ...kept.map(m => cell(shares[k][m], read(m, label)))));
      const left = kept => about.models.filter((_, m) => gene.counts[m] !== undefined && !kept.includes(m)).map(m => m.title);
      const spread = (values, labels, kept) => k => {
        const v = kept.filter(m => values[k][m] !== about.none && !read(m, labels[k])).map(m => values[k][m]);
        return v.length > 1 ? Math.max(...v) - Math.min(...v) : -1;
      };
      if (gene.labels.length) {
        const kept = fair(gene.labels), differ = spread(gene.shares, gene.labels, kept);
        const order = gene.labels.map((_, k) => k).sort((a, b) => differ(b) - differ(a));
        const take = some => [some.map(k => gene.labels[k]), some.map(k => gene.shares[k])];
        const heads = ["label", ...kept.map(m => about.models[m].title)], gone = left(kept);
        const [labels, shares] = take(order.slice(0, TELLING));
        parts.push(make("h3", {textContent: order.length > TELLING ? `The ${TELLING} most telling of its labels` : "Its labels"}),
          wide(`Labels of ${gene.gene}`,
            "One row a label that the gene has, those first on which the models differ most. A number: percent of the genes without the label that the model ranks below this gene (✓ 90 or more, ○ from 45, about chance, ✗ below). A star: the model was trained on the labels."
            + (gone.length ? ` Left out, because trained on these labels or without a vector: ${gone.join(", ")}.` : ""),
            heads, rows(labels, shares, kept)));
        if (order.length > TELLING) {
          const [more, others] = take(order.slice(TELLING));
          parts.push(make("details", {}, make("summary", {textContent: `${more.length} more labels`}),
            wide(`More labels of ${gene.gene}`, "As above.", heads, rows(more, others, kept))));
        }
      }
      if (gene.alarms.length) parts.push(make("h3", {textContent: "False alarms"}), wide(`False alarms of ${gene.gene}`,
        "Labels that the gene does not have but that the models would most readily give it. A number: percent of the genes with the label that the model ranks above this gene.",
        ["label", ...fair(gene.alarms).map(m => about.models[m].title)], rows(gene.alarms, gene.alarm_shares, fair(gene.alarms))));
      if (gene.others.length) parts.push(make("h3", {textContent: "Classes and numbers"}), wide(`Classes and numbers of ${gene.gene}`,
        "What the gene is, and what each model predicts; a number is shown as its percentile among the genes of the task.",
        ["task", "truth", ...titles()], gene.others.map(({task, truth, predicted}) => make("tr", {},
          make("th", {scope: "row", textContent: about.tasks[task]}), make("td", {className: "n", textContent: truth}),
          ...predicted.map((word, m) => make("td", {className: "n" + (word === truth ? " found" : ""),
            textContent: word ? (word === truth ? "✓ " : "") + word + (about.read[task][m] ? "*" : "") : "–"}))))));
      const near = gene.near.map((list, k) => [about.near[k], list]).filter(([, list]) => list.length);
      if (near.length) parts.push(make("h3", {textContent: "Nearest genes"}),
        make("p", {className: "gb-told", textContent: "By the cosine of the vectors (in brackets). Bold: kept together with it in splits by family."}),
        make("dl", {}, ...near.flatMap(([model, list]) => [make("dt", {textContent: about.models.find(x => x.name === model).title}),
          make("dd", {}, ...list.flatMap(({gene: g, cosine, kin}, k) => [k ? ", " : "", kin ? make("b", {}, link(g)) : link(g), ` (${cosine.toFixed(2).replace("-", "−")})`]))])));
      out.replaceChildren(...parts);
      document.title = `${gene.gene} – genebench`;
    };

    const follow = () => {
      const wanted = decodeURIComponent(location.hash.slice(1));
      if (!wanted) return shown === null && open(at.has("TP53") ? "TP53" : about.genes[0]);  // an example
      if (!at.has(wanted.toUpperCase())) {
        if (!document.getElementById(wanted)) open(wanted);
        return;
      }
      if (at.get(wanted.toUpperCase()) === shown) return;
      input.value = about.genes[at.get(wanted.toUpperCase())];
      open(wanted);
      root.scrollIntoView({block: "start"});
    };
    script(`${base}.js`, () => {
      told.textContent = whose();
      addEventListener("hashchange", follow);
      follow();
    }, () => { told.textContent = "The data of the gene pages are not beside this page."; });
  };
  document.querySelectorAll(".gb-genes").forEach(start);
})();
