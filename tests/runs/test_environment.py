import subprocess
import sys

from emolab.runs import environment


def test_versions_are_those_installed_and_missing_packages_are_left_out(monkeypatch):
    monkeypatch.setattr(environment, "PACKAGES", ("filelock", "no-such-package"))
    assert set(environment.packages()) == {"python", "filelock"}


def test_a_folder_without_a_repository_has_no_state(tmp_path):
    assert environment.git(tmp_path) is None


def test_no_git_program_is_no_error(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.git() is None


def test_a_repository_tells_its_commit_and_whether_files_changed(tmp_path):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    state = environment.git(tmp_path)
    assert state is not None
    assert (state["commit"], state["changed"]) == (git("rev-parse", "HEAD"), False)
    (tmp_path / "file").write_text("two")
    changed = environment.git(tmp_path)
    assert changed is not None
    assert changed["changed"] is True


def test_a_package_inside_anothers_repository_is_not_part_of_it(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "site-packages").mkdir()
    assert environment.git(tmp_path / "site-packages") is None


def test_hardware_holds_what_a_number_depends_on():
    found = environment.hardware()
    assert found["cores"] >= 1
    assert found["host"]
    assert isinstance(found["gpus"], list)


def test_the_record_needs_neither_tensorflow_nor_wandb():
    code = "import sys, emolab.runs; sys.exit(bool({'tensorflow', 'keras', 'wandb'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
