"""A user's own gene sets as tasks, and profiles cut to another gene universe.

Both are profiles like any other, handed on as objects. What comes from a file is named by its
content: two files of one name never share results, and those of the profile that it stands beside
are never overwritten.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache, paths
from ..core.errors import BadInput, check, one_line
from ..core.specs import Declarations, FileSpec, ProfileSpec, SourceSpec, TaskSpec
from ..data import genes, readers
from ..data.genes import Resolver
from ..data.identifiers import MOUSE
from ..data.labels import slug
from ..stats import intervals
from . import plan as planning

SYMBOL = r"[A-Z][A-Z0-9-]{2,14}"
"""What symbols of human genes look like."""
NEGATIVES = {
    "universe": "all other genes of the profile",
    "file": "all other genes of the file",
}
"""Which genes are the negatives of a set -> in words."""

WITHOUT_HGNC = (
    "the table of HGNC is not at hand, so ids are taken as symbols just as they stand, and older "
    "names, other ids and spellings are lost; run 'genebench fetch hgnc', or name a folder that "
    "holds it in GENEBENCH_MIRROR."
)


@dataclass(frozen=True, eq=False)
class CustomTasks:
    """Gene sets of a file as a profile.

    Attributes
    ----------
    profile : ProfileSpec
    declared : Declarations
        With the source of the sets.
    messages : list of str
    sets : DataFrame
        One row per set: ``set``; ``listed`` ids, how many of them are ``lost`` (not known) or
        ``ambiguous``, and how many other genes are ``outside`` the genes of the profile;
        ``positives``, ``negatives``; ``smallest difference`` of two AUROCs that it can show;
        ``use``: yes, underpowered, or why not.
    """

    profile: ProfileSpec
    declared: Declarations
    messages: list[str]
    sets: pd.DataFrame


def cut_to(profile, universe):
    """Cut the tasks of a profile to another gene universe.

    Parameters
    ----------
    profile : ProfileSpec
    universe : {"all", "paper"}, optional

    Returns
    -------
    ProfileSpec, named after both; the profile itself if that is its universe
    """
    if universe in (None, profile.universe):
        return profile
    check(("all", "paper"), "universe", universe)
    name, title = f"{profile.name}-{universe}-genes", f"{profile.title}; tasks cut to: {universe}"
    changed = {"name": name, "title": title, "book": False, "universe": universe}
    return profile.model_copy(update=changed)


def from_gmt(gmt, profile, declared, *, negatives="universe"):
    """Make a profile whose tasks are the sets of a GMT file, with the models and splits of another.

    Parameters
    ----------
    gmt : Path
    profile : ProfileSpec
    declared : Declarations
    negatives : {"universe", "file"}
        ``universe``: all other genes of the profile; the genes of a set outside them are left out
        and counted, because their absence would give them away. For sets from an experiment that
        could have found any gene. ``file``: all genes of the file's other sets. For curated sets
        (pathways, disease genes), which hold well-studied genes only, so that against the universe
        a model can score by telling studied genes from others.

    Returns
    -------
    CustomTasks
    """
    check(NEGATIVES, "choice of negatives", negatives)
    listed = _read(gmt)
    resolver, messages = find_resolver(declared)
    messages += _oddities(listed, resolver)
    listed = listed.assign(symbol=listed.gene, status="approved")
    if resolver:
        ids = resolver.resolve(listed.gene)
        listed = listed.assign(symbol=ids.symbol, status=ids.status)
        messages.append(ids.sentence())
        if not (listed.symbol != "").any():
            why = ids.hints.get(ids.ids[0]) or ids.status[0]
            raise BadInput(
                f"{gmt}: none of its {len(listed)} ids is a known gene (first: "
                f"'{ids.ids[0][:60]}', {why}); give ids of human genes, one between two tabs."
            )
    names, entities = _negatives(profile, declared, negatives, listed.symbol, resolver)
    table, members = _sets(listed, names, entities, profile.min_per_class)
    if not members:
        raise BadInput(f"{gmt}: no set can become a task; '{table['set'][0]}': {table.use[0]}.")
    # a set of all genes: it makes no task, for nothing is outside, and brings genes of no set
    members.append(pd.DataFrame({"set": "universe", "name": "universe", "gene": entities}))
    made, source = _profile(gmt, profile, negatives, pd.concat(members, ignore_index=True))
    unusable = table[~table.use.isin(["yes", "underpowered"])]
    messages += [f"the set '{row.set}' is left out: {row.use}." for row in unusable.itertuples()]
    weak = table[table.use == "underpowered"]
    if len(weak):
        name, smallest = weak["set"].iloc[0], weak["smallest difference"].iloc[0]
        messages.append(
            f"{len(weak)} of {len(table)} sets cannot show a difference of "
            f"{intervals.UNDERPOWERED} AUROC between two models (80 % power; '{name}': "
            f"{smallest:.2f} at the least): read their scores with care, and add genes if you can."
        )
    return CustomTasks(made, declared.extended(sources=[source]), messages, table)


def _read(gmt: Path) -> pd.DataFrame:
    """Sets and ids of a user's file, each id once a set."""
    listed = readers.read_gmt(gmt, by_name=True)
    if listed.empty:
        raise BadInput(
            f"{gmt}: holds no gene set; write a line a set, with name, description and genes by "
            "tabs."
        )
    listed = listed.apply(lambda column: column.str.strip('"'))  # of a spreadsheet
    weight = listed.gene.str.extract(r"^(.+),-?[\d.]+(?:[eE]-?\d+)?$")[0]
    listed = listed.assign(weighted=weight.notna(), gene=weight.fillna(listed.gene))
    return listed.drop_duplicates(["set", "gene"], ignore_index=True)


def _oddities(listed: pd.DataFrame, resolver: Resolver | None) -> list[str]:
    """A sentence for each thing about a file that is likely not as its author meant it."""
    out = []
    if listed.weighted.any():
        out.append(
            f"{listed.weighted.sum():,} of {len(listed):,} genes carry a weight after a comma, "
            "which is not used: every gene of a set counts the same."
        )
    second = listed.drop_duplicates("set").name
    if resolver is None:  # without HGNC's table a gene is what looks like the genes of the file
        written = listed.gene.str.fullmatch(SYMBOL).mean() >= 0.5
        genes = second.str.fullmatch(SYMBOL) & (written and 2 * second.nunique() > len(second))
    else:
        named = resolver.resolve(second.unique(), kind="symbol")
        genes = second.isin(named.ids[named.status == "approved"])
    if genes.mean() >= 0.5:
        out.append(
            f"the second column names a gene in {genes.sum()} of {len(genes)} sets (first: "
            f"'{second[genes].iloc[0]}'): it is the description in GMT, and is not read as a gene; "
            "put a description, or 'na', between name and genes if it is one."
        )
    if resolver is None:
        return out
    known = resolver.resolve(listed.gene.unique())
    mouse = pd.Series(known.ids[known.status == "case"]).str.fullmatch(MOUSE).sum()
    if mouse >= 0.5 * len(known.ids):
        out.append(
            f"{mouse:,} of {len(known.ids):,} ids are written like symbols of the mouse and were "
            "matched by their letters, which is no orthology; map them to human orthologues."
        )
    return out


def find_resolver(declared):
    """Load the resolver of gene ids, or say what is lost without the table of HGNC.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    tuple of (Resolver or None, list of str)
    """
    try:
        return genes.resolver(declared.sources), []
    except BadInput:
        return None, [WITHOUT_HGNC]


def _negatives(
    profile: ProfileSpec, declared: Declarations, negatives: str, symbol, resolver: Resolver | None
) -> tuple[np.ndarray, np.ndarray]:
    """Approved symbols of the genes of all tasks, and the names of these in the tasks, (n,)."""
    if negatives == "file":
        names = np.unique(symbol[symbol != ""])
        return names, names
    entities = planning.make(profile, declared=declared).universe
    if resolver is None:
        return entities, entities
    resolved = resolver.resolve(entities, kind="symbol")
    once = resolved.status != "duplicate"
    names = np.where(resolved.symbol == "", resolved.ids, resolved.symbol)
    return names[once], entities[once]


def _sets(
    listed: pd.DataFrame, names: np.ndarray, entities: np.ndarray, least: int
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """``CustomTasks.sets``, and the members (``set, name, gene``) of each usable one."""
    at = dict(zip(names.tolist(), entities.tolist()))
    rows, parts = [], []
    for number, (name, part) in enumerate(listed.groupby("set", sort=False), start=1):
        known = set(part.symbol) - {""}
        inside = sorted(at[s] for s in known if s in at)
        yes, no = len(inside), len(entities) - len(inside)
        lost = part.status[part.symbol == ""]
        smallest, few = np.nan, f"{yes} of its {len(part)} ids are among these genes"
        if yes >= least:
            few = f"{no} genes are left outside"
        use = f"{few}, and {least} are needed"
        if min(yes, no) >= least:
            smallest = intervals.smallest_difference(yes, no)
            use = "underpowered" if smallest > intervals.UNDERPOWERED else "yes"
            id = slug(f"{name}-s{number}")
            parts.append(pd.DataFrame({"set": id, "name": name, "gene": inside}))
        counts = len(part), (lost != "ambiguous").sum(), (lost == "ambiguous").sum()
        rows.append((name, *counts, len(known) - yes, yes, no, smallest, use))
    columns = "set listed lost ambiguous outside positives negatives".split()
    return pd.DataFrame(rows, columns=[*columns, "smallest difference", "use"]), parts


def _profile(
    gmt: Path, base: ProfileSpec, negatives: str, members: pd.DataFrame
) -> tuple[ProfileSpec, SourceSpec]:
    """Write the members to the cache, and declare the source and profile that read them."""
    digest, called = cache.digest(gmt), one_line(gmt.name).replace("{", "(").replace("}", ")")
    name = f"gmt-{slug(gmt.name.split('.')[0]) or 'sets'}-{digest[:16]}-{base.name}"
    name += "-file" * (negatives == "file")
    path = paths.DOWNLOADS / "own" / f"{name}.tsv"
    with cache.atomic(path) as temporary:
        members.to_csv(temporary, sep="\t", index=False)
    columns = {"file": "members", "set_column": "set", "gene_column": "gene"}
    task = TaskSpec(
        name=name,
        title=f"Sets of {called}",
        description=f'Is the gene in the set "{{name}}" of {called}? Negatives: '
        f"{NEGATIVES[negatives]}.",
        group="biological processes",
        kind="binary",
        builder="sets",
        options={"members": columns, "names": "name", "min_genes": base.min_per_class},
    )
    file = FileSpec(
        format="tsv", path=f"own/{path.name}", sha256=cache.digest(path), how="give --gmt"
    )
    source = SourceSpec(
        id=name,
        title=f"Own gene sets: {called}",
        release=f"sha256 {digest[:12]}",
        licence="the user's own file",
        files={"members": file},
        tasks=[task],
        **dict.fromkeys(("homepage", "attribution", "citation"), ""),
    )
    title = f"{called} beside the models of {base.name}"
    changed = {"name": name, "title": title, "sources": [name], "book": False, "term_stride": 1}
    return base.model_copy(update=changed), source
