"""Reads what Hilum's results say, from the DICOM objects as they lie in the PACS."""

import dataclasses
import io

import pydicom

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SCORE_CONCEPTS = {("122157", "DCM"), ("model-score", "99HILUM")}


def score_text(score):
    """A score for people, who never read one as certain."""
    text = f"{score:.2f}"
    return {"1.00": ">0.99", "0.00": "<0.01"}.get(text, text)


@dataclasses.dataclass
class Diagnosis:
    """One image's outcome: what was found and its score, or why there is none."""

    text: str
    score: float = None
    reason: str = ""
    frame: int = None  # of the image; None: the outcome is of the image as a whole

    @property
    def analysed(self):
        return self.score is not None

    def __str__(self):
        return f"{self.text} ({score_text(self.score)})" if self.analysed else self.reason


def code_of(sequence):
    item = sequence[0]
    return item.CodeValue, item.CodingSchemeDesignator


def content_items(container):
    """The item and everything below it, in order."""
    yield container
    for child in container.get("ContentSequence", []):
        yield from content_items(child)


def predecessors(report):
    """The SOP Instance UIDs of the reports that it replaces."""
    return [item.ReferencedSOPInstanceUID
            for study in report.PredecessorDocumentsSequence for series in study.ReferencedSeriesSequence
            for item in series.ReferencedSOPSequence]


def diagnosis_in(item):
    diagnosis = Diagnosis(item.ConceptCodeSequence[0].CodeMeaning)
    for child in item.get("ContentSequence", []):
        if "ConceptNameCodeSequence" not in child:  # the source image
            diagnosis.frame = child.ReferencedSOPSequence[0].get("ReferencedFrameNumber")
            continue
        concept = code_of(child.ConceptNameCodeSequence)
        if child.ValueType == "NUM" and concept in SCORE_CONCEPTS:
            diagnosis.score = float(child.MeasuredValueSequence[0].NumericValue)
        if child.ValueType == "TEXT" and concept == ("not-analysed", "99HILUM"):
            diagnosis.reason = child.TextValue
    return diagnosis


def diagnoses(report):
    """The Diagnosis of each image that a report (bytes or dataset) tells of."""
    if isinstance(report, bytes):
        report = pydicom.dcmread(io.BytesIO(report))
    return [diagnosis_in(item) for item in content_items(report)
            if item.get("ValueType") == "CODE" and "ConceptNameCodeSequence" in item
            and code_of(item.ConceptNameCodeSequence) == ("ai-diagnosis", "99HILUM")]
