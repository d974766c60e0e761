"""What a SavedModel would run, read without running it: it came with a run's folder, and that may come from anybody."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from emolab.errors import RunError

# Arithmetic, shapes and calls: none of them reaches a file, the network or Python. Ours use some thirty; the others are
# what further layers of Keras are made of.
ARITHMETIC = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AvgPool BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd BroadcastArgs
    BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D Conv2DBackpropInput Cos Cumsum DepthToSpace
    DepthwiseConv2dNative DivNoNan Einsum Elu Equal Erf Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod
    FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity IdentityN If LRN LeakyRelu Less LessEqual
    Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg
    NoOp NotEqual OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder Pow PreventGradient Prod Range Rank
    ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeBicubic ResizeBilinear ResizeNearestNeighbor ReverseV2
    Round Rsqrt Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice Softmax Softplus Softsign SpaceToBatchND
    SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StatelessIf StatelessWhile
    StopGradient StridedSlice Sub Sum Tanh Tile TopKV2 Transpose TruncateDiv Unpack While ZerosLike
    """.split()
)
OBJECTS = frozenset({"user_object", "function", "bare_concrete_function", "variable", "constant"})


def check_graph(saved_model: Path, operations: Collection[str] = (), objects: Collection[str] = ()) -> None:
    """Refuse a SavedModel in which anything but arithmetic could be run by loading or calling it.

    Looked at are all functions that its objects have, and whatever those call. What TensorFlow adds to save and restore
    the variables is called by neither, since loading restores them itself.

    Args:
        saved_model: its folder.
        operations: allowed besides `ARITHMETIC`.
        objects: kinds of objects allowed besides `OBJECTS`; others run functions while they are loaded.

    Raises:
        RunError: naming the operation or the kind of object.
    """
    graph = _graph(saved_model)
    for one in graph.object_graph_def.nodes:
        kind = one.WhichOneof("kind")
        if (kind not in OBJECTS and kind not in objects) or one.saveable_objects or one.registered_saver:
            raise _refused(saved_model, f"a {kind or 'nameless object'} that does work of its own when it's loaded")
    library = {function.signature.name: function for function in graph.graph_def.library.function}
    for name in sorted(_reached(library, graph.object_graph_def.concrete_functions)):
        for node in library[name].node_def:
            if node.op not in ARITHMETIC and node.op not in operations and node.op not in library:
                raise _refused(saved_model, f"the operation {node.op}")


def _graph(saved_model: Path) -> Any:
    from tensorflow.python.saved_model import loader_impl  # the very function by which TensorFlow reads what it loads

    try:
        graphs = loader_impl.parse_saved_model(str(saved_model)).meta_graphs
    except (OSError, ValueError) as error:
        raise RunError(f"{saved_model} can't be read as a SavedModel: {error}") from error
    if len(graphs) != 1 or not graphs[0].object_graph_def.nodes:
        raise _refused(saved_model, "a graph of TensorFlow 1, which is run as it's loaded")
    return graphs[0]


def _reached(library: dict[str, Any], first: Collection[str]) -> set[str]:
    """The names of the library's functions that these call, at any depth, and their own."""
    reached: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name in library and name not in reached:
            reached.add(name)
            waiting += [called for node in library[name].node_def for called in (node.op, *_called(node))]
    return reached


def _called(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        yield value.func.name
        yield from (function.name for function in value.list.func)


def _refused(saved_model: Path, what: str) -> RunError:
    return RunError(
        f"{saved_model} holds {what}, which no network of emolab needs: refused, since it might read or write files. "
        "If the run is your own, delete the engine's folder and export again"
    )
