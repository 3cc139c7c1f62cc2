"""Run in a process of its own, with a cache of its own, that cannot import the package: loads what the Hub has.

python stranger.py TEXT REPOSITORY …
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.modules["hf_cner"] = None  # type: ignore[assignment]  # importing the package fails from here on

import torch  # noqa: E402
from huggingface_hub import hf_hub_download  # noqa: E402
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline  # noqa: E402

torch.set_num_threads(1)
text, *repositories = sys.argv[1:]
answers = {}
for repository in repositories:
    model = AutoModelForTokenClassification.from_pretrained(repository, trust_remote_code=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(repository, trust_remote_code=True)
    inputs = tokenizer(text, return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        output = model(**inputs)
    spans = model.decode(output.emissions, model.unit_mask(**inputs))[0]
    find = pipeline("clinical-ner", model=repository, trust_remote_code=True)
    found = [[entity["start"], entity["end"], entity["type"]] for entity in find(text)]
    assert found == [list(span[:3]) for span in spans]
    answers[repository] = {"spans": found, "logits": output.logits.double().sum().item()}
card = Path(hf_hub_download(repositories[0], "README.md")).read_text(encoding="utf-8")
examples = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
assert len(examples) == 3
for example in examples[1:]:  # without the package
    exec(example, {})
print(json.dumps(answers))
