#!/usr/bin/env python3
"""Writes operators.json: schemas of ONNX's own operators that are in force at opset 13 or later.
python3 operators.py > operators.json (onnx 1.23.1)
A schema is "since | inputs | parameters | outputs | parameters | type variables | attributes": counts as least..most; a
parameter's type with ? optional, * variadic, ~ variadic of mixed types; attributes as name=TYPE, with ! where required."""
import json
import re
from collections import defaultdict

import onnx.defs

OLDEST = 13
NAMES = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift Cast CastLike Ceil Clip Compress Concat Constant
ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu Equal
Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater
GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN
LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean Min
Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan ScatterElements ScatterND Selu SequenceAt SequenceConstruct Shape Sigmoid Sign Sin Sinh Size Slice
Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu
Unsqueeze Upsample Where Xor
""".split()


def plain(type_name):
    return re.sub(r"^tensor\((\w+)\)$", r"\1", type_name)


def parameters(formal):
    option = {"Single": "", "Optional": "?", "Variadic": "*"}
    marks = [
        "~" if p.option.name == "Variadic" and not p.is_homogeneous else option[p.option.name] for p in formal
    ]
    return " ".join(plain(p.type_str) + mark for p, mark in zip(formal, marks))


def count(least, most):
    return f"{least}..{most if most < 2**31 - 1 else ''}"


sets = {}
histories = defaultdict(list)
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "" and schema.name in NAMES:
        histories[schema.name].append(schema)
operators = {}
for name in sorted(histories):
    history = sorted(histories[name], key=lambda schema: schema.since_version)
    first = max((s.since_version for s in history if s.since_version <= OLDEST), default=0)
    operators[name] = []
    for s in history:
        if s.since_version < first:
            continue
        if s.deprecated:
            operators[name].append(f"{s.since_version} | deprecated")
            continue
        variables = []
        for c in s.type_constraints:
            allowed = " ".join(sorted(map(plain, c.allowed_type_strs)))
            variables.append(f"{c.type_param_str}={sets.setdefault(allowed, len(sets))}")
        attributes = [f"{a.name}={a.type.name}{'!' if a.required else ''}" for a in s.attributes.values()]
        parts = [
            str(s.since_version),
            count(s.min_input, s.max_input),
            parameters(s.inputs),
            count(s.min_output, s.max_output),
            parameters(s.outputs),
            " ".join(variables),
            " ".join(sorted(attributes)),
        ]
        operators[name].append(" | ".join(parts))
print(json.dumps({"about": " ".join(__doc__.split()), "types": list(sets), "operators": operators}, indent=2))
