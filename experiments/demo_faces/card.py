"""The data card of the pack: what it is, how it was made, who is in it, what it's not good for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from emolab.data.readers.demo import FACES
from emolab.files import write_bytes, write_text
from experiments.demo_faces.casting import Shot
from experiments.demo_faces.expressions import CLASSES
from experiments.demo_faces.identity import Identity, sample_identity, tone_group

CARD, LICENSE = "DATA_CARD.md", "LICENSE"
DECADES = ((16, 29), (30, 44), (45, 59), (60, 78))

TEXT = """# The demo faces

{pictures} rendered photographs of {people} people who don't exist, each showing nine classes of facial expression once.
Made by `python -m experiments.demo_faces pack --seed {seed}`. Licence: CC0 1.0 (`LICENSE`): do with them what you like.

![each row a person, each column a class: {classes}](contact_sheet.jpg)

## What it's for
Trying emolab out: every command, in minutes, without any data of your own. It has a Kaggle competition's shape:
`train/<class>/<n>.jpg` with `train.csv`, `test_kaggle/<n>.jpg` with `sample_submission.csv`. What a competition keeps
to itself is here too: the test labels (`test_labels.csv`), and who is in which picture, with sex, age and skin tone
(`people.csv`). Nobody is in both `train/` and `test_kaggle/`.

## What it's not good for
- **Recognising real people's expressions.** The faces are rendered: hair is a bulge, skin has no pores, and a dozen
  movements stand for the thousands of a face. `results/demo/` in the repository shows how badly a network that learned
  them does on photographs.
- **Comparing networks or methods.** Nine classes that follow written recipes are easier than what people show.
- **Saying how fair a recogniser is.** Tones, sexes and ages are even here so that nothing hangs on them by accident;
  how a recogniser treats real people can only be found with photographs of them.
- **Learning what anybody feels.** The classes are names of expressions. What they say about feelings is disputed
  (Barrett et al., "Emotional expressions reconsidered", Psychological Science in the Public Interest, 2019).

## How it was made
- Shapes: MakeHuman's base mesh and identity targets (CC0), mixed at random: ancestry, sex, age, head, nose, mouth,
  eyes.
- Expressions: action units of the Facial Action Coding System by the combinations that Ekman and Friesen published for
  each emotion (EMFACS), made of MakeHuman's expression units and of Mika Suominen's ARKit face units (both CC0), with
  varied strength, asymmetry and left-out units. Contempt is on one side. `uncertain` is a blend of two emotions, or a
  very weak one. The strengths were tuned until networks trained on FER2013's photographs named them rightly more
  often; disgust stays the one that they see least.
- Skin: the lightness of the ten tones of the Monk Skin Tone scale (Ellis Monk, CC BY 4.0), evenly.
- Photographs: rendered with Mitsuba 3 at 96 pixels; camera, gaze, light, background, blur, noise and JPEG quality are
  drawn at random and know nothing of the expression. The crop follows the neutral face.

## Who is in it
| class | training | test |
| --- | --- | --- |
{class_rows}

| | training people | test people |
| --- | --- | --- |
{people_rows}

Ages run from 16 to 78; nobody has glasses, piercings, scars or a disability of the face.
"""


def write_card(folder: Path, seed: int, shots: Sequence[Shot]) -> None:
    """Write the data card of these photographs into `folder`, and the licence that it names."""
    trained = [sample_identity(seed, person) for person in sorted({shot.person for shot in shots if not shot.is_test})]
    tested = [sample_identity(seed, person) for person in sorted({shot.person for shot in shots if shot.is_test})]
    text = TEXT.format(
        pictures=len(shots),
        people=len(trained) + len(tested),
        seed=seed,
        classes=", ".join(CLASSES),
        class_rows=_class_rows(shots),
        people_rows=_people_rows(trained, tested),
    )
    write_text(folder / CARD, text)
    write_bytes(folder / LICENSE, (FACES / LICENSE).read_bytes())


def _class_rows(shots: Sequence[Shot]) -> str:
    counts = Counter((shot.label, shot.is_test) for shot in shots)
    return "\n".join(f"| {label} | {counts[label, False]} | {counts[label, True]} |" for label in CLASSES)


def _people_rows(trained: Iterable[Identity], tested: Iterable[Identity]) -> str:
    counts = [Counter(trait for identity in people for trait in _traits(identity)) for people in (trained, tested)]
    names = sorted({name for count in counts for name in count})
    return "\n".join(f"| {name} | {counts[0][name]} | {counts[1][name]} |" for name in names)


def _traits(identity: Identity) -> tuple[str, str, str]:
    """Return how the card counts a person: by sex, age and tone."""
    years = next(f"{low} to {high}" for low, high in DECADES if round(identity.age) <= high)
    return (
        f"sex: {identity.sex}",
        f"age: {years}",
        f"skin tone: {identity.tone:02d} of 10 ({tone_group(identity.tone)})",
    )
