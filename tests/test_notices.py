from pathlib import Path

from emolab.notices import LAW


def test_the_readme_says_of_the_law_what_reports_and_viewer_say() -> None:
    readme = Path(__file__).parents[1] / "README.md"
    assert LAW in " ".join(readme.read_text("utf-8").split())
