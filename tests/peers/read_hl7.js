// What node-hl7-client reads in an HL7 v2 message: node read_hl7.js FILE
// Prints [{"name": "PID", "fields": {"3": [repetition, ...]}}, ...]: a repetition is a list of components, a component
// a text without escapes, or a list of such where it has subcomponents. Empty fields are left out.
"use strict";

const fs = require("fs");
const { Message } = require("node-hl7-client");

function componentOf(component) {
    const texts = component.children.map((subcomponent) => subcomponent.toString());
    return texts.length > 1 ? texts : texts[0] ?? "";
}

function repetitionOf(repetition) {
    return repetition.children.map(componentOf);
}

function segmentOf(segment) {
    const isHeader = segment.name === "MSH";
    const fields = {};
    segment.children.forEach((field, index) => {
        if (index === 0 || field.toRaw() === "") {
            return;
        }
        // MSH-1 is the field separator itself; MSH-2 is no text with delimiters, but the delimiters.
        const number = isHeader ? index + 1 : index;
        fields[number] = isHeader && index === 1 ? [[field.toRaw()]] : field.children.map(repetitionOf);
    });
    if (isHeader) {
        fields[1] = [[segment.toRaw().charAt(3)]];
    }
    return { name: segment.name, fields };
}

const text = fs.readFileSync(process.argv[2], "utf8");
if (!/^MSH.{5}/.test(text) || /\n/.test(text)) {
    throw new Error("a message begins with MSH, and its segments end with a carriage return alone");
}
const message = new Message({ text: text.replace(/\r$/, "") });
console.log(JSON.stringify(message.children.map(segmentOf)));
