"""What goes wrong with one engine ends that one alone."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from emolab import files
from emolab.engines.build import Say
from emolab.engines.selection import engine_folder
from emolab.errors import EmolabError, first_line
from emolab.runs import RunRecord
from emolab.runs.layout import clear_write_errors

Key = tuple[str, str]  # engine and precision


class Faults(dict[Key, str]):
    """What went wrong, engine by engine; a log beside the engine's folder keeps the traceback.

    Args:
        record: the run.
        say: told of each fault.
        needed: the engine that the others are compared with: what goes wrong with that is raised.
    """

    def __init__(self, record: RunRecord, say: Say, needed: Key) -> None:
        super().__init__()
        self._record, self._say, self._needed = record, say, needed

    @contextmanager
    def noted(self, key: Key, what: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Note whatever goes wrong within: a converter or a runtime may raise anything.

        Args:
            key: of the engine.
            what: is done with it, such as "judged".
            but: what is raised all the same.
        """
        try:
            yield
        except but:
            raise
        except Exception as error:
            if key == self._needed:
                raise
            self[key] = self._kept(key, what, _own(error))

    def _kept(self, key: Key, what: str, error: Exception) -> str:
        """Keep the traceback of the error that is being handled; return what to tell."""
        log = engine_folder(self._record, *key).with_suffix(".log")
        with clear_write_errors(self._record.folder):
            files.write_text(log, traceback.format_exc())
        told = f"couldn't be {what}, {type(error).__name__}: {first_line(error)} ({log})"
        self._say(f"{'-'.join(key)}: {told}")
        return told


def _own(error: Exception) -> Exception:
    """The runtime's own error, without the advice to export again, which is being done."""
    return error.__cause__ if isinstance(error, EmolabError) and isinstance(error.__cause__, Exception) else error
