"""The table of engines for each model and size, made again: what `engine=all` says, and how near the peak it is.

    python benchmarks/engines.py --csv fer2013.csv.gz [--models vgg19 ...] [--sizes 48 96] [--work folder]
    python benchmarks/engines.py --trained runs/custom_cnn/<id> ...      (finished runs, with their own data)

Without `--trained`, each network is trained shortly on a stratified part of FER2013: its speed is that of any
training, and its parity is proved on that part, but its accuracy says nothing. Trained runs are judged on their whole
validation set. Every export is a process of its own, and leaves `<model>-<pixels>.md`, `.csv` and `.png` in
`results/engines/`; `README.md` there sums them up. Run it on a quiet machine; the load is noted.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emolab import files, tables
from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.engines.backends.onnxruntime import OPSET
from emolab.engines.gates import was_judged
from emolab.engines.selection import engines_folder, engines_of
from emolab.models.cost import cost_of
from emolab.runs import RunRecord, list_runs
from emolab.runs.network import load_network

RESULTS = Path(__file__).parents[1] / "results" / "engines"
MODELS = ("mobilenetv2", "custom_cnn", "resnet50", "vgg19")
HEAD = (
    "network", "pixels", "GFLOP", "faces judged", "engine", "gates", "accuracy", "agreement", "p50 ms", "p95 ms",
    "x predict", "x SavedModel", "GFLOP/s", "of peak", "load",
)  # fmt: skip


def main() -> None:
    """Train where needed, export, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="FER2013's CSV")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[48, 96])
    parser.add_argument("--trained", nargs="+", type=Path, default=[], help="folders of finished runs")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="prepared data of the trained runs")
    parser.add_argument("--work", type=Path, default=Path("cache/engines-benchmark"), help="folder for runs made here")
    parser.add_argument("--train-images", type=int, default=2000)
    parser.add_argument("--validation-images", type=int, default=600)
    parser.add_argument("--export", nargs="*", default=[], help="more overrides of emolab.export")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for run in arguments.trained:
        export(RunRecord.open(run), arguments.cache, arguments.export)
    if arguments.csv is not None:
        faces = part_of(arguments.csv, arguments.work, arguments.train_images, arguments.validation_images)
        for size in arguments.sizes:
            for model in arguments.models:
                record = trained_shortly(model, size, faces, arguments.work)
                export(record, arguments.work / "cache", arguments.export)
    write_summary()


def part_of(csv: Path, work: Path, train: int, validation: int) -> Path:
    """Write a stratified part of FER2013 as a folder of photographs, named by its counts; return the folder."""
    folder = work / f"faces-{train}-{validation}"
    if folder.is_dir():
        return folder
    cfg = composed("prepare", ["data=fer2013", f"data.path={csv}", f"paths.cache={work / 'cache'}"])
    prepared = prepare_data(cfg)
    with files.write_folder(folder) as made:
        for split, count in (("train", train), ("validation", validation)):
            rows = np.random.default_rng(0).permutation(prepared.rows(split))[:count]
            for row in rows:
                place = made / split / prepared.classes[prepared.codes[row]]
                place.mkdir(parents=True, exist_ok=True)
                Image.fromarray(prepared.images[row]).save(place / f"{row}.png")
    return folder


def trained_shortly(model: str, size: int, faces: Path, work: Path) -> RunRecord:
    """Return a run of one short training; one on the same faces that's there already is taken."""
    name = f"short-{model}-{size}-{faces.name}"
    known = [run for run in list_runs(work / "runs") if run.name == name and run.status == "finished"]
    if known:
        return known[-1]
    _run(
        "emolab.train", f"model={model}", f"name={name}", "data=folder", f"data.root={faces}",
        f"data.image_size={size}", "trainer.epochs=1", "evaluate=false", *_paths(work / "runs", work / "cache"),
    )  # fmt: skip
    return trained_shortly(model, size, faces, work)


def export(record: RunRecord, cache: Path, more: list[str]) -> None:
    """Export every engine of a run and keep its tables and numbers."""
    arguments = [f"ckpt={record.folder}", "engine=all", *_paths(record.folder.parents[1], cache), *more]
    _run("emolab.export", *arguments, allowed=(0, 1))  # 1: some engine fails a gate, which the table shows
    stem = f"{record.facts.model.name}-{record.facts.image_size}"
    for kind in ("md", "csv", "png"):
        shutil.copy(engines_folder(record) / f"table.{kind}", RESULTS / f"{stem}.{kind}")
    facts = record.facts
    kept = {
        "model": facts.model.name,
        "image_size": facts.image_size,
        "run": {"id": record.id, "name": record.name, "data": facts.data.name, "best": facts.monitor.best},
        "gflop": cost_of(load_network(record))["flops"] / 1e9,
        "peak_gflops": peaks(),
        "engines": timed(record),
    }
    files.write_json(RESULTS / f"{stem}.json", kept)


def timed(record: RunRecord) -> list[dict[str, Any]]:
    """Return the facts of a run's engines that were judged and timed, and didn't fail at work since."""
    return [engine.model_dump(exclude_unset=True) for engine in engines_of(record) if was_judged(engine)]


def peaks(side: int = 2048) -> dict[str, float]:
    """Return the most GFLOP/s (a multiplication and an addition are two) of a product of matrices, by number format.

    By NumPy in fp32, TensorFlow in bf16 and ONNX Runtime in int8: the fastest product that is at hand for each.
    """
    import onnxruntime
    import tensorflow as tf
    from onnx import TensorProto, helper

    random = np.random.default_rng(0)
    one, other = random.random((2, side, side), np.float32)
    names = {"a": TensorProto.UINT8, "b": TensorProto.INT8, "c": TensorProto.INT32}
    a, b, c = (helper.make_tensor_value_info(name, kind, [side, side]) for name, kind in names.items())
    graph = helper.make_graph([helper.make_node("MatMulInteger", ["a", "b"], ["c"])], "product", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    bytes_ = {"a": (one * 255).astype(np.uint8), "b": (other * 127).astype(np.int8)}
    halves = [tf.cast(matrix, tf.bfloat16) for matrix in (one, other)]
    products: dict[str, Callable[[], Any]] = {
        "fp32": lambda: one @ other,
        "bf16": lambda: tf.matmul(*halves).numpy(),
        "int8": lambda: session.run(None, bytes_),
    }
    return {precision: 2 * side**3 / _least_seconds(product) / 1e9 for precision, product in products.items()}


def _least_seconds(work: Callable[[], Any], seconds: float = 2.0) -> float:
    spent, began = [], time.perf_counter()
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return min(spent)


def write_summary() -> None:
    """Write the table of tables, `results/engines/README.md`."""
    text = ["# Engines\n", "Made by `python benchmarks/engines.py`; each row's run and hardware are in the `.json`.\n"]
    text += ["Of peak: of the fastest product of matrices here in the same number format.\n"]
    text += ["An accuracy of 0.111 is chance: a network made to be timed, whose accuracy gates say nothing.\n"]
    text += ["Load is how many processes wanted each core: above 1.5 the times say little, parity is what it is.\n"]
    results = [files.read_json(path) for path in sorted(RESULTS.glob("*.json"))]
    table = tables.markdown(HEAD, [_cells(kept, engine) for kept in results for engine in kept["engines"]])
    files.write_text(RESULTS / "README.md", "\n".join([*text, table]))


def _cells(kept: dict[str, Any], engine: dict[str, Any]) -> list[str]:
    latency, ratio, parity = engine["latency_ms"], engine["ratio"], engine["parity"]
    peak, load = kept["peak_gflops"].get(engine["precision"]), latency["load_per_core"]
    rate = kept["gflop"] / latency["p50"] * 1000
    bad = [name for name, passed in engine["gates"].items() if not passed]
    return [
        kept["model"],
        str(kept["image_size"]),
        f"{kept['gflop']:.2f}",
        f"{parity['n']} ({kept['run']['name']})",
        f"{engine['engine']} {engine['precision']}",
        f"failed: {', '.join(bad)}" if bad else "passed",
        f"{parity['accuracy_engine']:.3f}",
        f"{parity['agreement']:.4f}",
        f"{latency['p50']:.2f}",
        f"{latency['p95']:.2f}",
        f"{ratio['keras_predict']:.1f}",
        f"{ratio['savedmodel']:.1f}",
        f"{rate:.0f}",
        "" if peak is None else f"{rate / peak:.0%}",
        "" if load is None else f"{load:.1f}",
    ]


def _paths(runs: Path, cache: Path) -> list[str]:
    return [f"paths.runs={runs}", f"paths.cache={cache}"]


def _run(module: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    print(f"python -m {module} {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", module, *arguments], check=False)
    if done.returncode not in allowed:
        sys.exit(f"python -m {module} ended with {done.returncode}")


if __name__ == "__main__":
    main()
