"""The record that a run leaves: a folder that explains itself (README.md says what lies in it)."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from emolab import files
from emolab.errors import RunError
from emolab.plain import plain
from emolab.runs import checkpoints, environment, journal, layout, schema
from emolab.runs.writer import is_dead, this_process

_LOCK = ".lock"


class RunRecord:
    """One run folder.

    `create` and `resume` own the folder until `finish` or `close` (or the end of the process, however it
    comes): only the owner writes, so that two trainings can't share a folder. `open` reads.

    Attributes:
        folder: `runs/<name>/<id>`.
        facts: `run.json`, checked, with the default of each field that it hasn't yet; renewed by whatever changes it.

    Example:
        record = RunRecord.create(Path("runs"), "vgg19", fields, config=text)
        record.append_metrics(0, {"loss": 1.9})
        record.save_checkpoint("best", model.save_weights, tag=0)
        record.finish("finished")
    """

    def __init__(self, folder: Path, saved: dict[str, Any], lock: FileLock | None = None) -> None:
        self.folder = folder
        self._hold(saved)
        self._lock = lock

    @classmethod
    def create(cls, root: Path, name: str, fields: Mapping[str, Any], config: str = "") -> "RunRecord":
        """Begin the run folder `root/name/<new id>` with status "running".

        Args:
            root: folder of all runs (`paths.runs`).
            name: what the run is called; may be shared by many.
            fields: at least those of `layout.REQUIRED`, as `emolab.runs.schema` has them.
            config: the resolved configuration as YAML.

        Raises:
            RunError: if the name can't be used or the folder can't be written.
            ValueError: if a field is missing.
        """
        missing = [field for field in layout.REQUIRED if field not in fields]
        if missing:
            raise ValueError(f"a run can't be recorded without {', '.join(missing)}; got {', '.join(fields)}")
        layout.check_name(name)
        facts = _first_facts(name, fields)  # takes a moment, in which a kill should leave no folder behind
        folder = layout.new_folder(Path(root) / name)
        record = cls(folder, {"id": folder.name, **facts}, _own(folder))
        with layout.clear_write_errors(folder):
            files.write_text(folder / layout.CONFIG, config)
            record._write()
        return record

    @classmethod
    def open(cls, folder: Path) -> "RunRecord":
        """Read the run in `folder`.

        Raises:
            RunError: if it isn't a run folder, it is damaged, or a link leads out of it.
        """
        path = Path(folder) / layout.FACTS
        layout.check_links(Path(folder))
        try:
            saved = plain(files.read_json(path))
        except FileNotFoundError:
            raise RunError(f"{folder} is not a run folder: it has no {layout.FACTS}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path} can't be read: {error}") from error
        return cls(Path(folder), saved)

    @classmethod
    def resume(cls, folder: Path) -> "RunRecord":
        """Own the run in `folder` again: clear what interrupted saves left and set the status to "running".

        Raises:
            RunError: if it isn't a run, is finished or damaged, can't be written, or another process is writing it.
        """
        cls.open(folder)  # a folder that is no run gets no lock file
        lock = _own(Path(folder))
        record = cls(Path(folder), cls.open(folder)._saved, lock)
        if record.status == "finished":  # by whoever owned it while this process was about to
            record.close()
            raise RunError(f"the run {folder} is finished, and stays as it is")
        with layout.clear_write_errors(record.folder):
            checkpoints.remove_leftovers(record.folder, record.facts)
        resumed = [*record.facts.resumed, _now()]
        record.update(status="running", finished=None, process=this_process(), resumed=resumed)
        return record

    def fields(self) -> dict[str, Any]:
        """Return a copy of `facts` in JSON's types, for whatever takes a field by a name that it is given."""
        return self.facts.model_dump()

    @property
    def id(self) -> str:
        """The run's id, such as 20261124-101500-k3f9."""
        return self.facts.id

    @property
    def name(self) -> str:
        """The name it was given; many runs may share it."""
        return self.facts.name

    @property
    def status(self) -> str:
        """Its status; "interrupted" too where it says "running" and its process is dead."""
        dead = self.facts.status == "running" and self._lock is None and is_dead(self.facts.process)
        return "interrupted" if dead else self.facts.status

    def has_writer(self) -> bool:
        """Whether its folder is owned: by another process, or by this one through another record.

        Raises:
            RunError: if the folder can't be written.
        """
        with layout.clear_write_errors(self.folder):
            try:
                files.own(self.folder / _LOCK, BlockingIOError()).release()
            except BlockingIOError:
                return True
        return False

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the network's outputs, sorted by code point as all data have them."""
        return tuple(self.facts.classes)

    @property
    def notice(self) -> str | None:
        """What its data say of whatever learned from them, in one line, such as that it isn't fit for real faces."""
        notice = self.facts.data.notice
        return None if notice is None else " ".join(notice.split())

    @property
    def temperatures(self) -> dict[str, float]:
        """The temperature of each class, in their order (`emolab.evaluation.calibration`); 1 where none are fitted."""
        fitted = self.facts.temperatures or {}
        return {name: fitted.get(name, 1.0) for name in self.classes}

    @property
    def best_weights_sha256(self) -> str | None:
        """The digest of its best weights, of which its engines are made, or None where it has none yet."""
        best = self.facts.checkpoints.get("best")
        return None if best is None else self.facts.sha256.get(best)

    @property
    def can_go_on(self) -> bool:
        """Whether it has a full state to resume from."""
        return "last" in self.facts.checkpoints

    @property
    def left_out_sha256(self) -> str | None:
        """The digest of the list of training images that it left out, or None where it learned from all."""
        left_out = self.facts.data.left_out
        return None if left_out is None else left_out.sha256

    @property
    def config_text(self) -> str:
        """The resolved configuration as YAML; `emolab.config.saved.network_settings_of` reads it safely."""
        path = self.folder / layout.CONFIG
        try:
            return files.read_text(path)
        except (OSError, ValueError) as error:
            raise RunError(f"{path} can't be read: {error}") from error

    def update(self, **fields: Any) -> None:
        """Replace these top-level fields of `run.json`, atomically.

        Raises:
            RunError: if another process is writing the run, or the folder can't be written.
        """
        self._update(fields)

    def calibrate(self, temperatures: Mapping[str, float], uncertain_below: float) -> None:
        """Keep what was fitted to the best weights, in place of what was before; the next best end it.

        Args:
            temperatures: of each class.
            uncertain_below: calibrated confidence below which a face is better left unnamed, 0 to 1.

        Raises:
            RunError: if the best weights are no longer those that this record knows, another process is writing the
                run, or the folder can't be written.
        """
        fitted = {"temperatures": dict(temperatures), "uncertain_below": uncertain_below}
        self._update(fields=fitted, drop=schema.FITTED, of_weights=self.best_weights_sha256)

    def _update(self, fields: Mapping[str, Any], drop: Collection[str] = (), of_weights: str | None = None) -> None:
        if self._lock is not None:
            self._change(fields, drop)
            return
        self._lock = _own(self.folder)
        try:
            self._hold(RunRecord.open(self.folder)._saved)  # someone may have written since it was read
            if of_weights not in (None, self.best_weights_sha256):
                raise RunError(f"the run {self.folder} was trained on meanwhile: evaluate its new best weights")
            self._change(fields, drop)
        finally:
            self.close()

    def finish(self, status: str, **fields: Any) -> None:
        """Set the final status with the time, and give the folder free.

        Raises:
            ValueError: if `status` is none of finished, failed, interrupted, pruned.
        """
        if status not in layout.STATUSES or status == "running":
            raise ValueError(f"a run can't end as {status!r}; choose from {', '.join(layout.STATUSES[1:])}")
        try:
            self.update(status=status, finished=_now(), process=None, **fields)
        finally:
            self.close()

    def close(self) -> None:
        """Give the folder free without changing anything."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def append_metrics(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Add the line of one epoch (from 0) to `metrics.jsonl` and flush it; NaN and infinities become null.

        Raises:
            RunError: if it can't be written; the lines before stay whole.
        """
        with self._clear_errors():
            journal.append(self.folder / layout.METRICS, {"epoch": int(epoch), **metrics})

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`; a torn last line is left out."""
        return journal.read(self.folder / layout.METRICS)

    def training_seconds(self) -> float:
        """Return how long its epochs took, validation included; of an interrupted one, only what came after it."""
        times = (line.get("seconds") for line in self.read_metrics())
        return sum(float(seconds) for seconds in times if isinstance(seconds, int | float))

    def truncate_metrics(self, epoch: int) -> None:
        """Keep the lines of the epochs before `epoch`, the one that a resumed run begins with."""
        with self._clear_errors():
            journal.truncate(self.folder / layout.METRICS, epoch)

    def save_checkpoint(self, kind: str, write: Callable[[Path], None], tag: int, **fields: Any) -> Path:
        """Save a checkpoint so that a kill at any moment leaves `run.json` pointing at a whole file.

        The order: a new file under a new name, flushed; then `run.json`, which names it with its SHA-256;
        then the old file goes.

        Args:
            kind: "best" (`.weights.h5`) or "last" (`.npz`).
            write: writes the checkpoint to the path that it gets, which has that ending.
            tag: the epoch or step, which becomes part of the name.
            fields: fields of `run.json` to change in the same moment, such as `monitor`. A new "best" also takes
                out what was fitted to the one before (`calibrate`).

        Returns:
            The path of the new file.

        Raises:
            RunError: if it can't be written; the checkpoint before it stays good.
        """
        if kind not in layout.SUFFIXES:
            raise ValueError(f"a checkpoint is one of {', '.join(layout.SUFFIXES)}, not {kind!r}")
        old = self.facts.checkpoints.get(kind)
        digests = {key: value for key, value in self.facts.sha256.items() if key != old}
        with self._clear_errors():
            name, digest = checkpoints.write_new(self.folder, kind, int(tag), write)
            saved = {**self.facts.checkpoints, kind: name}
            drop = schema.FITTED if kind == "best" else ()
            self._update({**fields, "checkpoints": saved, "sha256": {**digests, name: digest}}, drop)
            if old is not None:
                layout.inside(self.folder, old).unlink(missing_ok=True)
        return self.folder / name

    def checkpoint_path(self, kind: str) -> Path:
        """Return the file of the checkpoint "best" or "last", whose SHA-256 has been compared.

        Raises:
            RunError: if there is none, or it is missing, changed, or outside the run folder.
        """
        return checkpoints.verified(self.folder, self.facts, kind)

    def _change(self, fields: Mapping[str, Any], drop: Collection[str]) -> None:
        before = self._saved
        self._hold({**{name: value for name, value in before.items() if name not in drop}, **plain(fields)})
        try:
            self._write()
        except RunError:
            self._hold(before)
            raise

    def _hold(self, saved: dict[str, Any]) -> None:
        """Take `saved` for what `run.json` holds; it stays as it is, to be written again with what isn't known."""
        self.facts = schema.check_facts(saved, self.folder / layout.FACTS)
        self._saved = saved

    def _write(self) -> None:
        with self._clear_errors():
            files.write_json(self.folder / layout.FACTS, self._saved)

    def _clear_errors(self) -> AbstractContextManager[None]:
        return layout.clear_write_errors(self.folder, f"Then go on with resume={self.id}")


def _first_facts(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    monitor = {"best": None, "epoch": None, **fields["monitor"]}
    found = {
        "git": environment.git(),
        "packages": environment.packages(),
        "hardware": environment.hardware(),
    }
    state = {"process": this_process(), "started": _now(), "finished": None, "sha256": {}, "checkpoints": {}}
    return plain({"name": name, "status": "running", **found, **fields, "monitor": monitor, **state})


def _own(folder: Path) -> FileLock:
    busy = RunError(
        f"the run {folder} is being written by another process: wait for it, or stop it first; where none is left, as "
        f"after a kill on a file system without locks, remove {folder / _LOCK}"
    )
    with layout.clear_write_errors(folder):
        return files.own(folder / _LOCK, busy)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
