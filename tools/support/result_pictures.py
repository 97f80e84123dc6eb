"""What tools/result_pictures runs when everything is built: a node analyses radiographs for a destination of each
style, and what it made is written as PNG."""

import argparse
import json
import pathlib
import sys
import tempfile

import pydicom
from PIL import Image

from local_services import Hilum, ServiceError, wait_until
from render_state import render

SEED = 4  # a phantom with pneumonia, as the model sees it
COLUMNS = 560
COLOURS = 256  # of the palette, so that a picture has less than 200 kB


def configuration(folder, model):
    def destination(style):
        return {"name": style, "ae_title": "NOBODY", "host": "127.0.0.1", "port": 1, "send": ["sc"],
                "sc": {"style": style}}

    return json.dumps({
        "node": {"data_dir": str(folder / "data")},
        "scp": {"port": 0, "bind": "127.0.0.1", "min_free_space": "16MiB", "accept": [{"any": True}]},
        "models": [{"package": str(model), "device": "cpu"}],
        "study": {"idle_timeout": "500ms", "max_age": "none"},
        "destinations": [destination("overlay"), destination("presentation_state")],
        "http": {"listen": "127.0.0.1:0"},
    })


def run(node, *arguments):
    done = node.run(*arguments)
    if done.returncode != 0:
        raise ServiceError(f"hilum {arguments[0]}: {done.stdout}{done.stderr}")


def results_of(node, count):
    def jobs():
        return json.loads(node.ask("/api/v1/jobs?limit=1000")[1])["jobs"]

    wait_until(lambda: sum(job["kind"] == "report" and job["state"] == "composed" for job in jobs()) == count, 300,
               f"{count} studies are reported")
    return [pydicom.dcmread(file) for file in sorted((node.folder / "data" / "results").glob("*.dcm"))]


def write(picture, file):
    picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(file, optimize=True)
    print(f"{file}: {file.stat().st_size // 1000} kB")


def make(options, folder):
    node = Hilum(options.binaries, folder / "node",
                 configuration(folder / "node", options.source / "config" / "models" / "demo"))
    node.start()
    try:
        files = [file.resolve() for file in options.files]
        if not files:
            run(node, "phantom", "--class", "pneumonia", "--seed", SEED, "--out", folder / "phantoms")
            files = sorted((folder / "phantoms").glob("*.dcm"))
        run(node, "send", "--host", "127.0.0.1", "--port", node.port, "--aec", "HILUM", *files)
        results = results_of(node, len(files))
    finally:
        node.stop()
    captures = {data_set.SOPInstanceUID: data_set for data_set in results if data_set.Modality == "OT"}
    options.out.mkdir(parents=True, exist_ok=True)
    for number, colour in enumerate(capture for capture in captures.values() if capture.SamplesPerPixel == 3):
        picture = Image.fromarray(colour.pixel_array)
        height = round(COLUMNS * picture.height / picture.width)
        write(picture.resize((COLUMNS, height), Image.LANCZOS), options.out / f"capture{number or ''}.png")
    for number, state in enumerate(data_set for data_set in results if data_set.Modality == "PR"):
        image = state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
        write(render(captures[image], state, COLUMNS), options.out / f"presentation-state{number or ''}.png")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("files", type=pathlib.Path, nargs="*")
    options = parser.parse_args()
    options.out = options.out or options.source / "docs" / "images"
    with tempfile.TemporaryDirectory(prefix="hilum-pictures-") as folder:
        make(options, pathlib.Path(folder))


if __name__ == "__main__":
    try:
        main()
    except ServiceError as error:
        sys.exit(str(error))
