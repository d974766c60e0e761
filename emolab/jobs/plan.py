"""A list of trainings that belong together: which there are, which are done, and how to run one."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from emolab import files
from emolab.config.command import composed
from emolab.config.overrides import key_of, pair_of
from emolab.errors import ConfigError
from emolab.jobs.group import by_number, check_no_runs, runs_of, training_command, training_environment
from emolab.jobs.process import Child, Outcome, last_lines
from emolab.runs import RunRecord
from emolab.runs.teachers import check_teachers_stay

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """Trainings of one group, numbered from 0.

    `folder` holds `plan.json`, and of each training `<number>.log` and, once it ended, `<number>.json`. The runs lie
    where all runs do; each one's `run.json` names its group and its number, by which it is found again.

    Attributes:
        folder: of the plan.
        name: of the group.
        runs: folder of all runs (`paths.runs`).
        jobs: the overrides of `python -m emolab.train`, for each training.
    """

    folder: Path
    name: str
    runs: Path
    jobs: tuple[tuple[str, ...], ...]

    @classmethod
    def open(cls, folder: Path) -> "Plan":
        """Read the plan in `folder`.

        Raises:
            ConfigError: if there is none.
        """
        try:
            saved = files.read_json(folder / PLAN)
            return cls(folder, saved["name"], Path(saved["runs"]), tuple(tuple(job) for job in saved["jobs"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{folder} holds no grid that can be gone on with: {error!r}") from error

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Keep other commands away from its folder, from before `begin` or `grown` until its jobs are done.

        Two at once would give other jobs the same numbers, and train the same job twice.

        Raises:
            ConfigError: if another command is working on the folder, or it can't be written, or a training that the
                plan there hasn't yet would choose its teachers when it begins.
        """
        self._check_teachers()
        busy = ConfigError(
            f"{self.folder}: another command is working on this folder, and only one at a time can. Wait until it "
            "has ended, or stop it with Ctrl-C; then give this command again"
        )
        with self._clear_errors():
            files.make_folder(self.folder)
            lock = files.own(self.folder / ".lock", busy)
        try:
            yield
        finally:
            lock.release()

    def begin(self) -> "Plan":
        """Write the plan, or return the one in its folder, which says the same in perhaps another order.

        Raises:
            ConfigError: if that one has other trainings, and the message lists what differs; or if there is none, but
                runs of its group.
        """
        if not (self.folder / PLAN).exists():
            self._write_first()
            return self
        began = Plan.open(self.folder)
        gone = [job for job in began.jobs if self.number_of(job) is None]
        new = [job for job in self.jobs if began.number_of(job) is None]
        if gone or new or len(began.jobs) != len(self.jobs):
            lines = [
                *(f"  when it began: {' '.join(job)}" for job in sorted(gone)),
                *(f"  now: {' '.join(job)}" for job in sorted(new)),
            ]
            raise ConfigError(
                f"{self.folder} was begun with other trainings. Give the command that began it, or begin another:\n"
                + "\n".join(lines or [f"  {len(began.jobs)} trainings when it began, {len(self.jobs)} now"])
            )
        return replace(self, jobs=began.jobs)

    def grown(self) -> "Plan":
        """Write the plan behind the one in its folder, whose jobs keep their numbers; return both as one.

        Raises:
            ConfigError: if there is no plan in its folder, but runs of its group.
        """
        if not (self.folder / PLAN).exists():
            self._write_first()
            return self
        known = Plan.open(self.folder)
        plan = replace(self, jobs=(*known.jobs, *(job for job in self.jobs if known.number_of(job) is None)))
        plan._write()
        return plan

    def number_of(self, job: Sequence[str]) -> int | None:
        """Return the number of the job with these overrides, in whatever order; None where there is none."""
        return self._numbers.get(_by_key(job))

    @cached_property
    def _numbers(self) -> dict[tuple[str, ...], int]:
        return {_by_key(job): number for number, job in reversed(list(enumerate(self.jobs)))}

    def start(self, number: int) -> Child:
        """Train job `number` in a process of its own, or go on with it where it was interrupted."""
        self.outcome_path(number).unlink(missing_ok=True)
        return Child(self.command(number), self.log(number), training_environment())

    def note(self, number: int, outcome: Outcome) -> None:
        """Keep how the process of job `number` ended."""
        files.write_json(self.outcome_path(number), asdict(outcome))

    def command(self, number: int) -> list[str]:
        """Return the command of job `number`, with `resume` where its run has a state to go on from."""
        return training_command(self.jobs[number], self.name, number, self.record(number))

    def record(self, number: int) -> RunRecord | None:
        """Return the run of job `number`, or None."""
        return self.records().get(number)

    def records(self) -> dict[int, RunRecord]:
        """Return the run of every job that has one, by number; the folder of runs is read once."""
        return by_number(runs_of(self.runs, self.name))

    def missing(self) -> list[int]:
        """Return the numbers of the jobs without a finished run."""
        finished = {number for number, run in self.records().items() if run.status == "finished"}
        return [number for number in range(len(self.jobs)) if number not in finished]

    def outcome(self, number: int) -> Outcome | None:
        """Return how the process of job `number` ended last; None where it didn't or wasn't started."""
        path = self.outcome_path(number)
        return Outcome(**files.read_json(path)) if path.exists() else None

    def failure(self, number: int) -> str:
        """Return the last lines of the log of job `number`."""
        return last_lines(self.log(number))

    def log(self, number: int) -> Path:
        """Return the log of job `number`."""
        return self.folder / f"{number}.log"

    def outcome_path(self, number: int) -> Path:
        """Return the file that says how job `number` ended."""
        return self.folder / f"{number}.json"

    def differing(self) -> tuple[str, ...]:
        """Return the keys whose values aren't the same in every job, in the order of the command."""
        first = self.jobs[0]
        keys = [key_of(line) for job in self.jobs for line in job if line not in first]
        return tuple(dict.fromkeys(keys))

    def value(self, number: int, key: str) -> str:
        """Return what job `number` says of `key`, or nothing."""
        found = [value for name, value in map(pair_of, self.jobs[number]) if name == key]
        return found[-1] if found else ""

    def own(self, number: int) -> list[str]:
        """Return the overrides of job `number` that not every job has."""
        return [line for line in self.jobs[number] if not all(line in job for job in self.jobs)]

    def _check_teachers(self) -> None:
        known = Plan.open(self.folder) if (self.folder / PLAN).exists() else None
        for job in self.jobs:
            if known is None or known.number_of(job) is None:
                check_teachers_stay(composed("train", job))

    def _write_first(self) -> None:
        """Write the plan, unless runs would be taken for its own that aren't."""
        check_no_runs(self.runs, self.name, self.folder / PLAN)
        self._write()

    def _write(self) -> None:
        with self._clear_errors():
            files.write_json(self.folder / PLAN, {"name": self.name, "runs": str(self.runs), "jobs": self.jobs})

    def _clear_errors(self) -> AbstractContextManager[None]:
        advice = "set another folder: paths.grids of a grid, output of an experiment"
        return files.clear_write_errors(self.folder, advice, ConfigError)


def _by_key(job: Sequence[str]) -> tuple[str, ...]:
    """Return the overrides sorted by key, several of one key as they stand: the last of these counts."""
    return tuple(sorted(job, key=key_of))
