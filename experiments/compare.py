"""`python -m experiments.compare`: runs side by side, and which differences are more than noise."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from emolab.cli import verb
from emolab.errors import printable


def compare(cfg: DictConfig) -> Path:
    """Compare the runs that `cfg` chooses; print table and pairs, and return the page.

    Raises:
        RunError: if there are fewer than two, one can't be read, or they make no ensemble.
        ConfigError: if the output's folder can't be written: nothing is compared then.
    """
    from experiments.comparing.notes import notes_of
    from experiments.comparing.report import compared_pairs, table_of, write_comparison
    from experiments.comparing.runs import ComparedRun, chosen_runs, ensemble_of
    from experiments.output import check_output, writing
    from experiments.page import show

    output = Path(cfg.output)
    where = OmegaConf.to_container(cfg.where)
    found = chosen_runs(Path(cfg.paths.runs), cfg.runs, dict(where), cfg.since, cfg.until)  # type: ignore[arg-type]
    check_output(output)
    runs = [ComparedRun(record, cfg.split, cfg.resamples, cfg.flip) for record in found]
    ensemble = ensemble_of(runs) if cfg.ensemble else None
    judged = compared_pairs(runs, cfg.resamples, ensemble)
    table, notes = table_of(runs, ensemble), notes_of(runs)
    with writing(output):
        page = write_comparison(output, runs, judged, table, notes)
    show(table, whole="run")
    print("\n".join(map(printable, [*judged.sentences(), *(f"note:   {note}" for note in notes)])))
    print(f"page:   {page}")
    return page


def _main(cfg: DictConfig) -> None:
    compare(cfg)


main = verb("experiments.compare", _main)

if __name__ == "__main__":
    main()
