"""The readings in memory, kept in step with the catalog: whatever was committed, by whatever process, is found."""

from __future__ import annotations

import threading
from pathlib import Path

from textsearch.alphabet import Alphabet
from textsearch.errors import IndexWriteError
from textsearch.index.catalog import Catalog
from textsearch.index.derived import Stamp, remove_leftovers
from textsearch.index.readings import Readings
from textsearch.index.readings_file import READINGS, load_readings, save_readings, stamp_of_readings
from textsearch.index.snapshot import Snapshot

_Held = tuple[Readings, Stamp]


class ReadingsMirror:
    """Loads or makes the readings when they are first needed and brings them up to date before each use. Thread-safe.

    Args:
        catalog: what they are derived from.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._alphabet: Alphabet | None = None
        self._saved: Stamp | None = None

    @property
    def path(self) -> Path:
        """Return the file in which the readings are kept."""
        return self._catalog.location / READINGS

    def current(self, alphabet: Alphabet) -> Readings:
        """Return the readings of the newest committed state."""
        with self._lock:
            return self._current(alphabet)[0]

    def save(self, alphabet: Alphabet) -> None:
        """Write the file if the catalog changed since it was written or read.

        Raises:
            IndexWriteError: it cannot be written.
        """
        with self._lock:
            readings, stamp = self._current(alphabet)
            if stamp != self._saved:
                self._write(readings, stamp, alphabet)

    def _current(self, alphabet: Alphabet) -> _Held:
        held = self._held if alphabet is self._alphabet else None
        if held is not None and held[1].generation == self._catalog.generation():
            return held
        loaded = None
        with self._catalog.snapshot() as snapshot:
            held = self._follow(held, snapshot, alphabet)
            if held is None:
                loaded = load_readings(self.path, alphabet.checksum)
                held = self._follow(loaded, snapshot, alphabet)
            if held is None:
                empty = Readings.empty(), Stamp(self._catalog.identity, snapshot.generation, 0)
                held = _grown(empty, snapshot, alphabet)
                self._keep(held, alphabet)
            elif loaded is not None:
                self._saved = loaded[1]
        self._held, self._alphabet = held, alphabet
        return held

    def _follow(self, held: _Held | None, snapshot: Snapshot, alphabet: Alphabet) -> _Held | None:
        """Bring readings from their state to the snapshot's; return None if that is not possible."""
        if held is None or held[1].identity != self._catalog.identity or held[1].generation > snapshot.generation:
            return None
        readings, stamp = held
        grown = _grown((readings.without(snapshot.removed_after(stamp.generation)), stamp), snapshot, alphabet)
        # Too many are there if removals were forgotten.
        return grown if len(grown[0]) == snapshot.count else None

    def _keep(self, held: _Held, alphabet: Alphabet) -> None:
        """Save what was made anew for the next process, where the folder can be written."""
        try:
            self._write(*held, alphabet)
        except IndexWriteError:
            return

    def _write(self, readings: Readings, stamp: Stamp, alphabet: Alphabet) -> None:
        remove_leftovers(self.path)
        # A power cut must not leave a file that knows more than the catalog.
        self._catalog.make_durable()
        save_readings(self.path, readings, stamp, alphabet.checksum)
        self._saved = stamp


def remove_if_ahead(catalog: Catalog) -> None:
    """Remove a file of readings that is of a state which the catalog lost in a power cut.

    The next transactions take the numbers of the lost ones, and the file would be taken for theirs. The caller holds
    the write lock and has written nothing yet.

    Raises:
        IndexWriteError: it cannot be removed.
    """
    path = catalog.location / READINGS
    stamp = stamp_of_readings(path)
    if stamp is None or stamp.generation <= catalog.generation():
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise IndexWriteError(f"{path} is outdated and cannot be removed ({error.strerror}); remove it") from error


def _grown(held: _Held, snapshot: Snapshot, alphabet: Alphabet) -> _Held:
    """Add all regions above the highest known id."""
    readings, stamp = held
    parts, highest = [readings], stamp.highest_id
    for rows in snapshot.readings_after(highest):
        parts.append(Readings.of(rows, alphabet))
        highest = max(highest, *(row[0] for row in rows))
    return Readings.joined(parts), Stamp(stamp.identity, snapshot.generation, highest)
