"""Whatever is imported first, transformers knows our models and our task; and importing the package stays light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ORDERS = [  # each has broken, or would break, some way of registering that works with the others
    "from transformers import pipeline; import hf_cner",
    "import hf_cner; from transformers import PreTrainedModel",
    "import hf_cner; from transformers import BertModel",
    "import hf_cner; from transformers import AutoTokenizer",
    "import hf_cner.modeling.encoder_pretrained",
    "import hf_cner.modeling.modeling_cner_mrc",
    "import hf_cner.modeling.pipeline_cner",
]

# One process that has torch forks a fresh child for each order: the import of torch is what would take the time.
CHILDREN = """
import json, os, sys, traceback
import accelerate, torch._dynamo, torchcrf  # none of them imports transformers
assert "transformers" not in sys.modules, "then the orders below would all be the same"
for order in json.loads(sys.argv[1]):
    if os.fork() == 0:
        try:
            exec(order)
            import transformers as t
            from transformers.pipelines import PIPELINE_REGISTRY
            configs = {name: t.AutoConfig.for_model(name) for name in ("cner", "cner-mrc", "cner-encoder")}
            found = [
                type(t.AutoModelForTokenClassification.from_config(configs["cner"])).__name__,
                type(t.AutoModelForQuestionAnswering.from_config(configs["cner-mrc"])).__name__,
                *(type(t.AutoModel.from_config(config)).__name__ for config in configs.values()),
                PIPELINE_REGISTRY.check_task("clinical-ner")[1]["impl"].__name__,
            ]
        except BaseException:
            found = traceback.format_exc()
        print(json.dumps([order, found]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the orders are tried in forked processes")
def test_any_order_of_imports_registers_everything() -> None:
    command = [sys.executable, "-c", CHILDREN, json.dumps(ORDERS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stderr
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    classes = ["CnerForTokenClassification", "CnerForQuestionAnswering", "CnerModel", "CnerMrcModel"]
    expected = [*classes, "CnerEncoderModel", "ClinicalNerPipeline"]
    assert found == dict.fromkeys(ORDERS, expected)


def test_importing_the_package_loads_neither_torch_nor_transformers() -> None:
    code = "import sys, hf_cner; assert not {'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
