"""`python -m emolab.prepare data=...`: photographs into prepared arrays."""

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.data.configured import prepare_data
from emolab.data.prepared import REPORT


def _main(cfg: DictConfig) -> None:
    prepared = prepare_data(cfg)
    splits = ", ".join(f"{split} {sum(counts.values())}" for split, counts in prepared.account["splits"].items())
    print(f"ready:  {prepared.name}: {splits}")
    print(f"page:   {prepared.folder / REPORT}")


main = verb("emolab.prepare", _main)

if __name__ == "__main__":
    main()
