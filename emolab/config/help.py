"""What `--help` prints: the purpose, the groups with their choices, the verb's own file, examples."""

from pathlib import Path
from textwrap import fill

from emolab.config.tree import chosen_by_default, groups

EXAMPLES = {
    "train": [
        "python -m emolab.train model=vgg19 aug=on",
        "python -m emolab.train model=vgg19 aug=on data=fer2013 data.path=fer2013.csv.gz",
        "python -m emolab.train model=custom_cnn optimizer.learning_rate=0.001 trainer.epochs=40 ...",
        "python -m emolab.train resume=last ...  (with the rest of the command that began the run)",
    ],
    "prepare": ["python -m emolab.prepare data=kaggle data.root=competition"],
    "evaluate": [
        "python -m emolab.evaluate ckpt=best",
        "python -m emolab.evaluate ckpt=best ckpt.where.model=vgg19 flip=true",
    ],
    "compare": [
        "python -m experiments.compare where.group=20261124-101500-k3f9  (a grid, a sweep or an experiment)",
        "python -m experiments.compare where.model=vgg19 where.data=fer2013 since=2026-11-01",
        "python -m experiments.compare runs=[20261124-101500-k3f9,20261124-113000-ab12]",
    ],
    "founding": [
        "python -m experiments.founding data=fer2013 data.path=fer2013.csv.gz trainer.train_images=4000 "
        "trainer.epochs=5",
        "python -m experiments.founding data=kaggle data.root=competition seeds=[0,1,2]",
    ],
    "levers": [
        "python -m experiments.levers experiment=fer2013_custom_cnn data.path=fer2013.csv.gz trainer.epochs=4 "
        "trainer.validate_every=4",
        "python -m experiments.levers ... seeds=[0,1,2]  (adds seeds to what is trained already)",
        "python -m experiments.levers ... '+levers.mine=[\"optimizer.learning_rate=0.01\"]' only=[mine]",
    ],
    "label_noise": [
        "python -m experiments.label_noise experiment=fer2013_custom_cnn data.path=fer2013.csv.gz trainer.epochs=8",
    ],
    "doctor": ["python -m emolab.doctor", "python -m emolab.doctor tensorflow=true"],
    "export": [
        "python -m emolab.export ckpt=best",
        "python -m emolab.export ckpt=best engine=openvino precision=int8 budget_ms=10",
        "python -m emolab.export ckpt=best engine=all",
    ],
    "viewer": [
        "python -m realtime.viewer ckpt=best",
        "python -m realtime.viewer ckpt=best display=web",
        "python -m realtime.viewer ckpt=best source=video source.path=faces.mp4 display=file display.path=named.mp4",
    ],
    "kaggle": [
        "python -m realtime.kaggle ckpt=best data.root=competition",
        "python -m realtime.kaggle ckpt=best data.root=competition flip=true --submit competition=NAME",
    ],
    "sweep": [
        "python -m experiments.sweep search=recipe model=custom_cnn data=fer2013 data.path=fer2013.csv.gz n_trials=40",
        "python -m experiments.sweep ... workers=2 pruner=hyperband  (the same command goes on with the same study)",
        "python -m experiments.sweep ... storage=postgresql+psycopg://user@host/emolab  (on each of many machines)",
    ],
}


def help_text(module: str, folder: Path) -> str:
    """Return the help of a verb such as "emolab.train", read from `conf/`, so that it says what the files do."""
    verb = module.rpartition(".")[2]
    file = (folder / f"{verb}.yaml").read_text(encoding="utf-8")
    known = groups(folder)
    rows = [
        _wrapped(group, f"{' | '.join(known[group])}   (default: {choice or 'null'})")
        for group, choice in chosen_by_default(verb, folder).items()
        if group in known
    ]
    examples = "\n".join(f"  {line}" for line in EXAMPLES.get(verb, []))
    return (
        f"python -m {module} [group=choice] [key=value] ...\n\nExamples:\n{examples}\n\n"
        "Groups (each choice is a file conf/<group>/<choice>.yaml with its keys explained):\n"
        + "\n".join(rows)
        + f"\n\nconf/{verb}.yaml:\n{file}\n"
        "--cfg job shows the whole configuration that a command means. -m runs every combination of listed values\n"
        "(model=vgg19,resnet50). --config-dir FOLDER adds configs of your own. '+key=value' adds a key that the files\n"
        "don't have, '~key' takes one out. Exit codes: 0 done, 1 a gate failed, 2 wrong configuration, data or\n"
        "environment, 70 a fault of emolab's own, 130 interrupted, with the state saved,\n141 read no further.\n"
    )


def _wrapped(name: str, text: str) -> str:
    return fill(text, 100, initial_indent=f"  {name:<12}", subsequent_indent=" " * 14)
