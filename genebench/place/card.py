"""The card of placed vectors: one self-contained page of HTML. Shows what ``place`` found; computes nothing."""

from __future__ import annotations

from html import escape

from ..core.specs import GROUPS

LEVELS = {"flag": "flag", "note": "note", "open": "not checked", "clear": "clear"}
"""Level of a finding → the word on the card."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1f;--soft:#5a5d66;--line:#d6d8de;--back:#fff;--box:#f5f6f8;--mine:#D81B60;
--bad:#b3261e;--warn:#8a5a00;--good:#1b6e3c}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8ec;--soft:#a9adb8;--line:#3b3e47;--back:#141519;--box:#1e2026;
--mine:#ff5c97;--bad:#ff8a80;--warn:#ffca6a;--good:#7fd6a0}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.2rem 1rem 3rem}
h1{font-size:1.6rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:2.2rem 0 .5rem}
p{margin:.4rem 0}.soft{color:var(--soft);font-size:.9rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.5rem;margin:.8rem 0}
.facts div{background:var(--box);border-radius:.5rem;padding:.5rem .7rem;overflow-wrap:anywhere}
.facts b{display:block;font-size:1.15rem;font-variant-numeric:tabular-nums}
.facts span{color:var(--soft);font-size:.85rem}
.says{border-left:4px solid var(--mine);padding:.1rem 0 .1rem .9rem;margin:1rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600;font-size:.85rem}td.n,th.n{text-align:right;white-space:nowrap}
td.w{overflow-wrap:anywhere;min-width:9rem}
.chip{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em;border:1px solid var(--line)}
.level{font-weight:700;white-space:nowrap}.flag,.loss,.no{color:var(--bad)}.note{color:var(--warn)}
.clear,.win,.yes{color:var(--good)}.open,.tie{color:var(--soft)}
.group{margin:1rem 0 1.3rem}.group h3{font-size:1rem;margin:0}
.strip{position:relative;height:2.1rem;margin:.25rem .5rem 0;border-bottom:1px solid var(--line)}
.strip i{position:absolute;top:.75rem;width:.7rem;height:.7rem;margin-left:-.35rem;border-radius:50%;
border:1.5px solid var(--back)}
.strip i.shortcut{border-radius:0}.strip i.mine{top:.55rem;width:1rem;height:1rem;margin-left:-.5rem;
background:var(--mine);transform:rotate(45deg);border-radius:2px}
.strip u{position:absolute;top:1rem;height:4px;background:var(--mine);opacity:.55}
.strip s{position:absolute;top:.1rem;bottom:0;border-left:1px dashed var(--soft)}
.scale{display:flex;justify-content:space-between;margin:0 .1rem;color:var(--soft);font-size:.8rem}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.88rem;color:var(--soft)}
.key .chip.mine{background:var(--mine);border-radius:2px;transform:rotate(45deg)}.chip.shortcut{border-radius:0}
@media(max-width:36rem){table.text th{display:none}
table.text td{display:inline-block;border:0;padding:.1rem .6rem .1rem 0}
table.text td.w{display:block;font-weight:600}table.text td:last-child{display:block}
table.text tr{display:block;border-bottom:1px solid var(--line);padding:.3rem 0}}
@media print{body{font-size:11pt}main{max-width:none;padding:0}h2{break-after:avoid}tr,.group{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def html(told: dict) -> str:
    """The page of a card: what ``genebench.place.place`` returns → HTML without any request to a network."""
    title = f"{told['name']} on {told['profile']}"
    body = "\n".join(
        part(told)
        for part in (
            _header,
            _meaning,
            _groups,
            _table,
            _excess,
            _wins,
            _leaks,
            _lost,
            _checks,
            _how,
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def _number(value: float | None, sign: bool = False, digits: int = 3) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def _between(low: float | None, high: float | None, sign: bool = False) -> str:
    if low is None or low != low:
        return "–"
    return f"{_number(low, sign)} to {_number(high, sign)}"


def _rows(
    head: list[str], rows: list[list[str]], numbers: set[int] = frozenset(), *, text: bool = False
) -> str:
    """A table of ready HTML cells; ``numbers`` are the columns that stand to the right; one of ``text`` is stacked on a
    narrow screen."""

    def line(cells: list[str], tag: str) -> str:
        kinds = [
            ' class="n"' if i in numbers else ' class="w"' if i == 0 else ""
            for i in range(len(cells))
        ]
        return "<tr>" + "".join(f"<{tag}{k}>{c}</{tag}>" for k, c in zip(kinds, cells)) + "</tr>"

    inner = line(head, "th") + "".join(line(r, "td") for r in rows)
    return f'<div class="wide"><table{" class=text" * text}>{inner}</table></div>'


def _chip(color: str, family: str = "") -> str:
    return f'<span class="chip {escape(family)}" style="background:{escape(color)}"></span>'


def _header(told: dict) -> str:
    ids, cost = told["ids"], told["cost"]
    facts = [
        (
            f"{ids['covered']:,} of {ids['of']:,}",
            f"genes of profile {told['profile']} ({_share(ids)})",
        ),
        (f"{ids['given']:,}", f"ids in the file, read as {ids['kind']}"),
        (f"{told['dimension']:,}", "dimensions"),
        (f"{told['tasks_scored']:,}", f"tasks scored, {len(told['skipped'])} skipped"),
        (
            f"{cost['this_call_s']:.0f} s",
            f"this call; fits {cost['fits_core_s']:.0f} s of one core"
            + (", from the cache" if cost["cells_cached"] == cost["cells"] else ""),
        ),
        (f"{cost['peak_memory_mb']:,} MB", "largest process of this call"),
    ]
    boxes = "".join(f"<div><b>{escape(a)}</b><span>{escape(b)}</span></div>" for a, b in facts)
    where = f"genebench {told['genebench']} · file {told['file']} · sha256 {told['sha256'][:12]}"
    return f'<h1>{escape(told["name"])}</h1><p class="soft">{escape(where)}</p><div class="facts">{boxes}</div>'


def _share(ids: dict) -> str:
    return f"{ids['covered'] / ids['of']:.0%}"


def _meaning(told: dict) -> str:
    return (
        '<div class="says">' + "".join(f"<p>{escape(s)}</p>" for s in told["sentences"]) + "</div>"
    )


def _groups(told: dict) -> str:
    drawn = {m["title"]: m for g in told["groups"] for m in g["models"] if m["family"] != "control"}
    key = '<span><span class="chip mine"></span>' + escape(told["name"]) + "</span>"
    key += "".join(
        f"<span>{_chip(m['color'], m['family'])}{escape(t)}</span>" for t, m in drawn.items()
    )
    return (
        "<h2>Scores per group of tasks</h2>"
        '<p class="soft">Means over tasks with a 95 % interval (over tasks, or folds if there are fewer than '
        "three). The strips compare on all genes of each task: a gene without a vector counts as unknown, for every "
        "model alike. Squares are shortcuts, which understand nothing; a faint mark has read answers; the dashed "
        "line is chance.</p>"
        f'<div class="key">{key}</div>' + "".join(_group(g, told["name"]) for g in told["groups"])
    )


def _group(g: dict, name: str) -> str:
    """One group: its numbers, and a strip with a mark for each model."""
    floor, chance = (-0.2, 0) if g["metric"] == "Spearman" else (0.4, 0.5)
    low = min([floor, *(m["score"] for m in g["models"]), g["all_genes"]])

    def at(value: float) -> str:
        return f"left:{100 * (value - low) / (1 - low):.2f}%"

    marks = [f'<s style="{at(chance)}" title="chance"></s>']
    for m in g["models"]:
        if m["family"] != "control":
            read = m["tasks"] - m["fair"]
            tip = (
                f"{m['title']}: {m['score']:.3f} on {m['tasks']} tasks"
                + f", has read answers of {read}" * bool(read)
            )
            look = f"{at(m['score'])};background:{m['color']}" + ";opacity:.35" * bool(read)
            marks.append(f'<i class="{m["family"]}" style="{look}" title="{escape(tip)}"></i>')
    if g["all_low"] == g["all_low"]:
        width = 100 * (g["all_high"] - g["all_low"]) / (1 - low)
        marks.append(f'<u style="{at(g["all_low"])};width:{width:.2f}%"></u>')
    marks.append(
        f'<i class="mine" style="{at(g["all_genes"])}" title="{escape(name)}: {g["all_genes"]:.3f}"></i>'
    )
    best = g["best_shortcut"]
    beside = (
        f"best shortcut {escape(best['title'])} {_number(best['score'])}"
        if best
        else "no fair shortcut"
    )
    between = f" ({_between(g['low'], g['high'])})" if g["low"] == g["low"] else ""
    scored = f"<b>{_number(g['score'])}</b>{between}"
    if g["coverage"] < 0.9995:
        scored += f" on its own genes; <b>{_number(g['all_genes'])}</b> on all (coverage {g['coverage']:.0%})"
    return (
        f'<div class="group"><h3>{escape(g["group"].capitalize())}, {g["metric"]}, {g["tasks"]:,} '
        f"task{'s' * (g['tasks'] != 1)}</h3><div>{scored}; {beside}</div>"
        f'<div class="strip">{"".join(marks)}</div>'
        f'<div class="scale"><span>{_number(low, digits=2)}</span><span>1</span></div></div>'
    )


_STANDS = {
    "above": "better",
    "level": "not to be told apart",
    "below": "worse",
    "open": "too few tasks",
}


def _narrow(coverage: float) -> str:
    """Why a model that covers few genes is near chance on all of them."""
    return f' <span class="soft">(covers {coverage:.0%})</span>' if coverage < 0.9 else ""


def _table(told: dict) -> str:
    mine = "<b>" + escape(told["name"]) + "</b>"
    rows = [
        [
            _chip(r["color"], r["family"]) + escape(r["title"]) + _narrow(r["coverage"]),
            f"{r['tasks']:,}",
            _number(r["score_other"]),
            _number(r["score"]),
            _number(r["difference"], True),
            _between(r["low"], r["high"], True),
            f"{r['win']:,} / {r['tie']:,} / {r['loss']:,}",
            f'<span class="{({"above": "no", "below": "yes"}).get(r["stands"], "tie")}">{_STANDS[r["stands"]]}</span>',
        ]
        for r in told["rivals"]
    ]
    head = [
        "model",
        "tasks",
        "it",
        "yours",
        "yours − it",
        "95 % interval",
        "wins / ties / losses",
        "it is",
    ]
    return (
        "<h2>Tier</h2>"
        f"<p>{escape(told['tier']['sentence'])}</p>{_rows(head, rows, {1, 2, 3, 4, 5, 6})}"
        f'<p class="soft">“Yours” is {mine} on the tasks shared with that model. Only classification tasks of which '
        "the model has not read the answers; on all genes; the interval is a paired bootstrap over tasks. Tasks share "
        "genes, so true intervals are wider. A win or loss on a task is a paired interval over its folds that leaves "
        "out 0.</p>"
    )


def _excess(told: dict) -> str:
    excess = told["excess"]
    if not excess["tasks"]:
        return f"<h2>Over the best shortcut</h2><p>{escape(excess['sentence'])}</p>"
    order = {g: i for i, g in enumerate(GROUPS)}
    rows = [
        [
            escape(g["group"]),
            f"{g['tasks']:,}",
            _number(g["excess"], True),
            _between(g["low"], g["high"], True),
        ]
        for g in sorted(excess["by_group"], key=lambda g: order[g["group"]])
    ]
    return f"<h2>Over the best shortcut</h2><p>{escape(excess['sentence'])}</p>" + _rows(
        ["group", "tasks", "excess (AUROC)", "95 % interval"], rows, {1, 2, 3}
    )


def _wins(told: dict) -> str:
    count = told["counts"]
    out = [
        "<h2>Wins and losses</h2>",
        f"<p>Against the best fair model or shortcut of the table on each task: {count['win']:,} wins, "
        f"{count['tie']:,} ties, {count['loss']:,} losses. All are in <code>card.json</code>, under “tasks”.</p>",
    ]
    for title, key in (("Largest wins", "wins"), ("Largest losses", "losses")):
        rows = [
            [
                escape(t["task"]),
                t["metric"].split("_")[0],
                _number(t["score_all_genes"]),
                escape(t["rival_title"]),
                _number(t["rival_score"]),
                _number(t["difference"], True),
                _between(t["low"], t["high"], True),
            ]
            for t in told[key]
        ]
        head = [
            "task",
            "metric",
            "yours",
            "best of the table",
            "its score",
            "difference",
            "95 % interval",
        ]
        shown = _rows(head, rows, {2, 4, 5, 6}) if rows else "<p>None that the folds can show.</p>"
        out.append(f"<h3>{title}</h3>{shown}")
    return "".join(out)


def _leaks(told: dict) -> str:
    rows = [
        [
            escape(f["check"]),
            f'<span class="level {f["level"]}">{LEVELS[f["level"]]}</span>',
            escape(f["sentence"]),
        ]
        for f in told["leaks"]
    ]
    return (
        "<h2>Leak check</h2>"
        '<p class="soft">What could give a good score without an understanding of genes. A flag: do not take the '
        "scores at their word. A note: know it when you read them.</p>"
        + _rows(["check", "found", "what it means"], rows, text=True)
    )


def _lost(told: dict) -> str:
    ids = told["ids"]
    rows = []
    for s in ids["statuses"]:
        plain = s["status"] in ("approved", "used", "hgnc", "ensembl", "entrez", "uniprot")
        word = '<span class="yes">used</span>' if s["used"] else '<span class="no">lost</span>'
        shown = s["examples"][:3] if plain else s["examples"]
        rows.append([escape(s["meaning"]), f"{s['ids']:,}", word, escape(", ".join(shown))])
    told_so = "".join(f"<p>{escape(s[:1].upper() + s[1:])}</p>" for s in ids["sentences"])
    return f"<h2>What became of the ids</h2>{told_so}" + _rows(
        ["the id is", "ids", "", "first ones"], rows, text=True
    )


def _checks(told: dict) -> str:
    rows = [
        [
            escape(c["check"]),
            f'<span class="{"yes" if c["fine"] else "note"}">{"fine" if c["fine"] else "look"}</span>',
            escape(c["sentence"]),
        ]
        for c in told["checks"]
    ]
    return "<h2>Checks of the values</h2>" + _rows(["check", "", "found"], rows, text=True)


def _how(told: dict) -> str:
    skipped = told["skipped"]
    listed = ""
    if skipped:
        rows = [[escape(s["task"]), escape(s["reason"])] for s in skipped[:10]]
        listed = f"<p>{len(skipped):,} tasks were skipped (first ones):</p>" + _rows(
            ["task", "why"], rows, text=True
        )
    return (
        "<h2>How</h2><p>Each task is a linear probe on your vectors as they are, standardised inside each of the "
        "profile’s fixed folds; every model of the table was scored on the same folds. Regression tasks show "
        f"Spearman’s correlation, all others AUROC. Rows of every fold are in <code>scores.parquet</code>.</p>{listed}"
    )
