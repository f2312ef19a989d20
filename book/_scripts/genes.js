/* Gene pages: search a gene, load its shard, show labels, predictions, relatives and neighbours. No server:
   shards are scripts that call a function, because fetch() is refused on file:// pages. */
(() => {
  "use strict";
  let about = null, at = null;
  const shards = {}, waiting = {};
  window.genebenchGenes = data => { about = data; at = new Map(data.genes.map((s, i) => [s.toUpperCase(), i])); };
  window.genebenchShard = data => { shards[data.number] = data.genes; };

  const make = (tag, options = {}, ...inside) => {
    const e = document.createElement(tag);
    for (const [name, v] of Object.entries(options)) name in e && name !== "list" ? (e[name] = v) : e.setAttribute(name, v);
    e.append(...inside.filter(x => x !== null));
    return e;
  };
  const script = (src, done, fault) => document.head.append(make("script", {src, onload: done, onerror: fault}));
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

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
    let marked = -1, shown = null;

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

    const open = symbol => {
      const i = at.get(symbol.toUpperCase());
      if (i === undefined) {
        out.replaceChildren();
        told.textContent = `${symbol} has no label in profile ${about.profile}; look for its approved symbol.`;
        return;
      }
      const number = Math.floor(i / about.shard), began = performance.now();
      const show = () => {
        told.textContent = "";
        shown = i;
        draw(i, shards[number][i - number * about.shard]);
        root.dataset.shown = about.genes[i];
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
        title: read ? `${word}; the model has read part of the answers` : word}, make("span", {"aria-hidden": "true", textContent: sign + " "}), `${v}${read ? "*" : ""}`);
    };
    const headed = names => make("thead", {}, make("tr", {}, ...names.map((n, i) => make("th", {scope: "col", className: i ? "n" : "", textContent: n}))));
    const wide = (label, caption, head, rows) => make("div", {className: "gb-wide", tabIndex: 0, role: "region", "aria-label": label},
      make("table", {className: "gb-table gb-tasks"}, make("caption", {textContent: caption}), headed(head), make("tbody", {}, ...rows)));
    const titles = () => about.models.map(m => m.title);
    const named = i => {
      const [name, task, , card] = about.labels[i];
      return make("th", {scope: "row", title: task}, card ? make("a", {href: `${card}.html`, textContent: name}) : name);
    };
    const read = (m, label) => about.exposed[m][label] === "1";

    // A family by HGNC is named by the number of its gene group.
    const called = family => {
      const group = /^group (\d+)$/.exec(family);
      return group ? make("a", {href: `https://www.genenames.org/data/genegroup/#!/group/${group[1]}`, textContent: `HGNC gene group ${group[1]}`}) : `symbols that begin with ${family}`;
    };

    // The answer in a sentence: the best model beside the best shortcut, on the labels that both can be asked about.
    const verdict = (gene, right, usable) => {
      const M = about.models.length, isShortcut = x => about.models[x.m].family === "shortcut";
      const most = Math.max(...usable.map(x => x.n)), broad = usable.filter(x => 2 * x.n >= most);
      const model = broad.find(x => !isShortcut(x)), shortcut = broad.find(isShortcut);
      if (!model) return null;
      const pairs = gene.l.map((label, k) => [model, shortcut].filter(Boolean).map(x => read(x.m, label) ? about.none : right[k * M + x.m]))
        .filter(row => row.every(v => v !== about.none));
      if (!pairs.length) return null;
      const mean = i => Math.round(pairs.reduce((sum, row) => sum + row[i], 0) / pairs.length);
      const score = mean(0), other = shortcut ? mean(1) : null;
      const word = score >= 90 ? "Yes, mostly" : score >= 70 ? "In part" : score >= 55 ? "Little better than guessing" : score > 45 ? "As by guessing" : "No";
      const none = other !== null && other >= score;
      return make("p", {className: "gb-verdict"},
        make("strong", {textContent: `Is ${gene.s} predicted right? ${word}${none ? ", and no better than by a shortcut" : ""}.`}),
        ` ${about.models[model.m].title}, the best model here, ranks it above ${score} % of the genes without a label, mean over ` +
        `${pairs.length} label${pairs.length > 1 ? "s" : ""} (guessing: 50 %)` +
        (shortcut ? `; ${about.models[shortcut.m].title}, the best shortcut, above ${other} % on the same labels.` : ".") +
        (pairs.length < 5 ? " With so few labels this can be chance." : ""));
    };

    const draw = (i, gene) => {
      const M = about.models.length, right = bytes(gene.p), alarms = bytes(gene.q);
      const mean = about.models.map((_, m) => {
        const seen = gene.l.map((label, k) => read(m, label) ? about.none : right[k * M + m]).filter(v => v !== about.none);
        return {m, n: seen.length, mean: seen.length ? seen.reduce((a, b) => a + b, 0) / seen.length : null};
      });
      const [family, size, kin, alike] = gene.f;
      const listed = list => list.flatMap((g, k) => [k ? ", " : "", link(g)]);
      const parts = [make("h2", {textContent: gene.s, id: "gb-title", tabIndex: -1}),
        make("p", {}, `${gene.l.length} label${gene.l.length === 1 ? "" : "s"} of the ${gene.l.length + gene.n} asked about this gene.`),
        make("p", {}, alike ? "Genes of a like symbol: " : "No gene of a like symbol here.", ...listed(kin.slice(0, alike)), alike ? ". " : " ",
          ...(size > alike ? ["Splits by family also keep with it ", called(family), ` (${size - alike} more genes, not all of them relatives): `,
            ...listed(kin.slice(alike)), size > kin.length ? " …" : "."] : []))];
      const usable = mean.filter(x => x.mean !== null).sort((a, b) => b.mean - a.mean);
      const answer = verdict(gene, right, usable);
      if (answer) parts.splice(1, 0, answer);
      if (usable.length) {
        const bars = usable.map(x => make("tr", {},
          make("th", {scope: "row"}, make("i", {className: "gb-chip" + (about.models[x.m].family === "shortcut" ? " square" : ""), style: `background:${about.models[x.m].color}`}),
            about.models[x.m].page ? make("a", {href: `${about.models[x.m].page}.html`, textContent: about.models[x.m].title}) : about.models[x.m].title),
          make("td", {className: "n", textContent: `${x.mean.toFixed(0)} %`}), make("td", {}, make("div", {className: "gb-interval", "aria-hidden": "true"},
            make("i", {className: "chance", style: "left:50%"}), make("i", {className: "bar", style: `left:0;width:${x.mean}%;background:${about.models[x.m].color}`}))),
          make("td", {className: "n", textContent: x.n}), make("td", {textContent: judged(x.mean)[1]})));
        parts.push(make("h3", {textContent: "Model by model"}), make("div", {className: "gb-wide"}, make("table", {className: "gb-table"},
          make("caption", {textContent: `Of the genes without a label, the share that each model ranks below ${gene.s}, mean over its labels (tasks that the model has read are left out). Guessing: 50 %.`}),
          headed(["model", "ranked below", "", "labels", "in a word"]), make("tbody", {}, ...bars))));
      }
      if (gene.l.length) {
        const worth = k => { const seen = about.models.map((_, m) => read(m, gene.l[k]) ? about.none : right[k * M + m]).filter(v => v !== about.none);
          return seen.length ? seen.reduce((a, b) => a + b, 0) / seen.length : 101; };
        const sorted = gene.l.map((_, k) => k).sort((a, b) => worth(a) - worth(b));
        const rows = sorted.map(k => make("tr", {}, named(gene.l[k]), ...about.models.map((_, m) => cell(right[k * M + m], read(m, gene.l[k])))));
        parts.push(make("h3", {textContent: "Its labels"}), wide(`Labels of ${gene.s}`,
          "One row a label that the gene has, the most missed first. A number: percent of the genes without the label that the model ranks below this gene (✓ 90 or more, ○ from 45, about chance, ✗ below). A star: the model has read part of the answers.",
          ["label", ...titles()], rows));
      }
      if (gene.a.length) parts.push(make("h3", {textContent: "False alarms"}), wide(`False alarms of ${gene.s}`,
        "Labels that the gene does not have but that the models would most readily give it. A number: percent of the genes with the label that the model ranks above this gene.",
        ["label", ...titles()], gene.a.map((label, k) => make("tr", {}, named(label), ...about.models.map((_, m) => cell(alarms[k * M + m], read(m, label)))))));
      if (gene.o.length) parts.push(make("h3", {textContent: "Classes and numbers"}), wide(`Classes and numbers of ${gene.s}`,
        "What the gene is, and what each model predicts; a number is told as its percentile among the genes of the task.",
        ["task", "truth", ...titles()], gene.o.map(([task, truth, said]) => make("tr", {},
          make("th", {scope: "row"}, about.tasks[task][1] ? make("a", {href: `${about.tasks[task][1]}.html`, textContent: about.tasks[task][0]}) : about.tasks[task][0]),
          make("td", {className: "n", textContent: truth}), ...said.map((w, m) => make("td", {className: "n" + (w === truth ? " found" : ""),
            textContent: w ? (w === truth ? "✓ " : "") + w + (about.read[task][m] ? "*" : "") : "–"}))))));
      const near = gene.k.map((list, k) => [about.near[k], list]).filter(([, list]) => list.length);
      if (near.length) {
        parts.push(make("h3", {textContent: "Nearest genes"}), make("p", {className: "gb-told", textContent: "By the cosine of the vectors (in brackets). Bold: kept together with it in splits by family."}),
          make("dl", {}, ...near.flatMap(([m, list]) => [make("dt", {textContent: about.models.find(x => x.name === m).title}),
            make("dd", {}, ...list.flatMap(([g, c, kept], k) => [k ? ", " : "", kept ? make("b", {}, link(g)) : link(g), ` (${c.toFixed(2).replace("-", "−")})`]))])));
      }
      out.replaceChildren(...parts);
      document.title = `${gene.s} – genebench`;
    };

    const follow = () => {
      const wanted = decodeURIComponent(location.hash.slice(1));
      if (!wanted || !at.has(wanted.toUpperCase())) {
        if (wanted && !document.getElementById(wanted)) open(wanted);
        return;
      }
      if (at.get(wanted.toUpperCase()) === shown) return;
      input.value = about.genes[at.get(wanted.toUpperCase())];
      open(wanted);
      root.scrollIntoView({block: "start"});
    };
    script(`${base}.js`, () => {
      told.textContent = `${about.genes.length.toLocaleString("en")} genes of profile ${about.profile}; type the first letters of an approved symbol (TP53, not p53).`;
      addEventListener("hashchange", follow);
      follow();
    }, () => { told.textContent = "The data of the gene pages are not beside this page."; });
  };
  document.querySelectorAll(".gb-genes").forEach(start);
})();
