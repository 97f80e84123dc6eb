"""The software bill of materials of a build, as CycloneDX 1.5 (ECMA-424 takes over from it): what the programs are linked with,
what headers were compiled into them, and the model packages that come along.

From facts alone: the libraries that the loader finds (ldd, readelf), the headers that ninja noted for each object, and dpkg's
database of who owns a file. The same build gives the same bytes: there is no time in it.
"""

import argparse
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import urllib.parse
import uuid

PROGRAMS = ("hilumd", "hilum", "hilum-worker", "hilum-train")
DPKG = pathlib.Path("/var/lib/dpkg/info")
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of URLs (RFC 4122, appendix C)


def output_of(*command, cwd=None):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd).stdout


def sha256_of(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@functools.cache
def owners():
    """Which package (name, or name:arch) brought a file."""
    found = {}
    for listing in DPKG.glob("*.list"):
        for name in listing.read_text(errors="replace").splitlines():
            found[name] = listing.stem
    return found


def spellings(file):
    """A path as dpkg may know it: /lib is a link to /usr/lib where the two are merged, and links lead on."""
    for name in dict.fromkeys((file, pathlib.Path(file).resolve().as_posix())):
        yield name
        yield name.removeprefix("/usr") if name.startswith("/usr/lib") else "/usr" + name


def package_of(file):
    return next((owners()[name] for name in spellings(file) if name in owners()), None)


@functools.cache
def described(package):
    fields = output_of("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${source:Package}", package)
    return dict(zip(("name", "version", "arch", "source"), fields.split("\t"), strict=True))


@functools.cache
def licences(package):
    """The short names in the package's copyright file, where that is machine-readable (DEP 5)."""
    file = pathlib.Path("/usr/share/doc") / described(package)["name"] / "copyright"
    if not file.exists():
        return []
    names = re.findall(r"^License: *(\S.*)$", file.read_text(errors="replace"), re.MULTILINE)
    return sorted({" ".join(name.split()) for name in names})


@functools.cache
def distribution():
    fields = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {key: fields.get(key, "").strip('"') for key in ("ID", "VERSION_ID")}


def libraries_of(program):
    """The files that the loader maps for it."""
    found = set()
    for line in output_of("ldd", program).splitlines():
        if "not found" in line:
            raise SystemExit(f"{program}: {line.strip()}")
        if mapped := re.search(r"(/\S+) \(0x", line):
            found.add(mapped[1])
    return found


def needed_by(file):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "-d", file))


def headers_of(build):
    """The headers of others that objects of the programs were compiled with."""
    headers, ours = set(), False
    for line in output_of("ninja", "-n", "-t", "deps", cwd=build).splitlines():
        if not line.startswith(" "):
            ours = line.startswith("src/")
        elif ours and line.strip().startswith("/usr/"):
            headers.add(line.strip())
    return headers


def debian_component(package, use):
    about, system = described(package), distribution()
    quoted = {key: urllib.parse.quote(value, safe="") for key, value in about.items()}
    purl = (f"pkg:deb/{system['ID']}/{quoted['name']}@{quoted['version']}"
            f"?arch={about['arch']}&distro={system['ID']}-{system['VERSION_ID']}")
    component = {"type": "library", "bom-ref": purl, "name": about["name"], "version": about["version"], "purl": purl,
                 "properties": [{"name": "hilum:source-package", "value": about["source"]},
                                {"name": "hilum:use", "value": use}]}
    if names := licences(package):
        component["licenses"] = [{"license": {"name": name}} for name in names]
    return component


def foreign_component(file):
    """A library that no package brought, such as upstream's LibTorch."""
    file = pathlib.Path(file)
    digest = sha256_of(file)
    return {"type": "library", "bom-ref": f"file:{file.name}:{digest}", "name": file.name,
            "hashes": [{"alg": "SHA-256", "content": digest}], "properties": [{"name": "hilum:use", "value": "linked"}]}


def model_component(folder):
    text = (folder / "model.yaml").read_text()
    said = {key: re.search(rf"^{key}:\s*(\S+)", text, re.MULTILINE)[1].strip("\"'") for key in ("name", "version", "sha256")}
    return {"type": "machine-learning-model", "bom-ref": f"model:{folder.name}", "name": said["name"], "version": said["version"],
            "hashes": [{"alg": "SHA-256", "content": said["sha256"].lower()}],
            "properties": [{"name": "hilum:use", "value": f"installed as models/{folder.name}"}]}


class Bill:
    """Components by what they are, and which depends on which."""

    def __init__(self):
        self.components, self.depends, self.refs = {}, {}, {}

    def add(self, component):
        self.components.setdefault(component["bom-ref"], component)
        self.depends.setdefault(component["bom-ref"], set())
        return component["bom-ref"]

    def library(self, file):
        if file not in self.refs:
            package = package_of(file)
            self.refs[file] = self.add(debian_component(package, "linked") if package else foreign_component(file))
        return self.refs[file]

    def sources(self):
        return {prop["value"] for one in self.components.values() for prop in one["properties"]
                if prop["name"] == "hilum:source-package"}


def bill_of(build, models, version):
    bill, root = Bill(), f"pkg:generic/hilum@{version}"
    direct = set()
    for program in (build / "bin" / name for name in PROGRAMS):
        files = {pathlib.Path(file).name: file for file in libraries_of(program)}
        for file in files.values():
            bill.library(file)
        links = [(program, direct)] + [(file, bill.depends[bill.library(file)]) for file in files.values()]
        for file, depends in links:
            depends.update(bill.library(files[name]) for name in needed_by(file) if name in files)
    linked = bill.sources()
    for package in sorted({package_of(header) for header in headers_of(build)} - {None}):
        if described(package)["source"] not in linked:
            direct.add(bill.add(debian_component(package, "compiled in")))
    for folder in models:
        direct.add(bill.add(model_component(folder)))
    edges = {root: direct, **{ref: depends - {ref} for ref, depends in bill.depends.items()}}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": root, "name": "hilum", "version": version, "purl": root,
                                   "description": "DICOM AI node for chest radiographs"}},
        "components": [bill.components[ref] for ref in sorted(bill.components)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(edges[ref])} for ref in sorted(edges)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of the build")
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("models", nargs="*", type=pathlib.Path, help="folders of the model packages that come along")
    arguments = parser.parse_args()
    bill = bill_of(arguments.build, arguments.models, arguments.version)
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(bill, sort_keys=True))}"
    arguments.output.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
