from pathlib import Path

from emolab.runs import RunRecord
from experiments.demo_faces.curves import curves_figure, write_curves


def run(root: Path, model: str, accuracies: list[float]) -> RunRecord:
    weights = {"requested": "auto", "used": "random"}
    fields = {
        "classes": ["anger", "happy", "sad"],
        "image_size": 48,
        "monitor": {"name": "val_accuracy", "mode": "max"},
        "data": {"name": "demo", "fingerprint": "abc"},
        "model": {"name": model, "parameters": 1, "weights": weights},
        "seed": 0,
    }
    record = RunRecord.create(root, model, fields)
    for epoch, accuracy in enumerate(accuracies):
        record.append_metrics(epoch, {"val_accuracy": accuracy})
    return record


def test_each_run_is_a_line_beside_chance(tmp_path: Path) -> None:
    records = [run(tmp_path, "vgg19", [0.3, 0.5]), run(tmp_path, "resnet50", [0.4, 0.6, 0.7])]
    lines = curves_figure(records).axes[0].get_lines()
    assert [list(line.get_ydata()) for line in lines[:2]] == [[0.3, 0.5], [0.4, 0.6, 0.7]]
    assert [line.get_label() for line in lines] == [
        "vgg19, begun from random",
        "resnet50, begun from random",
        "chance, 0.33",
    ]


def test_the_picture_is_written(tmp_path: Path) -> None:
    record = run(tmp_path, "vgg19", [0.3, 0.5])
    write_curves(tmp_path / "curves.png", [record.folder])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
