// What dcmjs reads in DICOM files: node read_dicom.js FILE...
// Prints a list with, for each, {"syntax", "attributes": {keyword: value}, "pixels": bytes of Pixel Data, "content": of a
// Structured Report, its root item}. An item is {"relationship", "type", "concept", "value", "children"}, a code
// {"value", "scheme", "meaning"}.
"use strict";

const fs = require("fs");
const { data, log } = require("dcmjs");
log.setLevel("error");

function first(sequence) {
    return sequence === undefined ? undefined : sequence[0];
}

function codeIn(sequence) {
    const code = first(sequence);
    return code && {
        value: code.CodeValue ?? code.LongCodeValue ?? code.URNCodeValue,
        scheme: code.CodingSchemeDesignator,
        meaning: code.CodeMeaning,
    };
}

function templateOf(item) {
    const template = first(item.ContentTemplateSequence);
    return template && `${template.MappingResource} ${template.TemplateIdentifier}`;
}

const readers = {
    CONTAINER: (item) => ({ continuity: item.ContinuityOfContent, template: templateOf(item) }),
    CODE: (item) => codeIn(item.ConceptCodeSequence),
    TEXT: (item) => item.TextValue,
    UIDREF: (item) => item.UID,
    PNAME: (item) => item.PersonName,
    DATE: (item) => item.Date,
    TIME: (item) => item.Time,
    DATETIME: (item) => item.DateTime,
    NUM: (item) => {
        const measured = first(item.MeasuredValueSequence);
        return measured && { number: measured.NumericValue, units: codeIn(measured.MeasurementUnitsCodeSequence) };
    },
    IMAGE: (item) => {
        const image = first(item.ReferencedSOPSequence);
        return {
            sopClass: image.ReferencedSOPClassUID, sopInstance: image.ReferencedSOPInstanceUID,
            frame: image.ReferencedFrameNumber,
        };
    },
};

function contentOf(item) {
    const read = readers[item.ValueType];
    if (!read) {
        throw new Error(`value type ${item.ValueType}`);
    }
    return {
        relationship: item.RelationshipType,
        type: item.ValueType,
        concept: codeIn(item.ConceptNameCodeSequence),
        value: read(item),
        children: [...(item.ContentSequence ?? [])].map(contentOf),
    };
}

function read(path) {
    const file = data.DicomMessage.readFile(new Uint8Array(fs.readFileSync(path)).buffer);
    const dataset = data.DicomMetaDictionary.naturalizeDataset(file.dict);
    const { PixelData, ContentSequence, ...attributes } = dataset;
    return {
        syntax: file.meta["00020010"].Value[0],
        attributes,
        pixels: PixelData && PixelData[0].byteLength,
        content: attributes.ValueType && contentOf(dataset),
    };
}

const isOfDicom = (key) => !key.startsWith("_");  // dcmjs keeps its own notes in a dataset
console.log(JSON.stringify(process.argv.slice(2).map(read), (key, value) => (isOfDicom(key) ? value : undefined)));
