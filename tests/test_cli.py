import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import TINY, environment, run
from hydra.core.override_parser.overrides_parser import OverridesParser

from emolab import cli
from emolab.config.command import check_command, composed
from emolab.config.help import help_text, modules
from emolab.config.schema import SCHEMAS
from emolab.config.tree import chosen_by_default, conf_folder, groups
from emolab.errors import ConfigError, DataError
from emolab.exit_codes import exit_code

DATA = ("data=fer2013", "data.path=faces.csv")
SINGLE = [(group, choice) for group, choices in groups(conf_folder()).items() for choice in choices]
DATA_KEYS = {
    "fer2013": ["data.path=x"],
    "ferplus": ["data.path=x", "data.votes=x"],
    "kaggle": ["data.root=x"],
    "folder": ["data.root=x"],
}
OTHER_KEYS = {
    "video": ["source.path=x"],
    "stream": ["source.path=x"],
    "images": ["source.path=x"],
    "file": ["display.path=x.mp4"],
    "fer2013_student": ["teacher=[one,other]"],
}


@pytest.mark.parametrize(("group", "choice"), SINGLE)
def test_every_file_in_conf_composes_and_passes_the_checks(group: str, choice: str) -> None:
    data = choice if group == "data" else "fer2013"
    chosen = [f"{group}={choice}", *OTHER_KEYS.get(choice, [])] if group != "data" else []
    verb = next(verb for verb in SCHEMAS if group in chosen_by_default(verb, conf_folder()))
    has_data = "data" in chosen_by_default(verb, conf_folder())
    check_command(verb, [*([f"data={data}", *DATA_KEYS.get(data, [])] if has_data else []), *chosen])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("modle=vgg19", ["'modle'", "Did you mean 'model'", "optimizer"]),
        ("model=vgg20", ["Did you mean 'vgg19'", "custom_cnn, mobilenetv2, resnet50, vgg19"]),
        ("data.path=my faces (1).csv", ["two pairs of quotes"]),
        ("learning_rate=1", ["Did you mean 'optimizer.learning_rate'?"]),
        ("lr=0.1", ["there is no key 'lr'. Did you mean 'optimizer.learning_rate'?"]),
        ("optimizer.lr=0.1", ["there is no key 'optimizer.lr'. Did you mean 'learning_rate'?"]),
        ("data.root=x", ["'data' has:", "It's a key of data=folder and data=kaggle: write one of them beside it"]),
        ("debug.seed=1", ["debug.seed=1: the files of debug are of the whole configuration: write seed=1"]),
        ("loss.gamma=1", ["It's a key of loss=focal: write loss=focal loss.gamma=1"]),
        ("data=../photos", ["there is no data '../photos'", "photographs: data=folder data.root=../photos"]),
        ("resume=true", ["resume=true: expected the id or the folder of a run, or last"]),
        ("--epochs=5", ["--epochs=5: settings are written key=value, without dashes", "mean 'trainer.epochs'?"]),
        ("--learning-rate", ["Did you mean 'optimizer.learning_rate'?"]),
        ("--model=vgg20", ["without dashes", "Did you mean 'vgg19'"]),
        ("--trainer.epochs=5", ["without dashes: trainer.epochs=5"]),
        ("optimizer.learning_rat=1", ["Did you mean 'learning_rate'", "weight_decay"]),
        ("data.path=", ["data.path=: it's empty; is the shell variable set?"]),
        ("data.path=null", ["data.path=null: it's empty"]),
        ("data.image_size=-4", ["data.image_size=-4", "expected 16 to 1024 pixels"]),
        ("optimizer.learning_rate=null", ["optimizer.learning_rate=null", "expected a number"]),
        ("trainer.epochs=many", ["trainer.epochs=many", "expected a whole number"]),
        ("trainer.precision=float8", ["'auto', 'float32'"]),
        ("loss.label_smoothing=1.5", ["loss.label_smoothing=1.5: expected a number less than 1"]),
        ("+callbacks.mine={_target_: keras.callbacks.X, y: 1}", []),
        ("+callbacks.mine._target_=kears.callbacks.X", ["'kears' isn't installed"]),
        ("+callbacks.mine._target_=__main__.X", ["'__main__' isn't installed"]),
        (
            "aug.layers=[flip]",
            ["aug.layers=[flip]: expected names with values", "'aug.layers' has: affine, brightness"],
        ),
        ("aug.layers.0.rate=0", ["no key 'aug.layers.0'", "'aug.layers' has: affine, brightness"]),
        ("aug.layers.flip=3", ["aug.layers.flip=3: expected keys with values"]),
        ("+aug.camera=[blur]", ["aug.camera=['blur']: expected keys with values"]),
        ("aug=null", ["there is no aug 'null'", "off, on"]),
        ("trainer=3", ["there is no trainer '3'", "default"]),
        ("trainer=[1]", ["there is no trainer '1'", "default"]),
        ("model=glob(*)", ["model=glob(*)", "requires --multirun"]),
        ("teacher=[one,other,one]", ["one stands there 2 times, expected each once"]),
        ("experiment=fer2013_student", ["teacher=[]: name the runs to learn from: teacher=<run>"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_right(wrong: str, right: list[str]) -> None:
    if not right:
        check_command("train", [*DATA, wrong])
        return
    with pytest.raises(ConfigError) as caught:
        check_command("train", [*DATA, wrong])
    for text in right:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("verb", "wrong", "right"),
    [
        ("evaluate", "data.root=x", r"Choose from: demo, .* It's a key of data=folder and data=kaggle: write one"),
        ("export", "logger.project=x", r"Choose from: jsonl, wandb. It's a key of logger=wandb: write logger=wandb"),
    ],
)
def test_a_key_of_a_group_of_which_nothing_is_chosen_is_told_with_choices(verb: str, wrong: str, right: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{wrong}: nothing of '{wrong.partition('.')[0]}' is chosen\. {right}"):
        check_command(verb, [wrong])


@pytest.mark.parametrize("data", DATA_KEYS)
def test_what_only_the_user_can_know_is_asked_for(data: str) -> None:
    keys = [setting.removesuffix("=x") for setting in DATA_KEYS[data]]
    for verb in ("train", "prepare", "evaluate", *(["kaggle"] if data == "kaggle" else [])):
        with pytest.raises(ConfigError) as caught:
            check_command(verb, [f"data={data}"])
        lines = [f"{key} must be given: {key}=..." for key in keys]
        assert str(caught.value).splitlines() == [*lines, "without photographs of your own take data=demo"]


def test_each_value_of_a_sweep_is_checked() -> None:
    check_command("train", [*DATA, "-m", "model=vgg19,custom_cnn", "aug=on,off"])
    with pytest.raises(ConfigError, match="vgg20"):
        check_command("train", [*DATA, "-m", "model=vgg19,vgg20"])


@pytest.mark.parametrize("swept", ["model=glob(*)", "seed=interval(0,3)"])
def test_a_sweep_whose_values_cannot_be_counted_is_refused(swept: str) -> None:
    with pytest.raises(ConfigError, match=r"list the values, such as .*seed=range\(0,3\)") as caught:
        check_command("train", [*DATA, "-m", swept])
    assert swept in str(caught.value)


def test_null_chooses_nothing_where_nothing_may_be_chosen() -> None:
    check_command("train", [*DATA, "-m", "experiment=null,fer2013_custom_cnn", "debug=null"])
    check_command("export", ["logger=null"])


def test_on_and_off_are_words_and_no_booleans() -> None:
    assert "layers" not in composed("train", [*DATA, "aug=off"]).aug
    assert len(composed("train", [*DATA, "aug=on"]).aug.layers) > 3


def test_hydra_shows_the_whole_configuration_with_choices_of_ones_own_and_without_what_is_null(tmp_path: Path) -> None:
    mine = ("--config-dir", str(own_model(tmp_path)), "model=mine")
    done = run("emolab.train", *mine, *DATA, "experiment=null", "logger=null", "--cfg", "job", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "weight_decay: 0.01" in done.stdout
    assert "stem: 4\n" in done.stdout
    assert "_target_: emolab.tracking.JsonLines" in done.stdout


@pytest.mark.parametrize("verb", ["train", "doctor"])
def test_many_runs_have_no_single_configuration_to_show(verb: str) -> None:
    with pytest.raises(ConfigError, match="--cfg can't be given with -m"):
        check_command(verb, ["-m", "--cfg", "job"])


def test_each_verb_has_an_example_and_is_known_by_it() -> None:
    known = modules(conf_folder())
    assert {module.rpartition(".")[2] for module in known} == set(SCHEMAS)
    assert all(f"\n  python -m {module}" in help_text(module, conf_folder()) for module in known)


@pytest.mark.parametrize("verb", SCHEMAS)
def test_help_tells_defaults_that_may_be_given(verb: str) -> None:
    text = help_text(f"emolab.{verb}", conf_folder())
    told = re.findall(r"^  (\S+) [^(]*\(default: (\S+)\)", text, flags=re.MULTILINE)
    assert dict(told) == {group: choice or "null" for group, choice in chosen_by_default(verb, conf_folder()).items()}


def own_model(folder: Path) -> Path:
    """A folder of configs of one's own: model=mine is our network with a narrow stem."""
    (folder / "model").mkdir()
    text = (conf_folder() / "model" / "custom_cnn.yaml").read_text().replace("stem: 48", "stem: 4")
    (folder / "model" / "mine.yaml").write_text(text)
    return folder


def test_a_folder_of_ones_own_adds_choices(tmp_path: Path) -> None:
    own_model(tmp_path)
    with pytest.raises(ConfigError, match="mine"):
        check_command("train", [*DATA, "model=mine"])
    check_command("train", [*DATA, "model=mine", "--config-dir", str(tmp_path)])
    check_command("train", [*DATA, "model=mine", f"--config-dir={tmp_path}"])
    with pytest.raises(ConfigError, match="no such folder"):
        check_command("train", [*DATA, "--config-dir", str(tmp_path / "absent")])
    with pytest.raises(ConfigError, match="give one of them"):
        check_command("train", [*DATA, "--config-dir", str(tmp_path), f"hydra.searchpath=[{tmp_path}]"])


@pytest.mark.parametrize("place", ["--config-dir={}", "hydra.searchpath=[file://{}]"])
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (["model=mine", "optimizer.learning_rat=1"], r"^optimizer.learning_rat=1: .*Did you mean 'learning_rate'"),
        (["model=mine", "model.backbone.stm=1"], r"^model.backbone.stm=1: .*Did you mean 'stem'"),
        (["model=min"], r"^model=min: .*Did you mean 'mine'"),
    ],
)
def test_what_is_wrong_beside_a_choice_of_ones_own_is_named(
    wrong: list[str], right: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=right):
        check_command("train", [*DATA, *wrong, place.format(own_model(tmp_path))])


@pytest.mark.parametrize(
    "arguments", [["--config-name=x"], ["--config-name", "x"], ["-cn", "x"], ["--config-path=/x"], ["-cp=/x"]]
)
def test_a_configuration_that_is_not_the_verbs_own_is_refused(arguments: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"^{arguments[0]}: .*--config-dir mine model=small"):
        check_command("train", [*DATA, *arguments])


@pytest.mark.parametrize("sign", ["", "++"])
def test_a_sweep_is_asked_for_in_one_way(sign: str) -> None:
    with pytest.raises(ConfigError, match=r"hydra\.mode=MULTIRUN: .*-m model=vgg19,custom_cnn"):
        check_command("train", [*DATA, f"{sign}hydra.mode=MULTIRUN"])


def test_a_list_for_layers_is_explained_beside_a_key_whose_value_is_still_missing() -> None:
    with pytest.raises(ConfigError, match=r"aug.layers=\[\]: expected names with values"):
        check_command("train", ["data=folder", "data.reader.root=photos", "aug.layers=[]"])


@pytest.mark.parametrize(("root", "shown"), [("", ""), ("null", "null")])
def test_an_empty_place_isnt_the_folder_that_the_command_is_given_in(root: str, shown: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.root={shown}: it's empty; is the shell variable set\?"):
        check_command("prepare", ["data=folder", f"data.root={root}"])


def test_a_file_that_gives_a_list_of_layers_to_one_with_names_is_told_of_names(tmp_path: Path) -> None:
    (tmp_path / "aug").mkdir()
    (tmp_path / "aug" / "mine.yaml").write_text(
        "defaults: [blend, _self_]\nlayers: [{_target_: keras.layers.RandomFlip}]\n"
    )
    with pytest.raises(ConfigError, match=r"In 'aug/mine'.*give names, too, such as layers: \{noise"):
        check_command("train", [*DATA, "aug=mine", "--config-dir", str(tmp_path)])


def test_a_config_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    mine = own_model(tmp_path) / "model" / "mine.yaml"
    mine.write_bytes(mine.read_bytes() + "# größer\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=rf"a config can't be read: {mine}: 'utf-8' codec .*; save it as UTF-8"):
        check_command("train", [*DATA, "model=mine", "--config-dir", str(tmp_path)])


def test_hydra_tells_of_itself_with_a_space_or_an_equals_sign(tmp_path: Path) -> None:
    check_command("train", [*DATA, "--info=defaults"])
    done = run("emolab.train", "--info", "defaults", *DATA, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Defaults List" in done.stdout


# Each command on stdin as `emolab.train` takes it, and how it ends; the last line would tell of TensorFlow.
TRAIN_EACH = """
import contextlib, io, json, sys
from emolab.train import main
for sys.argv[1:] in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, told.getvalue()]))
print("tensorflow" in sys.modules)
"""


def test_help_and_refusals_come_without_importing_tensorflow_or_preparing_data(tmp_path: Path) -> None:
    absent = ("data=fer2013", "data.path=absent.csv")
    expected = (
        (["--help"], 0, ""),
        (["model=vgg20"], 2, "vgg20"),
        ([*DATA, "trainer.epochs=-1"], 2, "trainer.epochs=-1"),
        ([*absent], 2, "data.path=absent.csv: no such file"),
        ([*absent, "resume=gone"], 2, "'gone' is neither a run folder nor a run id"),
        ([*absent, "teacher=gone"], 2, "'gone' is neither a run folder nor a run id"),
        ([*absent, "teacher=[last]"], 2, "no run with weights"),
        ([*absent, "model.weights=gone.h5"], 2, "model.weights=gone.h5 is not a file"),
        ([*absent, "trainer.leave_out=gone.csv"], 2, "trainer.leave_out=gone.csv: "),
    )
    done = subprocess.run(
        [sys.executable, "-c", TRAIN_EACH], input=json.dumps([command for command, _, _ in expected]),
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    *endings, imported = done.stdout.splitlines()
    for (command, code, told), ending in zip(expected, endings, strict=True):
        assert json.loads(ending)[0] == code, command
        assert told in json.loads(ending)[1]
    assert imported == "False"
    assert not list(tmp_path.iterdir())


def test_a_verb_takes_a_gpus_memory_as_it_needs_it_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Else TensorFlow takes it all, and neither an export's second process nor ONNX Runtime's CUDA gets any."""
    monkeypatch.setattr(sys, "argv", ["emolab.doctor", "--help"])
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    cli.verb("emolab.doctor", lambda settings: None)()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")
    cli.verb("emolab.doctor", lambda settings: None)()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "emolab.doctor" in capsys.readouterr().out


# `emolab.doctor` with work that says how it ends; each command on stdin, and its exit code.
END_AS_NAMED = """
import json, sys
from emolab.cli import verb

def run(settings):
    print("began", settings.paths.runs, flush=True)
    if settings.paths.runs == "stopped":
        raise KeyboardInterrupt
    return {"slow": 1, "wrong": 2}.get(settings.paths.runs)

if __name__ == "__main__":
    for sys.argv[1:] in json.load(sys.stdin):
        try:
            verb("emolab.doctor", run)()
        except SystemExit as end:
            print("code", end.code, flush=True)
"""


def test_many_runs_of_a_verb_end_with_the_worst_code_and_only_ctrl_c_cuts_them_short(tmp_path: Path) -> None:
    (tmp_path / "verb.py").write_text(END_AS_NAMED)
    elsewhere = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")  # its processes begin both at once
    values = (["paths.runs=wrong,slow,fine"], ["paths.runs=slow,stopped,fine"], ["paths.runs=wrong,other", *elsewhere])
    done = subprocess.run(
        [sys.executable, "verb.py"], input=json.dumps([["-m", *each] for each in values]),
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    told = re.findall("^(?:began|code) .*", done.stdout, flags=re.MULTILINE)
    assert told[:4] == ["began wrong", "began slow", "began fine", "code 2"]
    assert told[4:7] == ["began slow", "began stopped", "code 130"]
    assert told[-1] == "code 2"


def test_the_package_alone_is_no_command_and_names_those_there_are(tmp_path: Path) -> None:
    done = run("emolab", cwd=tmp_path)
    assert done.returncode == 2
    for verb in SCHEMAS:
        assert re.search(rf"\b(emolab|experiments|realtime)\.{verb}\b", done.stderr)


@pytest.mark.parametrize("asked", [["--help"], ["--cfg", "job"]])
def test_what_nobody_reads_ends_a_command_quietly(tmp_path: Path, asked: list[str]) -> None:
    ours, its = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "emolab.train", *asked]
    buffered = {**environment(), "PYTHONUNBUFFERED": ""}  # else Hydra itself meets the broken pipe, and tells of it
    done = subprocess.run(command, cwd=tmp_path, env=buffered, stdout=its, stderr=subprocess.PIPE, check=False)
    os.close(its)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_pipe_that_breaks_elsewhere_is_still_a_fault(capsys: pytest.CaptureFixture) -> None:
    def fail() -> None:
        raise BrokenPipeError

    assert exit_code(fail) == 70
    assert "BrokenPipeError" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["emolab.train", "experiments.compare", "realtime.viewer"])
def test_ctrl_c_while_a_command_is_still_being_imported_leaves_no_traceback(tmp_path: Path, module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", module]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while not re.search(r"\| +emolab$", process.stderr.readline()):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (-signal.SIGINT, 130)


def test_a_missing_run_is_exit_code_two_with_a_message(tmp_path: Path) -> None:
    done = run("emolab.evaluate", "ckpt=best", "ckpt.where.model=vgg19", cwd=tmp_path)
    assert done.returncode == 2
    assert "no finished run where model=vgg19" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_tiny_training_of_the_other_tests_is_a_right_command() -> None:
    assert OverridesParser.create().parse_overrides(list(TINY))
    check_command("train", [*TINY, "data.root=faces"])


def test_an_error_that_names_what_a_terminal_would_act_on_is_told_with_escapes(capsys: pytest.CaptureFixture) -> None:
    def fail() -> None:
        raise DataError("data.root=\x1b[31mred\u200d\u3000: no such folder\ngive another")

    assert exit_code(fail) == 2
    assert capsys.readouterr().err == "error: data.root=\\x1b[31mred\u200d\u3000: no such folder\ngive another\n"


def test_a_warning_that_names_what_a_terminal_would_act_on_is_told_with_escapes(tmp_path: Path) -> None:
    program = (
        "import logging; from emolab.config.command import hydra_main\n"
        "warn = logging.getLogger('emolab.engines').warning\n"
        "hydra_main('doctor', lambda settings: warn('skipping %s\\nand on', 'a\\x1b[2Jb'), [])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), check=True)
    assert done.stdout == "skipping a\\x1b[2Jb\nand on\n"
