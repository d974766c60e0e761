"""`python -m realtime.kaggle ckpt=... data.root=...`: the file that a Kaggle competition wants."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.utils import instantiate
from omegaconf import DictConfig

from emolab.cli import verb
from emolab.errors import ConfigError, DataError, printable
from emolab.files import clear_write_errors, make_folder, try_writing

if TYPE_CHECKING:
    from emolab.data.readers.kaggle import KaggleReader
    from emolab.runs import RunRecord
    from realtime.submission.predict import Predicted
    from realtime.submission.rows import Row
    from realtime.submission.sample import Sample


def export(cfg: DictConfig) -> Path:
    """Name every photograph of the competition's test folder and write the submission; return its path.

    Beside it lie a CSV with confidences and a picture of the classes.

    Raises:
        EmolabError: if names, classes, a photograph, a run or the output's folder can't be used, or there is no client:
            nothing is written then. Or if the client doesn't send it: it's written all the same.
    """
    from emolab.data.records import USABLE
    from emolab.runs import check_distinct, chosen_run
    from realtime.submission.client import require_client, send
    from realtime.submission.names import check_classes, wanted_files
    from realtime.submission.rows import read_submission

    output = Path(cfg.output)
    _check_output(output)
    if cfg.submit:
        require_client(cfg.competition)
    reader = competition_reader(cfg)
    sample, files = wanted_files(reader.root)
    before = None if cfg.compare is None else read_submission(Path(cfg.compare), sample)
    named = [cfg.ckpt.run] if isinstance(cfg.ckpt.run, str) else cfg.ckpt.run
    records = [chosen_run(cfg, name) for name in named]
    check_distinct("ckpt", named, records)
    reading = reader.read()
    check_classes(reader.root, reading.classes, records, sample, Path(cfg.paths.runs))
    labels = [record.label for record in reading.records if record.status == USABLE and record.split != "test"]
    predicted = _predicted(cfg, records, list(files.values()))
    rows = _rows(cfg, list(files), reading.classes, predicted, labels)
    with _writing(output):
        _write(output, rows, sample, reading.classes, labels)
    if before is not None:
        _compare(rows, before, cfg.compare)
    if cfg.submit:
        send(output, cfg.competition, cfg.message or f"emolab {' '.join(record.id for record in records)}")
    return output


def competition_reader(cfg: DictConfig) -> "KaggleReader":
    """Return the reader of the competition's folder.

    Raises:
        ConfigError: if the data are no competition's.
    """
    from emolab.data.readers.kaggle import KaggleReader

    reader = instantiate(cfg.data.reader)
    if not isinstance(reader, KaggleReader):
        raise ConfigError(f"data={cfg.data.name} is no Kaggle competition's folder: take data=kaggle data.root=...")
    return reader


def _check_output(output: Path) -> None:
    """See that the file can be written, before minutes of predictions."""
    with _writing(output):
        if output.is_dir():
            raise ConfigError(f"output={output} is a folder: name the file, such as {output / 'submission.csv'}")
        make_folder(output.parent)
        try_writing(output.parent)


def _writing(output: Path) -> AbstractContextManager[None]:
    return clear_write_errors(f"output={output}", "name another file", ConfigError)


def _predicted(cfg: DictConfig, records: Sequence["RunRecord"], files: Sequence[Path]) -> "Predicted":
    from emolab.data.image import Limits
    from realtime.recogniser import Wanted, recogniser
    from realtime.submission.predict import predict

    recognisers = [recogniser(record, Wanted.of(cfg), live=False) for record in records]
    return predict(files, recognisers, cfg.batch_size, cfg.flip, Limits(**cfg.data.limits), cfg.workers)


def _rows(
    cfg: DictConfig, names: Sequence[str], classes: Sequence[str], predicted: "Predicted", labels: Sequence[str]
) -> list["Row"]:
    from realtime.submission.rows import make_rows

    most_frequent = min(classes, key=lambda name: (-Counter(labels)[name], name))
    unreadable = predicted.unreadable
    for number, reason in unreadable.items():
        print(printable(f"can't be read: {names[number]}: {reason}"))
    if unreadable and cfg.unreadable == "refuse":
        raise DataError(
            f"{len(unreadable)} of {len(names)} photographs can't be read (listed above). Unpack them again, or take "
            f"the most frequent class, {most_frequent}, for them: unreadable=most_frequent"
        )
    return make_rows(names, predicted.probabilities, classes, unreadable, most_frequent)


def _write(
    output: Path, rows: Sequence["Row"], sample: "Sample", classes: Sequence[str], labels: Sequence[str]
) -> None:
    from realtime.submission.rows import FAR, distance, shares, write_confidence, write_picture, write_submission

    predicted, training = shares([row.label for row in rows], classes), shares(labels, classes)
    confidence, picture = output.with_suffix(".confidence.csv"), output.with_suffix(".classes.png")
    write_confidence(confidence, rows)
    write_picture(picture, predicted, training, classes)
    write_submission(output, rows, sample)
    if distance(predicted, training) > FAR:
        print(f"warning: the predicted classes are far from the training set's; look at {picture}")
    print(f"written: {output} ({len(rows)} rows), {confidence.name}, {picture.name}")


def _compare(rows: Sequence["Row"], before: Mapping[str, str], path: str) -> None:
    from realtime.submission.rows import changes

    count, commonest = changes(rows, before)
    most = ", ".join(f"{change}: {number}" for change, number in commonest)
    print(printable(f"{count} of {len(rows)} rows differ from {path}{f' ({most})' if most else ''}"))


def _main(cfg: DictConfig) -> None:
    export(cfg)


main = verb("realtime.kaggle", _main)

if __name__ == "__main__":
    main()
