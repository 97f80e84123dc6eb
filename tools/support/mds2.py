"""Writes docs/mds2.md. The answers are in mds2.yaml; figures and tables in them come from where they are made: the configuration's
defaults, `hilumd --confinement`, the vocabulary of audit messages, TLS's list of suites, the table of ports. What an answer refers
to must exist: configuration keys, tests, places in documents, events, verbs, installed files."""

import argparse
import functools
import pathlib
import re
import subprocess
import sys

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "mds2.md"
ANSWERS = SOURCE / "tools" / "support" / "mds2.yaml"
SECTIONS = ("MPII", "ALOF", "AUDT", "AUTH", "CNFS", "CSUP", "DTBK", "EMRG", "IGAU", "MLDP", "NAUT", "CONN", "PAUT", "PLOK", "RDMP", "SBoM",
            "SAHD", "SGUD", "STCF", "TXCF", "TXIG", "RMOT", "OTHR")
WORDS = {True: "yes", False: "no", "yes": "yes", "no": "no", "n/a": "n/a", "notes": "see note"}
HEAD = """# Answers for a security officer (MDS2)

What a hospital asks before it connects a device, in the sections of the Manufacturer Disclosure Statement for Medical Device Security
(ANSI/NEMA HN 1-2019), for Hilum {version}. The questions are in our words, and their numbers are ours: whoever fills in the form itself finds here
what to write into it. It was made from the program's own tables and its configuration's defaults, and a test fails where it does not fit them any
more. Names in `code` under "shown by" are tests in Hilum's source, under "set by" keys of `/etc/hilum/hilum.yaml`. Hilum is no medical device and
nobody's product with a service contract: where the form asks what the manufacturer does, the answer is what the one who builds and installs
the package has to arrange. [security.md](security.md) has the whole of it.
"""


class Wrong(Exception):
    """An answer that refers to what does not exist, or cannot be read."""


# ---- what is looked up ----

@functools.cache
def configuration():
    """hilum.yaml with its examples."""
    text = (SOURCE / "config" / "hilum.yaml").read_text()
    text = re.sub(r"^#(?=  )", "", text, flags=re.MULTILINE)
    text = re.sub(r"^    # (tls:$|  (?:ca|certificate|key|server_name|expect|crl|minimum_version):)", r"    \1", text, flags=re.MULTILINE)
    return yaml.safe_load(text)


def setting(path):
    """The value of a key such as retention.keep or destinations[].tls.ca: the default, or what an example has."""
    found = [configuration()]
    for part in path.split("."):
        name, of_list = part.removesuffix("[]"), part.endswith("[]")
        found = [one[name] for one in found if isinstance(one, dict) and name in one]
        if of_list:
            found = [item for one in found for item in one or []]
    if not found:
        raise Wrong(f"there is no key {path} in config/hilum.yaml")
    return found[0]


def default(path):
    value = setting(path)
    if isinstance(value, (dict, list)) or value is None:
        raise Wrong(f"{path} has no single value")
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@functools.cache
def tests():
    """Of Python by their files, of C++ by their suites; test_registration sees that all of them run."""
    names = {file.stem for file in (SOURCE / "tests").rglob("test_*.py")}
    for file in (SOURCE / "tests").rglob("*.cpp"):
        names.update(re.findall(r"^(?:TEST(?:_F|_P)?|TYPED_TEST)\(\s*(\w+),", file.read_text(), re.MULTILINE))
    return names


def anchor_of(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def check_place(link):
    name, _, anchor = link.partition("#")
    page = SOURCE / "docs" / name
    if not page.is_file():
        raise Wrong(f"there is no docs/{name}")
    if anchor and anchor not in {anchor_of(one) for one in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)}:
        raise Wrong(f"docs/{name} has no heading for #{anchor}")


@functools.cache
def events():
    text = (SOURCE / "src" / "syslog" / "audit_vocabulary.cpp").read_text()
    return re.findall(r"""^\s+\{"(\w+)", \w+, '\w', \w+\},?$""", text, re.MULTILINE)


def check_verb(verb, binaries):
    asked = subprocess.run([binaries / "hilum", *verb.split(), "--help"], capture_output=True, text=True, check=False)
    if asked.returncode != 0 or verb.split()[-1] not in asked.stdout:
        raise Wrong(f"hilum has no verb {verb}")


# ---- tables ----

def table_in(text, first):
    """The Markdown table whose head begins like this."""
    found = re.search(rf"^{re.escape(first)}.*\n(?:\|.*\n)+", text + "\n", re.MULTILINE)
    if found is None:
        raise Wrong(f"there is no table {first}")
    return found[0].rstrip("\n").splitlines()


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def roles(binaries):
    asked = subprocess.run([binaries / "hilumd", "--confinement"], capture_output=True, text=True, check=True).stdout
    rows = [cells(row) for row in table_in(asked, "| role |")]
    wanted = [rows[0].index(name) for name in ("role", "files", "network", "processes", "a forbidden call")]
    return ["| " + " | ".join(row[at] for at in wanted) + " |" for row in rows]


def ports(_):
    return table_in((SOURCE / "docs" / "security.md").read_text(), "| port | direction |")


def audit_events(_):
    return [f"Events ({len(events())}): " + ", ".join(f"`{event}`" for event in events()) + "."]


def tls(_):
    text = (SOURCE / "src" / "base" / "tls" / "tls_context.cpp").read_text()

    def list_of(name):
        found = re.search(rf"const char\* {name} =\s*((?:\"[^\"]*\"\s*)+);", text)
        if found is None:
            raise Wrong(f"the source of TLS has no list {name}")
        return ", ".join("".join(re.findall(r'"([^"]*)"', found[1])).split(":"))

    return ["| | |", "|---|---|", f"| TLS 1.3 | {list_of('suites_of_1_3')} |", f"| TLS 1.2 | {list_of('suites_of_1_2')} |",
            f"| groups | {list_of('groups')} |"]


def retention(_):
    keys = [f"retention.{key}" for key in setting("retention")] + ["audit.keep", "audit.keep_unsent"]
    return ["| key | default |", "|---|---|", *(f"| `{key}` | {default(key)} |" for key in keys)]


TABLES = {"roles": roles, "ports": ports, "audit_events": audit_events, "tls": tls, "retention": retention}


# ---- the page ----

def filled(text, where):
    """With {default:KEY} and {count:events} in their places."""
    def value(match):
        kind, name = match[1], match[2]
        if kind == "default":
            return default(name)
        if (kind, name) == ("count", "events"):
            return str(len(events()))
        raise Wrong(f"{where}: {match[0]} means nothing")
    return re.sub(r"\{(\w+):([^}]+)\}", value, " ".join(text.split()))


def check(question, binaries):
    for key in question.get("set_by", []):
        setting(key)
    if unknown := set(question.get("shown_by", [])) - tests():
        raise Wrong(f"there is no test {', '.join(sorted(unknown))}")
    for link in question.get("see", []):
        check_place(link)
    if unknown := set(question.get("events", [])) - set(events()):
        raise Wrong(f"there is no event {', '.join(sorted(unknown))}")
    for verb in question.get("verbs", []):
        check_verb(verb, binaries)
    for file in question.get("installed", []):
        if f'"{file.lstrip("/")}"' not in (SOURCE / "tests" / "repository" / "test_packaging.py").read_text():
            raise Wrong(f"the package's test knows no {file}")
    if strangers := set(question) - {"ask", "answer", "note", "set_by", "shown_by", "see", "events", "verbs", "installed"}:
        raise Wrong(f"it has {', '.join(sorted(strangers))}")


def references(question):
    def code(names):
        return ", ".join(f"`{name}`" for name in names)

    parts = [("set by", code(question.get("set_by", []))), ("events", code(question.get("events", []))),
             ("verbs", code(f"hilum {verb}" for verb in question.get("verbs", []))), ("files", code(question.get("installed", []))),
             ("shown by", code(question.get("shown_by", []))),
             ("see", ", ".join(f"[{link.partition('#')[0]}]({link})" for link in question.get("see", [])))]
    told = "; ".join(f"{name} {what}" for name, what in parts if what)
    return told[:1].upper() + told[1:]


def row(number, question, binaries):
    try:
        check(question, binaries)
        note = filled(question.get("note", ""), number)
        told = ". ".join(part for part in (note.rstrip("."), references(question)) if part)
        return f"| {number} | {filled(question['ask'], number)} | {WORDS[question['answer']]} | {told} |".replace("|  |", "| |")
    except (Wrong, KeyError) as wrong:
        raise Wrong(f"{number}: {wrong}") from None


def section(about, binaries):
    name = about["section"]
    lines = [f"## {name}: {about['title']}", "", "| | question | answer | note |", "|---|---|---|---|"]
    lines += [row(f"{name}-{number}", question, binaries) for number, question in enumerate(about["questions"], 1)]
    for table in about.get("tables", []):
        lines += ["", *TABLES[table](binaries)]
    return "\n".join(lines) + "\n"


def page(answers, binaries):
    if [about["section"] for about in answers] != list(SECTIONS):
        raise Wrong(f"the sections are {', '.join(SECTIONS)}, each once and in this order")
    version = re.search(r"^project\(hilum VERSION ([\d.]+)", (SOURCE / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    return "\n".join([HEAD.format(version=version), *(section(about, binaries) for about in answers)])


def main():
    parser = argparse.ArgumentParser(prog="tools/mds2", description="Writes docs/mds2.md.")
    parser.add_argument("--binaries", type=pathlib.Path, default=SOURCE / "build" / "release" / "bin")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is not what it would be")
    options = parser.parse_args()
    try:
        text = page(yaml.safe_load(ANSWERS.read_text()), options.binaries)
    except Wrong as wrong:
        print(f"tools/mds2: {wrong}", file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print("tools/mds2: docs/mds2.md is not what its sources say: run tools/mds2", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
