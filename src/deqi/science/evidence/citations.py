"""Citations of trials and reviews as BibTeX and RIS, from what the pages read showed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deqi.science.evidence.schema import Trial
from deqi.science.evidence.shelf import Review

Record = Trial | Review


def _note(record: Record) -> str:
    depth = {
        "full_text": "read in full",
        "abstract": "read as an abstract",
        "secondary": "read at second hand",
        "record_only": "only the record was seen",
    }[record.read]
    return f"Deqi record {record.id}; {depth}"


def _title(record: Record) -> str:
    citation = record.citation if isinstance(record, Review) else None
    return record.title or citation or record.id


def people(authors: str | None) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Authors as (family name, initials), and whether the page read stood for more ("et al.").

    A group has no initials. Example: people("Zhang C, Ma YX et al.") -> ((("Zhang", "C"), ("Ma", "YX")), True)
    """
    bare = re.sub(r"\s*\([^)]*\)", "", authors or "")
    first = re.sub(r",?\s*\bet al\b\.?", "", bare)
    parts = [part.strip() for part in re.split(r"[,;]| and ", first) if part.strip()]
    told = [re.fullmatch(r"(.+) ([A-Z]{1,3})", part) for part in parts]
    names = tuple((m[1], m[2]) if m else (part, "") for m, part in zip(told, parts, strict=True))
    return names, first != bare


def _bib_authors(authors: str | None) -> str:
    """ "Ma, Y. X. and {ACUDIN group} and others": a name of several words without initials is one name."""
    names, more = people(authors)
    said = [
        f"{family}, {'. '.join(initials)}." if initials else f"{{{family}}}" if " " in family else family
        for family, initials in names
    ]
    return " and ".join([*said, *(["others"] if more and said else [])])


def _braced(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def bibtex(records: Iterable[Record]) -> str:
    """BibTeX entries, one a record. Fields that the page did not show are left out."""
    entries = []
    for r in records:
        fields = {
            "author": _bib_authors(r.authors), "title": _title(r), "journal": r.journal or "", "year": str(r.year or ""), "doi": r.doi or "",
            "pmid": r.pmid or "", "url": "" if r.doi else r.source_url, "note": _note(r),
        }  # fmt: skip
        body = ",\n".join(
            f"  {key} = {{{value if key in ('author', 'doi', 'url') else _braced(value)}}}"
            for key, value in fields.items()
            if value
        )
        entries.append(f"@article{{{r.id},\n{body}\n}}")
    return "\n\n".join(entries) + "\n" if entries else ""


def ris(records: Iterable[Record]) -> str:
    """RIS entries, one a record, lines ended as the format asks (CR LF)."""
    lines: list[str] = []
    for r in records:
        lines.append("TY  - JOUR")
        for family, initials in people(r.authors)[0]:
            lines.append(f"AU  - {family},{'.'.join(initials)}." if initials else f"AU  - {family}")
        lines.append(f"TI  - {_title(r)}")
        for tag, value in (("JO", r.journal), ("PY", r.year), ("DO", r.doi), ("AN", r.pmid)):
            if value:
                lines.append(f"{tag}  - {value}")
        lines += [f"UR  - {r.source_url}", f"ID  - {r.id}", f"N1  - {_note(r)}", "ER  - ", ""]
    return "\r\n".join(lines)
