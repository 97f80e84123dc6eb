"""The measured part of docs/pixels.md: which files are compared, how much they differ, and what is left out."""

import re

from pydicom.uid import UID

COMPARED = "<!-- compared: begin -->\n", "<!-- compared: end -->"
EXCLUDED = "<!-- excluded: begin -->\n", "<!-- excluded: end -->"


class Document:
    """Collects what a run finds, then writes it or says where a document has another set of files or columns."""

    def __init__(self, intensities, resizes):
        self.intensities, self.resizes = intensities, resizes
        self.compared, self.excluded = {}, {}  # by file name: lines of a table

    def add_compared(self, path, header, differences):
        """`differences`: (intensity, resize) -> (mean, largest)."""
        cells = []
        for intensity in self.intensities:
            of_intensity = [differences[intensity, resize] for resize in self.resizes]
            mean, largest = (max(values) for values in zip(*of_intensity))
            cells.append(f"{mean:.0e} / {largest:.0e}")
        self.compared[path.name] = row(path.name, UID(header.file_meta.TransferSyntaxUID).name, kind_of(header), *cells)

    def add_excluded(self, path, code, why):
        self.excluded[path.name] = row(path.name, f"`{code}`" if code else "none", why)

    def tables(self):
        head = row("File", "Transfer syntax", "Pixels", *(f"`{intensity}`" for intensity in self.intensities))
        return (table(head, self.compared), table(row("File", "Not analysed", "Why"), self.excluded))

    def write(self, file):
        text = file.read_text(encoding="utf-8")
        for (begin, end), lines in zip((COMPARED, EXCLUDED), self.tables()):
            before, after = text.split(begin)[0], text.split(end)[1]
            text = f"{before}{begin}{lines}{end}{after}"
        file.write_text(text, encoding="utf-8")

    def differences_from(self, file, whole):
        """What is stale. The figures may differ; where not `whole`, the document may have files that were not there."""
        text, stale = file.read_text(encoding="utf-8"), []
        for (begin, end), lines in zip((COMPARED, EXCLUDED), self.tables()):
            written = without_figures(text.split(begin)[1].split(end)[0])
            found = without_figures(lines)
            stale += [f"missing: {line}" for line in found if line not in written]
            if whole:
                stale += [f"surplus: {line}" for line in written if line not in found]
        stale += [f"not mentioned: {resize}" for resize in self.resizes if f"`{resize}`" not in text]
        return stale


def row(*cells):
    return f"| {' | '.join(cells)} |"


def table(head, rows):
    rule = "|---" * (head.count("|") - 1) + "|"
    return "\n".join([head, rule, *rows.values()]) + "\n"


def without_figures(lines):
    return [re.sub(r"\d\S* / \d\S*", "/", line) for line in lines.splitlines()]


def kind_of(header):
    frames = int(header.get("NumberOfFrames") or 1)
    return (f"{header.PhotometricInterpretation}, {header.BitsStored} of {header.BitsAllocated} bits" +
            (f", first of {frames} frames" if frames > 1 else ""))
