"""Files of a data set that lies in a folder: what is there, and where a name leads."""

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from emolab.data.csv_file import read_columns
from emolab.data.image import why_unreadable
from emolab.data.records import EXCLUDED, QUARANTINED, USABLE, Reading, Record
from emolab.errors import DataError

OUTSIDE = "leaves the folder of the data set: copy the file here"
LINKED = "a link to a folder, which isn't entered: move or copy the folder here"
PATH_COLUMN, PERSON_COLUMN = "image_path", "person"


def require_folder(root: Path) -> None:
    """Check that `root` is a folder.

    Raises:
        DataError: if it isn't.
    """
    if not root.is_dir():
        raise DataError(f"data.root={root}: no such folder; give the folder that holds the photographs")


def misplaced(root: Path, name: str) -> Record:
    """Return the record of what lies in no folder of a class, such as a link to a whole folder."""
    linked = (root / name).is_dir()
    return Record(name, status=EXCLUDED, reason=LINKED if linked else "lies in no folder of a class")


def photograph(root: Path, name: str, label: str, split: str = "") -> Record:
    r"""Return the record of the file `name` (relative to `root`), quarantined if it leads out of `root` or nowhere.

    Where there is no such file, a "\" stands for "/", as in tables from Windows, and an accented letter for the same
    one in Unicode's other form, as in the names of files from a Mac.
    """
    if not name or "\0" in name:
        return Record(name.replace("\0", "?"), label, split, status=QUARANTINED, reason="no usable file name")
    spellings = _spellings(name)
    source = next((other for other in spellings[1:] if _is_there_instead(root, other, spellings[0])), spellings[0])
    path = root / source
    try:
        found = _unfollowed(path)
    except OSError as error:  # such as a name longer than a file may have
        return Record(name[:200], label, split, status=QUARANTINED, reason=f"no usable file name: {error.strerror}")
    linked = found is not None and stat.S_ISLNK(found.st_mode)
    if not _is_inside(root, path, source, linked):
        return Record(name, label, split, status=QUARANTINED, reason=OUTSIDE)
    try:
        found = path.stat() if found is None or linked else found
    except OSError as error:
        return Record(source, label, split, status=QUARANTINED, reason=why_unreadable(error))
    return Record(source, label, split, path=path, stamp=(found.st_size, found.st_mtime_ns))


def _spellings(name: str) -> list[str]:
    r"""Return the name as records have it, then how else the file may be called: "/" for "\", Unicode's forms."""
    translated = os.path.normpath(name.replace("\\", "/"))
    names = [os.path.normpath(name).replace(os.sep, "/"), translated]
    return list(dict.fromkeys([*names, *(unicodedata.normalize(form, translated) for form in ("NFC", "NFD"))]))


def _is_there_instead(root: Path, name: str, first: str) -> bool:
    return os.path.lexists(root / name) and not os.path.lexists(root / first)


def with_people(reading: Reading, root: Path, table: str | None) -> Reading:
    """Return the reading with who is in each photograph, as the CSV `table` (`image_path,person`) in `root` says.

    A photograph that the table doesn't name keeps an empty person, which is warned of, as are rows that name none.

    Raises:
        DataError: if the table can't be read, names none of the photographs, or two people for one.
    """
    if table is None:
        return reading
    sources = {record.source for record in reading.records}
    people: dict[str, str] = {}
    for name, person in read_columns(root / table, (PATH_COLUMN, PERSON_COLUMN)):
        if name and person:
            source = _known_name(name, sources)
            if people.setdefault(source, person) != person:
                raise DataError(f"{root / table} says that {source} shows {people[source]} and {person}; name one")
    if people.keys().isdisjoint(sources):
        examples = ", ".join(list(people)[:2])
        raise DataError(f"{root / table} names none of the photographs; it has {examples or 'no rows'}")
    records = [replace(record, person=people.get(record.source, "")) for record in reading.records]
    return replace(reading, records=records, warnings=(*reading.warnings, *_people_warnings(people, records, table)))


def _known_name(name: str, sources: Collection[str]) -> str:
    """Return the name as prepare has it, in whichever spelling that is known."""
    spellings = _spellings(name)
    return next((spelling for spelling in spellings if spelling in sources), spellings[0])


def _people_warnings(people: Mapping[str, str], records: Sequence[Record], table: str) -> Iterator[str]:
    sources = {record.source: record.status for record in records}
    unknown = [name for name in people if name not in sources]
    nameless = [name for name, status in sources.items() if status == USABLE and name not in people]
    if unknown:
        yield f"{len(unknown)} names in {table} are no photographs of this data set, such as {unknown[0]}"
    if nameless:
        yield (
            f"{table} doesn't say who is in {len(nameless)} photographs, such as {nameless[0]}: "
            "the same person may be in several splits"
        )


def identity_of(kind: str, reading: Reading) -> str:
    """Return a digest of the classes, every record with the size and time of its file, and the warnings."""
    digest = hashlib.sha256(repr((kind, reading.classes)).encode())
    for record in sorted(reading.records, key=lambda record: (record.source, record.label)):
        said = (record.source, record.label, record.split, record.person, record.status, record.reason)
        digest.update(repr((*said, record.stamp)).encode())
    digest.update("".join(reading.warnings).encode("utf-8", "surrogateescape"))
    return f"{kind} {digest.hexdigest()}"


def _unfollowed(path: Path) -> os.stat_result | None:
    """Return what lies there, of a link the link itself; None where nothing does: `Path.stat` says why."""
    try:
        return path.lstat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def _is_inside(root: Path, path: Path, source: str, linked: bool) -> bool:
    if os.path.isabs(source) or source == ".." or source.startswith("../"):
        return False
    if linked:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    return _is_within(os.path.dirname(path), str(root))


@lru_cache(maxsize=4096)  # resolving the folder of each of a million photographs anew would take minutes
def _is_within(folder: str, root: str) -> bool:
    return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root))
