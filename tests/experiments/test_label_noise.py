import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import TINY, run
from made_runs import made_run

pytest.importorskip("cleanlab", reason="the extra label_noise isn't installed")

from emolab.config.command import check_command, composed
from emolab.data.left_out import read_left_out
from emolab.errors import ConfigError, DataError, RunError
from emolab.train import train
from experiments.label_noise import doubt_of, label_noise, planned, training_settings
from experiments.noise.folds import folds_of
from experiments.noise.report import examples_of, table_of
from experiments.noise.suspects import check_unseen, suspects_of


class Made:
    """What the experiment needs of prepared data: 90 training images in three classes, pairs of twins."""

    classes = ("anger", "happy", "sad")
    codes = np.arange(90) // 2 % 3
    index = pd.DataFrame({"source": [f"{number:02d}.png" for number in range(90)]})
    index["label"] = np.array(classes)[codes]
    name = "made"
    fingerprint = "f"
    content = "c"

    def rows(self, split: str) -> np.ndarray:
        return np.arange(90)

    def clusters(self, rows: np.ndarray) -> np.ndarray:
        return rows // 2

    def groups(self, rows: np.ndarray) -> np.ndarray:
        return rows // 2


def test_folds_part_the_training_images_but_no_twins_and_every_class_evenly():
    folds = folds_of(Made(), 3)
    assert sorted(np.concatenate(folds)) == list(range(90))
    assert all(set(fold // 2 * 2) <= set(fold) and set(fold // 2 * 2 + 1) <= set(fold) for fold in folds)
    for fold in folds:
        assert list(np.bincount(Made.codes[fold])) == pytest.approx([10, 10, 10], abs=2)
    assert all(np.array_equal(one, other) for one, other in zip(folds, folds_of(Made(), 3), strict=True))


def test_a_class_that_lies_in_one_part_cannot_be_judged():
    made = Made()
    made.codes = np.where(np.arange(90) < 4, 0, 1 + np.arange(90) // 2 % 2)
    with pytest.raises(DataError, match="images of anger are 2 groups"):
        folds_of(made, 3)


def test_labels_that_contradict_confident_networks_are_suspected_the_worst_first():
    made, rows = Made(), np.random.default_rng(0).permutation(90)
    probabilities = np.full((90, 3), 0.1)
    probabilities[np.arange(90), made.codes] = 0.8
    for row, said in ((7, 0.9), (33, 0.95), (60, 0.85)):
        probabilities[row] = (1 - said) / 2
        probabilities[row, (made.codes[row] + 1) % 3] = said
    found = suspects_of(made, rows, probabilities[rows], "both")
    assert found["row"].tolist() == [33, 7, 60]
    assert found["image"].tolist() == ["33.png", "07.png", "60.png"]
    assert found["suggested"].tolist() == [made.classes[(made.codes[row] + 1) % 3] for row in (33, 7, 60)]
    assert found["p_suggested"].tolist() == [0.95, 0.9, 0.85]
    shown = table_of(made, found).rows
    assert sum(int(row[2]) for row in shown) == 3
    assert [row[1] for row in shown] == ["30", "30", "30"]


@pytest.mark.parametrize("changed", ["data", "list"])
def test_networks_that_have_seen_the_images_are_no_judges_of_them(tmp_path: Path, changed: str) -> None:
    """Of the one, the data changed since; of the other, another process wrote the list anew."""
    lists = []
    for number in range(2):
        lists.append(tmp_path / f"{number}.csv")
        lists[-1].write_text(f"image\n{number:02d}.png\n")
    runs = []
    for number, path in enumerate(lists):
        run = made_run(tmp_path, 0.7, seed=number)
        left_out = {"file": str(path), "images": 1, "sha256": read_left_out(path, Made()).digest}
        run.update(data={**run.facts.data.model_dump(), "content": "c", "left_out": left_out})
        runs.append(run)
    check_unseen(Made(), lists, runs)
    if changed == "data":
        runs[1].update(data={**runs[1].facts.data.model_dump(), "content": "others"})
    else:
        lists[1].write_text("image\n05.png\n")
    with pytest.raises(RunError, match=f"{runs[1].id} was trained on other data, or left out others than .*1.csv"):
        check_unseen(Made(), lists, runs)


def test_networks_that_are_no_better_than_the_largest_class_accuse_nobody_without_a_warning():
    labels, right = np.array([0, 0, 0, 1]), np.eye(2)
    (told,) = doubt_of(labels, right[[0, 0, 0, 0]])
    assert told.startswith("the networks agree with 75% of the labels that they hadn't seen, and naming the largest")
    assert doubt_of(labels, right[labels]) == []


def test_the_gallery_shows_each_photograph_once():
    suspects = pd.DataFrame({"row": [33, 7, 32, 60, 6, 61, 2], "label": "sad"})
    assert examples_of(Made(), suspects, 3)["row"].tolist() == [33, 7, 60]
    assert examples_of(Made(), suspects, 9)["row"].tolist() == [33, 7, 60, 2]


def test_one_command_lists_suspects_that_a_training_can_leave_out(tmp_path: Path, demo_cache: str, monkeypatch) -> None:
    """Two real trainings on the demo faces, and one that uses their list."""
    own = [one for one in TINY if not one.startswith(("data", "trainer.epochs"))]
    tiny = (*own, "data=demo", demo_cache, "aug=off", "trainer.train_images=60", "trainer.epochs=1")
    folder = tmp_path / "label noise, 1"
    command = (*tiny, "folds=2", "rule=prune_by_noise_rate", f"output='{folder.name}'")
    found = run("experiments.label_noise", *command, cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    suspects = pd.read_csv(folder / "suspected.csv")
    assert len(suspects) > 0
    assert (suspects["p_label"] <= suspects["p_suggested"]).all()
    assert (folder / "gallery.png").stat().st_size > 10_000
    assert "Suspected labels of demo" in (folder / "index.html").read_text()

    monkeypatch.chdir(tmp_path)
    cfg = composed("label_noise", command)
    plan, _ = planned(cfg, training_settings(cfg, command))
    assert plan.begin().missing() == []  # the same command trains nothing again
    with plan.owned(), pytest.raises(ConfigError, match="another command is working on this folder"):
        label_noise(cfg, command)

    (leave_out,) = shlex.split(found.stdout.rpartition("without them is ")[2])
    training = [*tiny, leave_out, "trainer.deterministic=false"]  # else it would hold for the rest of this process
    card = train(composed("train", training)).folder / "report" / "model_card.md"
    assert f"without {len(suspects)} images" in card.read_text()
    suspects.tail(1).to_csv(folder / "suspected.csv", index=False)
    with pytest.raises(ConfigError, match="lists other images"):
        train(composed("train", [*training, "resume=last"]))


def test_soft_labels_have_no_wrong_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    pixels = " ".join(map(str, np.random.default_rng(0).integers(0, 256, 48 * 48)))
    faces = ["emotion,pixels,Usage", *(f"3,{pixels},Training" for _ in range(4))]
    Path("fer.csv").write_text("\n".join(faces) + "\n")
    heading = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes = [heading, *(f"Training,fer{number:07d}.png,5,5,0,0,0,0,0,0,0,0" for number in range(4))]
    Path("votes.csv").write_text("\n".join(votes) + "\n")
    given = ["data=ferplus", "data.path=fer.csv", "data.votes=votes.csv", "data.labels=soft"]
    with pytest.raises(ConfigError, match=r"which have no wrong one: data\.labels=majority"):
        label_noise(composed("label_noise", given), given)
    assert not Path("label_noise").exists()


def test_weights_that_are_not_there_are_told_before_any_data_are_prepared(tmp_path: Path) -> None:
    given = ["data=folder", f"data.root={tmp_path / 'gone'}", "model.weights=nowhere.h5", f"output={tmp_path / 'out'}"]
    with pytest.raises(ConfigError, match=r"nowhere\.h5"):
        label_noise(composed("label_noise", given), given)


@pytest.mark.parametrize("given", ["teacher={}", "model.weights={}"])
def test_networks_that_learn_from_a_run_may_have_its_labels_and_are_refused(tmp_path: Path, given: str) -> None:
    run = made_run(tmp_path / "runs", 0.7, model="custom_cnn")
    run.save_checkpoint("best", lambda path: path.write_text("w"), tag=0)
    command = ["data=demo", "model=custom_cnn", f"paths.runs={tmp_path / 'runs'}", given.format(run.folder)]
    with pytest.raises(ConfigError, match="may hand down the labels"):
        training_settings(composed("label_noise", command), command)


def test_a_list_of_its_own_is_refused():
    with pytest.raises(ConfigError, match=r"without trainer\.leave_out"):
        check_command("label_noise", ["data=folder", "data.root=faces", "trainer.leave_out=list.csv"])
