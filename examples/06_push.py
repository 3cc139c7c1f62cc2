"""Publish a trained model with its card on a Hub; without --push, write the same folder and send nothing.

    python examples/06_push.py --model OUT --repo ward3/notes-ner
    python examples/06_push.py --model OUT --repo ward3/notes-ner --push
    HF_ENDPOINT=https://hub.hospital.example python examples/06_push.py --model OUT --repo ward3/notes-ner --push

OUT is what `hf-cner train` or examples/01_fine_tune.py left. The upload is one commit, private unless you say --public,
and never goes over other content. `hf-cner push` does the same as this script; `model.push_to_hub` and
`trainer.push_to_hub` work as for every model of transformers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hf_cner.data.folders import new_folder
from hf_cner.hub.upload import private_hub_without_xet, upload_folder


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--repo", required=True, help="name on the Hub, as organisation/name")
    parser.add_argument("--push", action="store_true", help="upload it; HF_TOKEN or `hf auth login` say who you are")
    parser.add_argument(
        "--public", action="store_true", help="let everybody see it; a model of patients' text is private"
    )
    parser.add_argument("--license", default="other", help="of the model, by the Hub's name [other]")
    parser.add_argument("--output-dir", type=Path, help="folder to write [default: beside the model, NAME-hub]")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    private_hub_without_xet()  # before huggingface_hub is imported: a Hub of your own may know LFS alone

    from hf_cner.hub.card import About
    from hf_cner.hub.folder import CARD, assemble, left_here, written_names

    model = options.model.resolve()
    names = written_names(model)
    target = options.output_dir or model.with_name(f"{model.name}-hub")
    about = About(name=options.repo.rpartition("/")[2], repo=options.repo, licence=options.license)
    with new_folder(target, writes=lambda name: str(name) in names, overwrite=True) as folder:
        assemble(model, folder, about)  # checks that nothing is missing, and that the card's metadata are valid
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path.name}")
    print(f"Stays here: {', '.join(left_here(model)) or 'nothing'}")
    if not options.push:
        print(f"Nothing was sent. Read {target / CARD}, then add --push; or carry the folder to where it is needed.")
        return
    print(upload_folder(target, options.repo, private=not options.public))


if __name__ == "__main__":
    main()
