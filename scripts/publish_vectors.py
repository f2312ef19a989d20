"""Publish a folder of exported vectors as files of a release and as a deposit with a DOI.

    python scripts/publish_vectors.py vectors --tag v1           # say what it would do
    python scripts/publish_vectors.py vectors --tag v1 --really  # do it

Every file is compared with the SHA-256 of its card, and only what may be shared freely is taken.
Release: ``gh release create`` and ``upload``, the client of GitHub. Deposit: the interface of
Zenodo, with a token in ``ZENODO_TOKEN``; it stays a draft, which a person looks at and publishes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import yaml

from genebench.core import cache
from genebench.core.errors import BadInput

ZENODO = "https://zenodo.org/api/deposit/depositions"
ROOT = Path(__file__).parents[1]


def collect(folder: Path) -> list[tuple[Path, dict]]:
    """Find the exported files with their cards.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of (Path, dict)
        File, and what its card says.

    Raises
    ------
    BadInput
        None there, a file that is not the one of its card, or one that may not be shared.
    """
    out = []
    for path in sorted(folder.glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        file = folder / Path(card["file"]).name
        if not file.is_file() or cache.digest(file) != card["sha256"]:
            raise BadInput(f"{file}: not the file of {path.name}; export it again.")
        if card["share"] != "yes":
            raise BadInput(
                f"{file}: its licence is {card['licence']} (share: {card['share']}); take it out."
            )
        out.append((file, card))
    if not out:
        raise BadInput(f"{folder}: holds no card; run 'genebench vectors export' first.")
    return out


def metadata(files: list[tuple[Path, dict]], tag: str) -> dict:
    """Describe the deposit: title, authors of CITATION.cff, one line a model.

    Parameters
    ----------
    files : list of (Path, dict)
        Of ``collect``.
    tag : str

    Returns
    -------
    dict
    """
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    people = [
        {"name": a.get("name") or f"{a['family-names']}, {a['given-names']}"}
        for a in cited["authors"]
    ]
    lines = [
        f"<li>{card['title']}: {card['genes']:,} genes × {card['dimensions']}, {card['licence']}, "
        f"SHA-256 {card['sha256']}</li>"
        for _, card in files
    ]
    return {
        "title": f"Vectors of human genes ({tag})",
        "upload_type": "dataset",
        "description": f"<p>Gene vectors exported by genebench.</p><ul>{''.join(lines)}</ul>",
        "creators": people,
        "version": tag,
    }


def ask(method: str, url: str, token: str, content: bytes, kind: str) -> dict:
    """Send one request to Zenodo and read its answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    request = urllib.request.Request(url, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.loads(answer.read())


def deposit(files: list[tuple[Path, dict]], about: dict, token: str, send=ask) -> str:
    """Make a draft of a deposit.

    Parameters
    ----------
    files, about : list of (Path, dict), dict
        Of ``collect`` and ``metadata``.
    token : str
    send : callable
        ``ask``, or another in its place.

    Returns
    -------
    str
        Address of the draft.
    """
    content = json.dumps({"metadata": about}).encode()
    draft = send("POST", ZENODO, token, content, "application/json")
    for path in sorted({p for file, _ in files for p in (file, file.with_suffix(".json"))}):
        url = f"{draft['links']['bucket']}/{path.name}"
        send("PUT", url, token, path.read_bytes(), "application/octet-stream")
    return draft["links"]["html"]


def main(arguments: list[str]) -> int:
    """Say what would be published, and publish it where ``--really`` is given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tag", required=True, help="of the release, such as vectors-2026-11")
    parser.add_argument("--to", choices=("both", "release", "deposit"), default="both")
    parser.add_argument(
        "--really", action="store_true", help="publish; else only say what would be"
    )
    given = parser.parse_args(arguments)
    try:
        files = collect(given.folder)
    except BadInput as err:
        print(err, file=sys.stderr)
        return 2
    for file, card in files:
        size = file.stat().st_size / 1e6
        print(f"{file.name}: {card['genes']:,} × {card['dimensions']}, {size:.1f} MB, checked")
    paths = [str(p) for file, _ in files for p in (file, file.with_suffix(".json"))]
    about, notes = metadata(files, given.tag), "Gene vectors; a card beside each file."
    command = ["gh", "release", "create", given.tag, *paths, "--title", given.tag, "--notes", notes]
    if given.to in ("both", "release"):
        print(" ".join(command))
        if given.really:
            subprocess.run(command, check=True)
    if given.to in ("both", "deposit"):
        print(f"POST {ZENODO}: {json.dumps(about, ensure_ascii=False)[:400]} …")
        if given.really:
            print(deposit(files, about, os.environ["ZENODO_TOKEN"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
