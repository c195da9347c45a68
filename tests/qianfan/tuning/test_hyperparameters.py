"""Which hyper-parameters a model has, and which values fit them."""

import math

import numpy as np
import pytest

from ernie_magic.errors import InvalidOption
from ernie_magic.qianfan.tuning.hyperparameters import HyperParameter, read_tunable_models

EPOCH = HyperParameter("epoch", "int", "range", (1, 50), 1)
RATE = HyperParameter("learningRate", "float", "range", (1e-06, 4e-05), 3e-05)
LENGTH = HyperParameter("maxSeqLen", "int", "choice", (512, 4096), 4096)
LINEAR = HyperParameter("loraAllLinear", "string", "choice", ("True", "False"), "True")
MODULES = HyperParameter("loraTargetModules", "string", "mult_choice", ("q", "v"), ["q"])
PACKING = HyperParameter("Packing", "boolean", "choice", (True, False), True)
FREE = HyperParameter("weightDecay", "float", "range", (), 0.1)


@pytest.mark.parametrize(
    ("parameter", "value", "sent"),
    [
        (EPOCH, 1, 1),
        (EPOCH, 50, 50),
        (EPOCH, 3.0, 3),
        (EPOCH, np.int64(4), 4),
        (RATE, 4e-05, 4e-05),
        (RATE, np.float64(2e-05), 2e-05),
        (LENGTH, 512, 512),
        (LINEAR, False, "False"),
        (LINEAR, "True", "True"),
        (MODULES, ("q", "v"), ["q", "v"]),
        (PACKING, False, False),
        (FREE, 17, 17),
    ],
)
def test_a_value_that_fits_is_sent_as_its_type(parameter, value, sent):
    fitted = parameter.fit_value(value)
    assert (fitted, type(fitted)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (EPOCH, 0),
        (EPOCH, 51),
        (EPOCH, 1.5),
        (EPOCH, True),
        (EPOCH, "3"),
        (EPOCH, None),
        (EPOCH, np.array([1, 2])),
        (EPOCH, 10**400),
        (RATE, 1e-7),
        (RATE, math.nan),
        (RATE, math.inf),
        (LENGTH, 513),
        (LINEAR, 1),
        (MODULES, "q"),
        (MODULES, ["k"]),
        (MODULES, []),
        (PACKING, 1),
        (PACKING, "True"),
        (FREE, "much"),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_refused_by_name(parameter, value):
    with pytest.raises(InvalidOption, match=parameter.key) as caught:
        parameter.fit_value(value)
    assert "\n" not in caught.value.line("zh")


@pytest.mark.parametrize(
    ("parameter", "value", "told"),
    [
        (EPOCH, 0, "epoch=0 does not fit. What to do: give a whole number in 1 – 50."),
        (LENGTH, 5, "maxSeqLen=5 does not fit. What to do: choose from 512, 4096."),
        (FREE, "x", "weightDecay='x' does not fit. What to do: give a number."),
        (
            MODULES,
            "q",
            "loraTargetModules='q' does not fit. What to do: give a list with any of q, v.",
        ),
    ],
)
def test_an_error_tells_what_to_give(parameter, value, told):
    with pytest.raises(InvalidOption) as caught:
        parameter.fit_value(value)
    assert caught.value.line("en") == told


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        ["ERNIE"],
        [{"model": ""}],
        [{"modelType": "text2text"}],
    ],
)
def test_a_reply_that_lists_no_models_is_an_empty_list(reply):
    assert read_tunable_models(reply) == []


@pytest.mark.parametrize(
    ("told", "fits", "unfit"),
    [
        (["1", "50"], 50, 51),
        ([7], 7, 8),
        ([1, None], 10**6, 1.5),
        ("1-50", 10**6, "1"),
        ([{}, {}], 10**6, None),
    ],
)
def test_a_range_that_is_written_otherwise_is_a_range_or_none(told, fits, unfit):
    entry = {"key": "epoch", "type": "int", "checkType": "range", "checkValue": told}
    scale = {"parameterScale": "LoRA", "supportHyperParameterConfig": [entry]}
    modes = [{"trainMode": "SFT", "supportParameterScale": [scale]}]
    (model,) = read_tunable_models([{"model": "m", "supportTrainMode": modes}])
    parameter = model.find_method("SFT", "").find_hyper_parameter("epoch")
    assert parameter.fit_value(fits) == fits
    with pytest.raises(InvalidOption):
        parameter.fit_value(unfit)


def test_a_way_that_is_listed_twice_has_the_hyper_parameters_of_both():
    scales = [
        {"parameterScale": "LoRA", "supportHyperParameterConfig": [{"key": key, "type": "int"}]}
        for key in ("epoch", "loraRank")
    ]
    modes = [{"trainMode": "SFT", "supportParameterScale": scales}]
    (model,) = read_tunable_models([{"model": "m", "supportTrainMode": modes}])
    (method,) = model.methods
    assert [each.key for each in method.hyper_parameters] == ["epoch", "loraRank"]
    assert method.find_hyper_parameter("lora_rank").allowed == ()
