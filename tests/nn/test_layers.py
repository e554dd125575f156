"""Every layer against PyTorch's: what it prints, its parameters' names and shapes, its starting values, its training step.

One table; each row is an expression in the `nn` of either library and the inputs of a call.
"""

from __future__ import annotations

import inspect

import pytest

import minigrad
from minigrad import nn

from .compare import assert_same, assert_same_training_step, copy_weights, torch

pytestmark = pytest.mark.filterwarnings("ignore")


def f(*shape):
    """Floats; the numbers differ from call to call and are the same in every run."""
    f.seed += 1
    return torch.randn(shape, generator=torch.Generator().manual_seed(f.seed))


def i(high, *shape):
    """Integers below `high`."""
    f.seed += 1
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(f.seed))


def u(*shape):
    """Floats between 0 and 1."""
    return f(*shape).sigmoid()


f.seed = 0

LAYERS = [
    ("Identity(3, a=4)", [f(2, 3)]),
    ("Linear(3, 5)", [f(4, 3)]),
    ("Linear(3, 5, bias=False)", [f(2, 4, 3)]),
    ("Bilinear(3, 4, 2)", [f(5, 3), f(5, 4)]),
    ("Conv1d(2, 4, 3, stride=2, padding=1)", [f(2, 2, 9)]),
    ("Conv1d(4, 4, 3, groups=4, bias=False)", [f(2, 4, 9)]),
    ("Conv2d(2, 4, 3)", [f(2, 2, 6, 7)]),
    ("Conv2d(2, 4, (3, 5), stride=(1, 2), padding=(1, 2), dilation=(2, 1))", [f(2, 2, 8, 9)]),
    ("Conv2d(2, 4, 3, padding='same', dilation=2, groups=2)", [f(2, 2, 6, 7)]),
    ("Conv2d(2, 4, 4, padding='same', padding_mode='circular')", [f(2, 2, 6, 7)]),
    ("Conv2d(2, 4, 3, padding='valid')", [f(2, 6, 7)]),
    ("Conv2d(2, 3, 3, padding=(2, 1), padding_mode='reflect')", [f(2, 2, 6, 7)]),
    ("Conv2d(2, 3, 3, padding=1, padding_mode='replicate', bias=False)", [f(2, 2, 6, 7)]),
    ("Conv3d(1, 2, 2)", [f(2, 1, 3, 4, 5)]),
    ("ConvTranspose1d(2, 4, 3, stride=2)", [f(2, 2, 5)]),
    ("ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2)", [f(2, 4, 4, 5)]),
    ("ConvTranspose2d(4, 2, 4, dilation=2, bias=False)", [f(2, 4, 4, 5)]),
    ("ConvTranspose3d(2, 1, 2, stride=2)", [f(1, 2, 2, 3, 2)]),
    ("MaxPool1d(2)", [f(2, 3, 9)]),
    ("MaxPool2d((2, 3), stride=1, padding=(1, 1), ceil_mode=True)", [f(2, 3, 6, 7)]),
    ("MaxPool2d(2, return_indices=True)", [f(2, 3, 6, 7)]),
    ("MaxPool2d(3, 2, dilation=2)", [f(2, 3, 9, 9)]),
    ("MaxPool3d(2)", [f(2, 3, 4, 4, 4)]),
    ("AvgPool1d(2)", [f(2, 3, 9)]),
    ("AvgPool2d(3, stride=2, padding=1, count_include_pad=False)", [f(2, 3, 6, 7)]),
    ("AvgPool2d((2, 2), ceil_mode=True)", [f(2, 3, 5, 5)]),
    ("AvgPool2d(2, divisor_override=3)", [f(2, 3, 4, 4)]),
    ("AvgPool3d(2)", [f(2, 3, 4, 4, 4)]),
    ("AdaptiveAvgPool1d(3)", [f(2, 3, 7)]),
    ("AdaptiveAvgPool2d((1, None))", [f(2, 3, 6, 7)]),
    ("AdaptiveAvgPool2d(4)", [f(2, 3, 6, 7)]),
    ("AdaptiveAvgPool3d(2)", [f(2, 3, 4, 5, 3)]),
    ("AdaptiveMaxPool1d(3)", [f(2, 3, 7)]),
    ("AdaptiveMaxPool2d((2, 3))", [f(2, 3, 6, 7)]),
    ("AdaptiveMaxPool3d(2)", [f(2, 3, 4, 5, 3)]),
    ("LPPool1d(2, 3, stride=2)", [u(2, 3, 9)]),
    ("LPPool2d(1, (2, 3), ceil_mode=True)", [u(2, 3, 5, 7)]),
    ("LPPool3d(3, 2)", [u(2, 3, 4, 4, 4)]),
    ("MaxUnpool1d(2)", [f(2, 3, 3), torch.tensor([0, 3, 4]).expand(2, 3, 3)]),
    ("MaxUnpool2d(2, stride=(2, 1))", [f(1, 2, 2), torch.tensor([[[0, 1], [4, 5]]])]),
    ("MaxUnpool3d(2)", [f(1, 1, 1, 1), torch.tensor([[[[5]]]])]),
    ("BatchNorm1d(3)", [f(5, 3)]),
    ("BatchNorm1d(3, momentum=None)", [f(5, 3, 4)]),
    ("BatchNorm2d(3, eps=1e-3, momentum=0.3)", [f(4, 3, 2, 2)]),
    ("BatchNorm2d(3, affine=False, track_running_stats=False)", [f(4, 3, 2, 2)]),
    ("BatchNorm2d(3, bias=False)", [f(4, 3, 2, 2)]),
    ("BatchNorm2d(3).eval()", [f(4, 3, 2, 2)]),
    ("BatchNorm3d(2)", [f(4, 2, 2, 2, 2)]),
    ("InstanceNorm1d(3)", [f(3, 6)]),
    ("InstanceNorm2d(3, affine=True, track_running_stats=True)", [f(2, 3, 4, 4)]),
    ("InstanceNorm3d(3)", [f(2, 3, 2, 3, 4)]),
    ("LayerNorm(5)", [f(2, 3, 5)]),
    ("LayerNorm((3, 5), eps=1e-3)", [f(2, 3, 5)]),
    ("LayerNorm(5, elementwise_affine=False)", [f(2, 3, 5)]),
    ("LayerNorm(5, bias=False)", [f(2, 3, 5)]),
    ("RMSNorm(5)", [f(2, 3, 5)]),
    ("RMSNorm((3, 5), eps=1e-3, elementwise_affine=False)", [f(2, 3, 5)]),
    ("GroupNorm(2, 6)", [f(2, 6, 4)]),
    ("GroupNorm(3, 6, affine=False)", [f(2, 6, 3, 3)]),
    ("LocalResponseNorm(2)", [f(2, 5, 3, 3)]),
    ("Dropout(0.3)", [f(20, 30)]),
    ("Dropout(0.3).eval()", [f(4, 5)]),
    ("Dropout1d(0.3)", [f(4, 5, 3)]),
    ("Dropout2d(0.3)", [f(4, 5, 3, 3)]),
    ("Dropout3d(0.3)", [f(4, 5, 3, 3, 2)]),
    ("AlphaDropout(0.3)", [f(4, 50)]),
    ("FeatureAlphaDropout(0.3)", [f(4, 50, 3)]),
    ("Embedding(7, 3)", [i(7, 2, 4)]),
    ("Embedding(7, 3, padding_idx=-2)", [i(7, 20)]),
    ("Embedding(7, 3, max_norm=1.0, norm_type=1.0)", [i(7, 5)]),
    ("Embedding(7, 3, scale_grad_by_freq=True)", [i(7, 20)]),
    ("EmbeddingBag(7, 3)", [i(7, 2, 4)]),
    ("EmbeddingBag(7, 3, mode='sum', max_norm=1.0, padding_idx=2)", [i(7, 9), torch.tensor([0, 2, 5])]),
    ("EmbeddingBag(7, 3, mode='max', include_last_offset=True)", [i(7, 9), torch.tensor([0, 2, 9])]),
    ("ReLU()", [f(3, 4)]),
    ("ReLU6()", [f(3, 4) * 4]),
    ("LeakyReLU()", [f(3, 4)]),
    ("LeakyReLU(0.2)", [f(3, 4)]),
    ("PReLU()", [f(3, 4)]),
    ("PReLU(4, init=0.1)", [f(3, 4, 2)]),
    ("RReLU().eval()", [f(3, 4)]),
    ("Threshold(0.1, 20)", [f(3, 4)]),
    ("ELU(0.7)", [f(3, 4)]),
    ("CELU(0.7)", [f(3, 4)]),
    ("SELU()", [f(3, 4)]),
    ("GELU()", [f(3, 4)]),
    ("GELU('tanh')", [f(3, 4)]),
    ("SiLU()", [f(3, 4)]),
    ("Mish()", [f(3, 4)]),
    ("Hardswish()", [f(3, 4) * 3]),
    ("Hardsigmoid()", [f(3, 4) * 3]),
    ("GLU()", [f(3, 4)]),
    ("GLU(0)", [f(4, 3)]),
    ("Sigmoid()", [f(3, 4)]),
    ("Tanh()", [f(3, 4)]),
    ("Hardtanh()", [f(3, 4)]),
    ("Hardtanh(0, 6)", [f(3, 4)]),
    ("Softsign()", [f(3, 4)]),
    ("LogSigmoid()", [f(3, 4)]),
    ("Softplus(2)", [f(3, 4)]),
    ("Hardshrink()", [f(3, 4)]),
    ("Softshrink(0.3)", [f(3, 4)]),
    ("Tanhshrink()", [f(3, 4)]),
    ("Softmax(dim=1)", [f(3, 4)]),
    ("Softmin(1)", [f(3, 4)]),
    ("LogSoftmax(dim=-1)", [f(3, 4)]),
    ("Softmax2d()", [f(2, 3, 4, 4)]),
    ("Flatten()", [f(2, 3, 4)]),
    ("Flatten(0, 1)", [f(2, 3, 4)]),
    ("Unflatten(1, (2, 3))", [f(2, 6, 4)]),
    ("PixelShuffle(2)", [f(2, 8, 3, 3)]),
    ("PixelUnshuffle(2)", [f(2, 2, 4, 6)]),
    ("ChannelShuffle(2)", [f(2, 6, 3)]),
    ("Upsample(scale_factor=2)", [f(2, 3, 4)]),
    ("Upsample((6, 9), mode='bilinear', align_corners=True)", [f(2, 3, 4, 5)]),
    ("Upsample(scale_factor=(2, 3), mode='bilinear')", [f(2, 3, 4, 5)]),
    ("UpsamplingNearest2d(scale_factor=2)", [f(2, 3, 4, 5)]),
    ("UpsamplingBilinear2d(7)", [f(2, 3, 4, 5)]),
    ("Unfold((2, 3), dilation=1, padding=1, stride=2)", [f(2, 3, 6, 7)]),
    ("Fold((4, 5), 2)", [f(2, 12, 12)]),
    ("ZeroPad1d(2)", [f(2, 3, 4)]),
    ("ZeroPad2d((1, 2, 3, 0))", [f(2, 3, 4, 4)]),
    ("ZeroPad3d(1)", [f(1, 2, 2, 2, 2)]),
    ("ConstantPad1d(1, 2)", [f(2, 3, 4)]),
    ("ConstantPad2d(1, 3.5)", [f(2, 3, 4, 4)]),
    ("ConstantPad3d((1, 0, 1, 0, 0, 1), -1.0)", [f(1, 2, 2, 2, 2)]),
    ("ReflectionPad1d(2)", [f(2, 3, 4)]),
    ("ReflectionPad2d((1, 2, 0, 1))", [f(2, 3, 4, 4)]),
    ("ReflectionPad3d(1)", [f(1, 2, 3, 3, 3)]),
    ("ReplicationPad1d((3, 1))", [f(2, 3, 4)]),
    ("ReplicationPad2d(2)", [f(2, 3, 4, 4)]),
    ("ReplicationPad3d(1)", [f(1, 2, 3, 3, 3)]),
    ("CircularPad1d(2)", [f(2, 3, 4)]),
    ("CircularPad2d(1)", [f(2, 3, 4, 4)]),
    ("CircularPad3d(1)", [f(1, 2, 3, 3, 3)]),
    ("CosineSimilarity(dim=-1)", [f(3, 4), f(3, 4)]),
    ("PairwiseDistance(p=1, keepdim=True)", [f(3, 4), f(3, 4)]),
    ("L1Loss()", [f(3, 4), f(3, 4)]),
    ("MSELoss(reduction='sum')", [f(3, 4), f(3, 4)]),
    ("MSELoss(size_average=False)", [f(3, 4), f(3, 4)]),
    ("MSELoss(reduce=False)", [f(3, 4), f(3, 4)]),
    ("SmoothL1Loss(beta=0.5)", [f(3, 4), f(3, 4)]),
    ("HuberLoss(delta=0.5, reduction='none')", [f(3, 4), f(3, 4)]),
    ("PoissonNLLLoss(full=True)", [f(3, 4), u(3, 4) * 5]),
    ("GaussianNLLLoss()", [f(3, 4), f(3, 4), u(3, 4)]),
    ("CrossEntropyLoss()", [f(5, 4), i(4, 5)]),
    (
        "CrossEntropyLoss(torch.tensor([1.0, 2.0, 3.0, 4.0]), ignore_index=1, label_smoothing=0.1)",
        [f(5, 4, 3), i(4, 5, 3)],
    ),
    ("NLLLoss(reduction='none')", [f(5, 4), i(4, 5)]),
    ("BCELoss()", [u(3, 4), u(3, 4)]),
    ("BCELoss(torch.tensor([1.0, 2.0, 3.0, 4.0]))", [u(3, 4), u(3, 4)]),
    ("BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))", [f(3, 4), u(3, 4)]),
    ("SoftMarginLoss()", [f(3, 4), i(2, 3, 4) * 2 - 1]),
    ("MultiLabelSoftMarginLoss()", [f(3, 4), u(3, 4).round()]),
    ("MultiLabelMarginLoss()", [f(2, 4), torch.tensor([[3, 0, -1, 1], [1, -1, 0, 2]])]),
    ("MultiMarginLoss(p=2, margin=0.5)", [f(3, 4), i(4, 3)]),
    ("KLDivLoss(reduction='batchmean')", [f(3, 4), u(3, 4)]),
    ("KLDivLoss(log_target=True)", [f(3, 4), f(3, 4)]),
    ("MarginRankingLoss(0.1)", [f(4), f(4), f(4).sign()]),
    ("HingeEmbeddingLoss()", [u(4), f(4).sign()]),
    ("CosineEmbeddingLoss(0.1)", [f(4, 3), f(4, 3), i(2, 4) * 2 - 1]),
    ("TripletMarginLoss(swap=True)", [f(4, 3), f(4, 3), f(4, 3)]),
    ("TripletMarginWithDistanceLoss()", [f(4, 3), f(4, 3), f(4, 3)]),
    ("RNNCell(3, 4)", [f(2, 3), f(2, 4)]),
    ("RNNCell(3, 4, bias=False, nonlinearity='relu')", [f(2, 3)]),
    ("LSTMCell(3, 4)", [f(2, 3)]),
    ("GRUCell(3, 4)", [f(3), f(4)]),
    ("RNN(3, 4, 2, nonlinearity='relu')", [f(5, 2, 3)]),
    ("RNN(3, 4, bidirectional=True, bias=False)", [f(5, 2, 3), f(2, 2, 4)]),
    ("LSTM(3, 4, 2, batch_first=True)", [f(2, 5, 3)]),
    ("LSTM(3, 4, 2, bidirectional=True, proj_size=2)", [f(5, 2, 3)]),
    ("GRU(3, 4, 2, bidirectional=True)", [f(5, 2, 3)]),
    ("GRU(3, 4)", [f(5, 3), f(1, 4)]),
    ("LSTM(3, 4, 2, dropout=0.5)", [f(5, 2, 3)]),
    ("MultiheadAttention(8, 2)", [f(5, 2, 8), f(4, 2, 8), f(4, 2, 8)]),
    ("MultiheadAttention(8, 2, batch_first=True, bias=False)", [f(2, 5, 8), f(2, 4, 8), f(2, 4, 8)]),
    ("MultiheadAttention(8, 4, kdim=3, vdim=5, add_bias_kv=True)", [f(5, 2, 8), f(4, 2, 3), f(4, 2, 5)]),
    ("MultiheadAttention(8, 2, add_zero_attn=True)", [f(5, 8), f(4, 8), f(4, 8)]),
    ("TransformerEncoderLayer(8, 2, 16, dropout=0.0)", [f(5, 2, 8)]),
    ("TransformerEncoderLayer(8, 2, 16, 0.0, 'gelu', batch_first=True, norm_first=True, bias=False)", [f(2, 5, 8)]),
    ("TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0), 2, nn.LayerNorm(8))", [f(5, 2, 8)]),
    ("TransformerDecoderLayer(8, 2, 16, dropout=0.0, norm_first=True)", [f(5, 2, 8), f(4, 2, 8)]),
    ("TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, 0.0), 2)", [f(5, 2, 8), f(4, 2, 8)]),
    ("Transformer(8, 2, 1, 1, 16, dropout=0.0)", [f(5, 2, 8), f(4, 2, 8)]),
    ("Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2)))", [f(5, 3)]),
    ("LazyLinear(4)", [f(5, 3)]),
    ("LazyConv2d(4, 3, groups=1, bias=False)", [f(2, 3, 5, 5)]),
    ("LazyConvTranspose2d(4, 3, 2)", [f(2, 3, 5, 5)]),
    ("LazyBatchNorm2d()", [f(2, 3, 5, 5)]),
    ("LazyInstanceNorm1d()", [f(2, 3, 5)]),
    ("DataParallel(nn.Linear(3, 2))", [f(4, 3)]),
]

DEPRECATED = {"min_value", "max_value"}  # Hardtanh's older names of its limits
NAMES = [expression for expression, _ in LAYERS]


def build(expression, library, seed=0):
    library.manual_seed(seed)
    return eval("nn." + expression, {"nn": library.nn, "torch": library})


def is_lazy(expression):
    return expression.startswith("Lazy")


@pytest.mark.parametrize("expression", NAMES)
def test_layer_prints_as_in_pytorch(expression):
    assert repr(build(expression, minigrad)) == repr(build(expression, torch))


@pytest.mark.parametrize("expression", NAMES)
def test_same_seed_gives_pytorchs_starting_values(expression):
    if is_lazy(expression):
        pytest.skip("has none before the first call")
    ours = build(expression, minigrad)
    next_draws = minigrad.rand(3).tolist()
    theirs = build(expression, torch)
    assert torch.rand(3).tolist() == next_draws  # no draw more, no draw less
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert_same(ours.state_dict()[name], value, 1e-6)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@pytest.mark.parametrize(("expression", "inputs"), LAYERS, ids=NAMES)
def test_training_step_agrees_with_pytorch(expression, inputs):
    ours, theirs = build(expression, minigrad), build(expression, torch)
    if not is_lazy(expression):
        copy_weights(ours, theirs)
    assert_same_training_step(ours, theirs, *inputs)


@pytest.mark.parametrize("name", sorted({expression.split("(")[0] for expression in NAMES}))
def test_constructor_takes_pytorchs_arguments(name):
    def signature(cls):
        parameters = inspect.signature(cls).parameters.values()
        return [(p.name, p.kind, "callable" if callable(p.default) else p.default) for p in parameters]

    theirs = [p for p in signature(getattr(torch.nn, name)) if p[0] not in DEPRECATED]
    if is_lazy(name) and not name.endswith(("Norm1d", "Norm2d")):
        pytest.skip("passes its arguments on")
    if theirs[0][0] == "args" and name != "Sequential":
        pytest.skip("PyTorch hides the arguments of this one")
    assert signature(getattr(nn, name)) == theirs
