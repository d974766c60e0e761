"""What a SavedModel would run, read without running it: it came with a run's folder, and that may come from anybody."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from emolab.errors import RunError

# Arithmetic, shapes, variables and calls, and what joins the names of checkpoints: none of them reaches a file, the
# network or Python. Ours use some forty; the others are what further layers of Keras are made of.
ARITHMETIC = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AssignVariableOp AvgPool BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd
    BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D Conv2DBackpropInput Cos Cumsum
    DepthToSpace DepthwiseConv2dNative DisableCopyOnRead DivNoNan Einsum Elu Equal Erf Exp ExpandDims Expm1 Fill Floor
    FloorDiv FloorMod FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity IdentityN If LRN LeakyRelu
    Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool Maximum Mean Min Minimum
    MirrorPad Mul Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder Pow PreventGradient Prod
    Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    ReverseV2 Round Rsqrt Select SelectV2 Selu Shape ShapeN ShardedFilename Sigmoid Sign Sin Size Slice Softmax Softplus
    Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall
    StatelessIf StatelessWhile StaticRegexFullMatch StopGradient StridedSlice StringJoin Sub Sum Tanh Tile TopKV2
    Transpose TruncateDiv Unpack VarHandleOp VarIsInitializedOp While ZerosLike
    """.split()
)
SAVING = frozenset({"SaveV2", "MergeV2Checkpoints"})  # in the one function that would write the variables anew
RESTORING = frozenset({"RestoreV2"})  # in the one that reads them, by which LiteRT's converter does
OBJECTS = frozenset({"user_object", "function", "bare_concrete_function", "variable", "constant"})
CLASSES = frozenset({"", "tf.TrackableConstant"})  # by other names TensorFlow makes objects that run functions


def check_graph(saved_model: Path, operations: Collection[str] = (), objects: Collection[str] = ()) -> None:
    """Refuse a SavedModel in which anything but arithmetic could be run by loading, converting or calling it.

    Looked at are all functions and the whole graph around them, since what TensorFlow runs of these is said in many
    places. Only the two functions that save and restore the variables may do that, where nobody else calls them.

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
        if kind not in OBJECTS and kind not in objects:
            raise _refused(saved_model, f"a {kind or 'nameless object'} that does work of its own when it's loaded")
        if one.registered_name not in CLASSES:
            raise _refused(saved_model, f"a {one.registered_name} that does work of its own when it's loaded")
        if one.saveable_objects or one.registered_saver or one.slot_variables:
            raise _refused(saved_model, f"a {kind} that is saved in a way of its own")
    allowed, savers = ARITHMETIC | frozenset(operations), _savers(graph)
    for function in graph.graph_def.library.function:
        if "api_implements" in function.attr or function.signature.name in allowed:
            raise _refused(saved_model, "a function that may be called in another's place")
        _check_nodes(saved_model, function.node_def, allowed | savers.get(function.signature.name, frozenset()))
    _check_nodes(saved_model, graph.graph_def.node, allowed)


def nodes_of(saved_model: Path, operation: str) -> set[str]:
    """Return the names of a SavedModel's nodes of this operation, in its functions and around them.

    Raises:
        RunError: if it can't be read.
    """
    return {node.name for node in _every(_graph(saved_model)) if node.op == operation}


def _check_nodes(saved_model: Path, nodes: Collection[Any], allowed: Collection[str]) -> None:
    for node in nodes:
        if node.op not in allowed:
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


def _savers(graph: Any) -> dict[str, frozenset[str]]:
    """The functions that save and restore the variables, and the operations that they may hold besides.

    None is among them that is called elsewhere too, by a node or an object, or whose call is run for anything else.
    """
    nodes = {node.name: node for node in graph.graph_def.node}
    called = Counter([*_held(graph.object_graph_def), *(name for node in _every(graph) for name in _called(node))])
    run, saver = set(_run(graph)), graph.saver_def
    savers: dict[str, frozenset[str]] = {}
    for call, operations in ((saver.save_tensor_name, SAVING), (saver.restore_op_name, RESTORING)):
        node = nodes.get(_node(call))
        if node is not None and node.name not in run:
            savers |= {name: operations for name in _called(node) if called[name] == 1}
    return savers


def _every(graph: Any) -> Iterator[Any]:
    """All nodes, of the functions and of the graph around them."""
    yield from graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield from function.node_def


def _held(objects: Any) -> Iterator[str]:
    """The names of the functions that objects have."""
    yield from objects.concrete_functions
    for one in objects.nodes:
        yield from one.function.concrete_functions
        yield one.bare_concrete_function.concrete_function_name


def _run(graph: Any) -> Iterator[str]:
    """The names of the nodes that are run while it's loaded, for a signature, or for another node."""
    for collection in graph.collection_def.values():
        yield from map(_node, collection.node_list.value)
    for signature in graph.signature_def.values():
        yield from (_node(output.name) for output in signature.outputs.values())
    for node in graph.graph_def.node:
        yield from map(_node, node.input)


def _node(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]


def _called(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)


def _refused(saved_model: Path, what: str) -> RunError:
    return RunError(
        f"{saved_model} holds {what}, which no network of emolab needs: refused, since it might read or write files. "
        "If the run is your own, delete the engine's folder and export again"
    )
