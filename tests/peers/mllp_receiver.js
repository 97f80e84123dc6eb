// An MLLP receiver of nodehl7 on the loopback: node mllp_receiver.js FILE AA|AE|AR|never [PORT]
// Prints {"port": N} once it listens. Appends each message to FILE as one line of JSON, {"message": TEXT}, and answers
// with that acknowledgement code, or not at all.
"use strict";

const fs = require("fs");
const { MLLPServer } = require("nodehl7");

const [file, answer, port = "0"] = process.argv.slice(2);
if (!["AA", "AE", "AR", "never"].includes(answer)) {
    throw new Error("usage: node mllp_receiver.js FILE AA|AE|AR|never [PORT]");
}

function acknowledge(message, code) {
    const header = message.split("\r")[0];
    const separator = header.charAt(3);
    const [, encoding, application, facility, toApplication, toFacility, , , type, control, processing, version] =
        header.split(separator);
    const event = type.split("^")[1];
    return [
        ["MSH", encoding, toApplication, toFacility, application, facility, "20260101120000", "", `ACK^${event}^ACK`,
            `A${control}`, processing, version].join(separator),
        ["MSA", code, control].join(separator),
    ].map((segment) => `${segment}\r`).join("");
}

const server = new MLLPServer((bytes, reply) => {
    const message = bytes.toString("utf8");
    fs.appendFileSync(file, `${JSON.stringify({ message })}\n`);
    if (answer !== "never") {
        reply(acknowledge(message, answer));
    }
});
server.on("error", (error) => console.error(error.message));
server.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
