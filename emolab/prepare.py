"""`python -m emolab.prepare data=...`: photographs into prepared arrays."""

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.errors import DataError, printable


def _main(cfg: DictConfig) -> None:
    from emolab.data.configured import prepare_data  # here, or each worker, which imports this module, had it all, too
    from emolab.data.datamodule import check_trainable
    from emolab.data.prepared import REPORT

    prepared = prepare_data(cfg)
    splits = ", ".join(f"{split} {sum(counts.values())}" for split, counts in prepared.account["splits"].items())
    told = f"{prepared.name}: {splits}"
    try:
        check_trainable(prepared, prepared.rows("train"))
        print(f"ready:  {told}")
    except DataError as error:
        print(f"kept:   {told}\nnote:   emolab.train refuses these data: {printable(str(error))}")
    print(f"page:   {prepared.folder / REPORT}")


main = verb("emolab.prepare", _main)

if __name__ == "__main__":
    main()
