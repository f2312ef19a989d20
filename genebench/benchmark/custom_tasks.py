"""A user's own gene sets as tasks, and another gene universe, as a profile of its own beside the declared ones.

The profile is written to the cache, so that worker processes and later calls know it by its name like any other, and
its results have their own folder: those of the profile that it was made from are never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache, paths, specs
from ..core.errors import BadInput, unknown
from ..core.specs import FileSpec, OwnSpec, ProfileSpec, SourceSpec, TaskSpec
from ..data import genes, readers
from ..data.genes import Resolution, Resolver
from ..data.labels import slug
from ..stats import intervals
from . import plan

NEGATIVES = {
    "universe": "all other genes of the profile",
    "file": "all other genes of the file",
}
"""What a set is told from → in words."""

WITHOUT_HGNC = (
    "the table of HGNC is not at hand, so ids are taken as symbols just as they stand, and older names, other ids and "
    "spellings are lost; run 'genebench fetch hgnc', or name a folder that holds it in GENEBENCH_MIRROR."
)


@dataclass(frozen=True, eq=False)
class Declared:
    """A profile made by ``declare``: its name, what there is to say about it, and its sets."""

    profile: str
    told: list[str]
    sets: pd.DataFrame
    """One row per set of the file (none without a file): ``set``; ``listed`` ids, how many of them are ``lost`` (not
    known) or ``ambiguous``, and how many other genes are ``outside`` the genes of the profile; ``positives``,
    ``negatives``; ``smallest difference`` of two AUROCs that it can show; ``use``: yes, underpowered, or why not."""


def declare(
    profile: str,
    *,
    gmt: Path | None = None,
    negatives: str = "universe",
    universe: str | None = None,
) -> Declared:
    """Make (and note in the cache) a profile from another: its models and splits on a GMT file's sets, or its tasks on
    another universe, or both. Without ``gmt`` and with the profile's own universe it is the profile itself.

    ``negatives``: what a set is told from. ``universe`` (default): all other genes of the profile; the set's genes
    outside them are left out and counted, because their absence would give them away. This is the question for sets
    from an experiment that could have found any gene. ``file``: all genes of the file's other sets; for curated sets
    (pathways, disease genes), which hold well-studied genes only, so that against the universe a model can score by
    telling studied genes from others. The shortcuts beside the models show how much of a score that is.

    Raises: BadInput: unknown name, or a file that cannot be used, or of which no set can become a task.
    """
    base = specs.profile(profile)
    if universe not in (None, "all", "paper"):
        raise unknown("universe", universe, ("all", "paper"))
    if universe not in (None, base.universe):
        base = base.model_copy(
            update={"name": f"{base.name}-{universe}-genes", "universe": universe, "book": False}
        )
        base = base.model_copy(update={"title": f"{base.title}; tasks cut to: {universe}"})
        note(OwnSpec(profile=base, sources=sources_of(profile)))
    if gmt is None:
        return Declared(base.name, [], pd.DataFrame())
    if negatives not in NEGATIVES:
        raise unknown("choice of negatives", negatives, NEGATIVES)
    listed = _read(gmt)
    resolver, told = resolver_at_hand()
    found = resolver.resolve(listed.gene) if resolver else None
    symbol = found.symbol if resolver else listed.gene.to_numpy(str)
    told.append(
        found.sentence() if resolver else f"{len(set(symbol)):,} distinct ids, taken as symbols."
    )
    if not (symbol != "").any():
        raise BadInput(
            f"{gmt}: none of its {len(symbol)} ids is a known gene (first: {_first_lost(found)}); give ids "
            f"of human genes, one between two tabs."
        )
    names, entities = _against(base.name, negatives, symbol, resolver)
    listed = listed.assign(symbol=symbol, status=found.status if found is not None else "approved")
    table, members = _sets(listed, names, entities, base.min_per_class)
    if not len(members):
        raise BadInput(f"{gmt}: no set can become a task; '{table['set'][0]}': {table.use[0]}.")
    _warn(table, told)
    name = "-".join(
        [
            "gmt",
            slug(gmt.name.split(".")[0]) or "sets",
            base.name,
            *(["file"] * (negatives == "file")),
        ]
    )
    # a set of all genes: it makes no task, for nothing is outside, and brings the genes of no other set
    everything = pd.DataFrame({"set": "universe", "name": "universe", "gene": entities})
    _declare_sets(name, base, gmt, negatives, pd.concat([members, everything], ignore_index=True))
    return Declared(name, told, table)


def sources_of(profile: str) -> list[SourceSpec]:
    """The sources that a command made for a profile, and that a profile made from it needs too."""
    held = specs.own(profile)
    return held.sources if held else []


def _read(gmt: Path) -> pd.DataFrame:
    """Sets and ids of a user's file, each id once a set."""
    try:
        listed = readers.read_gmt(gmt, by_name=True)
    except FileNotFoundError:
        raise BadInput(
            f"{gmt}: no such file; give a GMT file: a line a set, with name, description and genes by tabs."
        )
    except UnicodeDecodeError as err:
        raise BadInput(
            f"{gmt}: not UTF-8 text ({err.reason} at byte {err.start}); unpack it, or save it as UTF-8."
        )
    except OSError as err:
        raise BadInput(f"{gmt}: cannot be read ({err.strerror}); give a GMT file.")
    if listed.empty:
        raise BadInput(
            f"{gmt}: holds no gene set; write a line a set, with name, description and genes by tabs."
        )
    return listed.drop_duplicates(["set", "gene"], ignore_index=True)


def resolver_at_hand() -> tuple[Resolver | None, list[str]]:
    """The resolver of gene ids, or None and the sentence that says what is lost without it."""
    try:
        return genes.resolver(specs.sources()), []
    except BadInput:
        return None, [WITHOUT_HGNC]


def _first_lost(found: Resolution | None) -> str:
    if found is None:
        return "all are empty"
    hint = found.hints.get(found.ids[0]) or found.status[0]
    return f"'{found.ids[0]}', {hint}"


def _against(
    profile: str, negatives: str, symbol: np.ndarray, resolver: Resolver | None
) -> tuple[np.ndarray, np.ndarray]:
    """Approved symbols of the genes of all tasks, and the names that the tasks use for them, sorted by name, (n,)."""
    if negatives == "file":
        names = np.unique(symbol[symbol != ""])
        return names, names
    entities = plan.context(profile).universe
    if resolver is None:
        return entities, entities
    found = resolver.resolve(entities, kind="symbol")
    once = found.status != "duplicate"
    return np.where(found.symbol == "", found.ids, found.symbol)[once], entities[once]


def _sets(
    listed: pd.DataFrame, names: np.ndarray, entities: np.ndarray, least: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``Declared.sets``, and the members (columns ``set, name, gene``) of the sets that can be used."""
    at = dict(zip(names.tolist(), entities.tolist()))
    rows, parts = [], []
    for number, (name, part) in enumerate(listed.groupby("set", sort=False), start=1):
        known = set(part.symbol) - {""}
        inside = sorted(at[s] for s in known if s in at)
        yes, no = len(inside), len(entities) - len(inside)
        lost = part.symbol == ""
        row = {
            "set": name,
            "listed": len(part),
            "lost": int((lost & (part.status != "ambiguous")).sum()),
            "ambiguous": int((lost & (part.status == "ambiguous")).sum()),
            "outside": len(known) - yes,
            "positives": yes,
            "negatives": no,
            "smallest difference": np.nan,
        }
        if min(yes, no) < least:
            few = (
                f"{yes} of its {len(part)} ids are among these genes"
                if yes < least
                else f"{no} genes are left outside"
            )
            rows.append({**row, "use": f"{few}, and {least} are needed"})
            continue
        smallest = intervals.smallest_difference(yes, no)
        rows.append(
            {
                **row,
                "smallest difference": smallest,
                "use": "underpowered" if smallest > intervals.UNDERPOWERED else "yes",
            }
        )
        parts.append(pd.DataFrame({"set": slug(f"{name}-s{number}"), "name": name, "gene": inside}))
    empty = pd.DataFrame(columns=["set", "name", "gene"])
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True) if parts else empty


def _warn(table: pd.DataFrame, told: list[str]) -> None:
    """Add a sentence for each set that is left out, and one for those that can show little."""
    for row in table[~table.use.isin(["yes", "underpowered"])].itertuples():
        told.append(f"the set '{row.set}' is left out: {row.use}.")
    weak = table[table.use == "underpowered"]
    if len(weak):
        told.append(
            f"{len(weak)} of {len(table)} sets cannot show a difference of {intervals.UNDERPOWERED} AUROC between two "
            f"models (80 % power; '{weak['set'].iloc[0]}': {weak['smallest difference'].iloc[0]:.2f} at the least): "
            "read their scores with care, and add genes if you can."
        )


def _declare_sets(
    name: str, base: ProfileSpec, gmt: Path, negatives: str, members: pd.DataFrame
) -> None:
    """Write members and declaration of a profile whose only source is a user's file."""
    kept = paths.DOWNLOADS / "own" / f"{name}.tsv"
    with cache.atomic(kept) as temporary:
        members.to_csv(temporary, sep="\t", index=False)
    called = gmt.name.replace("{", "(").replace("}", ")")
    source = SourceSpec(
        id=name,
        title=f"Own gene sets: {called}",
        homepage="",
        release=f"sha256 {cache.digest(gmt)[:12]}",
        licence="the user's own file",
        attribution="",
        citation="",
        files={
            "members": FileSpec(
                format="tsv", path=f"own/{kept.name}", sha256=cache.digest(kept), how="give --gmt"
            )
        },
        tasks=[
            TaskSpec(
                name=name,
                title=f"Sets of {called}",
                description=f'Is the gene in the set "{{name}}" of {called}? Negatives: {NEGATIVES[negatives]}.',
                group="biological processes",
                kind="binary",
                shape="sets",
                options={
                    "members": {"file": "members", "set_column": "set", "gene_column": "gene"},
                    "names": "name",
                    "min_genes": base.min_per_class,
                },
            )
        ],
    )
    changed = {
        "name": name,
        "title": f"{called} beside the models of {base.name}",
        "sources": [name],
        "book": False,
    }
    note(OwnSpec(profile=base.model_copy(update={**changed, "term_stride": 1}), sources=[source]))


def note(made: OwnSpec) -> None:
    """Write a declaration where every process finds it by the profile's name."""
    if made.profile.name in specs.profiles():
        raise BadInput(
            f"{paths.PROFILES}: declares a profile '{made.profile.name}'; rename your file, or that profile."
        )
    cache.write_json(paths.OWN / f"{made.profile.name}.json", made.model_dump(mode="json"))
