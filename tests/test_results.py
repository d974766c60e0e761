"""The tables of what was reached say what the files of `results/` do."""

import re
from pathlib import Path
from typing import Any

import pytest

from emolab.files import read_json

REPO = Path(__file__).resolve().parents[1]
FER2013 = (  # a line of the table of every network each
    "fer2013_custom_cnn/metrics.json",
    "fer2013_custom_cnn/metrics_avx2.json",
    "fer2013_custom_cnn/metrics_seed1.json",
    "fer2013_longer/custom_cnn/metrics.json",
    "fer2013_longer/custom_cnn/metrics_seed1.json",
    "fer2013_student/metrics.json",
    "fer2013_student/metrics_48_epochs.json",
    "fer2013_longer/student_of_one/metrics.json",
    "fer2013_longer/student_of_two/metrics.json",
    "fer2013_mobilenetv2/imagenet/metrics.json",
    "fer2013_mobilenetv2/imagenet_96/metrics.json",
    "fer2013_mobilenetv2/random/metrics.json",
    "fer2013_networks/resnet50/metrics.json",
    "fer2013_networks/vgg19/metrics.json",
)


def _table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table whose heading begins so."""
    (_, rest) = path.read_text().split(f"| {heading} |", 1)
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _told(accuracy: dict[str, float]) -> str:
    return f"{accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f})"


def _told_of_test(path: str) -> list[str]:
    test: dict[str, Any] = read_json(REPO / "results" / path)["splits"]["test"]
    others = [test[name]["accuracy"] for name in ("without_twins", "flip_averaged")]
    return [*map(_told, (test["accuracy"], *others)), f"{test['ece_calibrated']:.3f}"]


def test_the_table_of_every_network_has_a_line_for_each_file() -> None:
    assert len(_table(REPO / "results/README.md", "network")) == len(FER2013)


@pytest.mark.parametrize(("line", "path"), list(enumerate(FER2013)), ids=FER2013)
def test_every_line_of_the_table_of_every_network_says_what_its_file_does(line: int, path: str) -> None:
    assert _table(REPO / "results/README.md", "network")[line][2:] == _told_of_test(path)


def test_the_readmes_table_says_of_each_network_what_its_file_does() -> None:
    found = {tuple(_told_of_test(path)[:3]) for path in FER2013}
    lines = [cells[2:] for cells in _table(REPO / "README.md", "network") if "averaged" not in cells[0]]
    baseline = lines.pop()
    assert len(lines) > 5
    assert [line for line in lines if tuple(line) not in found] == []
    largest = read_json(REPO / "results" / FER2013[0])["splits"]["test"]["majority_baseline"]
    assert baseline[0] == f"{largest:.3f}"


def test_the_table_of_levers_has_the_lines_that_the_documents_count() -> None:
    lines = [
        line
        for line in (REPO / "results/levers/README.md").read_text().splitlines()
        if re.search(r"\| [+-]\d+\.\d \([+-]\d+\.\d to [+-]\d+\.\d\) \|", line)
    ]
    assert f"has all {len(lines)} in one table" in (REPO / "docs/many_runs.md").read_text()


def _check_numbers(text: str, values: list[float]) -> None:
    """Assert that a text has just these numbers, each to as many places as it's written."""
    told = re.findall(r"\d+(?:\.\d+)?", text)
    for number, value in zip(told, values, strict=True):
        assert float(number) == pytest.approx(value, abs=0.5001 * 10 ** -len(number.partition(".")[2])), text


def _realtime(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read_json(REPO / "results/realtime" / f"{name}.json")
    return found


def test_the_table_of_crops_says_what_its_file_does() -> None:
    crop = _realtime("crop")
    values = [[crop["accuracy_of_plain_crops"], crop["accuracy_of_true_squares"]]]
    for detector in ("yunet", "haar"):
        by_scale = crop[detector]["accuracy_by_crop_scale"]
        values.append([crop[detector]["accuracy_of_plain_crops_of_these"]])
        values.append([by_scale[scale] for scale in ("0.80", "0.90", "1.00", "1.10", "1.20", "1.40")])
    for (_, accuracies), numbers in zip(_table(REPO / "docs/live.md", "crops"), values, strict=True):
        _check_numbers(accuracies, numbers)


def test_the_table_of_the_viewer_says_what_its_files_do() -> None:
    frame, fer, start, kaggle, labels, page = map(_realtime, ("frame", "fer", "start", "kaggle", "labels", "page"))
    faults = _realtime("faults")
    memory = faults["memory_mib_every_10_s"]
    whole = [frame[faces]["milliseconds"]["whole"] for faces in ("1_faces", "2_faces")]
    times = fer["times_faster"]
    smoothed, alone = labels["every frame searched, threshold 0.4"], labels["each frame for itself"]
    values = {
        "a whole frame": [stage[name] for stage in whole for name in ("p50", "p95", "p99")],
        "the same video": [fer["fer"]["mean_ms"], times["emolab than fer"], times["emolab_every_second than fer"]],
        "... and with": [fer["fer_keras"]["mean_ms"], *(times[name] for name in times if name.endswith("fer_keras"))],
        "start to": [start["seconds"]["median"]],
        "exporter on": list(kaggle["times_faster"].values()),
        "ten minutes": [
            faults["faults"], faults["recoveries"], faults["longest_gap_seconds"],
            100 * faults["dropped"] / faults["read"], memory[0], min(memory[24:]), max(memory[24:]),
        ],
        "demo video": [smoothed["found"], smoothed["true_faces"], smoothed["right"], alone["right"]],
        "changes of": [smoothed["true_changes"], smoothed["changes_of_label"], alone["changes_of_label"]],
        "the page": [page["right"], page["right_without_a_browser"]],
    }  # fmt: skip
    heading = "what (custom_cnn at 48 pixels, the engine that `auto` chose: OpenVINO bf16; YuNet)"
    measured = {what: cell for what, cell, _ in _table(REPO / "docs/live.md", heading)}
    assert len(measured) == len(values)
    for begin, numbers in values.items():
        [cell] = [cell for what, cell in measured.items() if what.startswith(begin)]
        _check_numbers(cell, numbers)
