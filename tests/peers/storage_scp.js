// A storage SCP of dcmjs-dimse on the loopback: node storage_scp.js FOLDER [PORT]
// Prints {"port": N} once it listens. Takes every storage class, uncompressed, and keeps each data set as it came, in
// FOLDER/<SOPInstanceUID>.dcm.
"use strict";

const fs = require("fs");
const path = require("path");
const dcmjs = require("dcmjs");
const { Scp, Server, constants, log, responses } = require("dcmjs-dimse");
const { PresentationContextResult, SopClass, Status, TransferSyntax } = constants;

const [folder, port = "0"] = process.argv.slice(2);
const storageClasses = "1.2.840.10008.5.1.4.1.1.";
const syntaxes = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian];
log.setLevel("error");

// DICOM PS3.10: preamble and file meta information as dcmjs writes them, then the data set.
function fileOf(dataset, elements, syntax) {
    const meta = dcmjs.data.DicomMetaDictionary.denaturalizeDataset({
        FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
        MediaStorageSOPClassUID: elements.SOPClassUID,
        MediaStorageSOPInstanceUID: elements.SOPInstanceUID,
        TransferSyntaxUID: syntax,
        ImplementationClassUID: "2.25.1",
    });
    return Buffer.concat([Buffer.from(new dcmjs.data.DicomDict(meta).write()), dataset]);
}

class Archive extends Scp {
    associationRequested(association) {
        for (const { id } of association.getPresentationContexts()) {
            const context = association.getPresentationContext(id);
            const sopClass = context.getAbstractSyntaxUid();
            const syntax = context.getTransferSyntaxUids().find((offered) => syntaxes.includes(offered));
            if (sopClass !== SopClass.Verification && !sopClass.startsWith(storageClasses)) {
                context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
            } else if (!syntax) {
                context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
            } else {
                context.setResult(PresentationContextResult.Accept, syntax);
            }
        }
        this.sendAssociationAccept();
    }

    associationReleaseRequested() {
        this.sendAssociationReleaseResponse();
    }

    cEchoRequest(request, callback) {
        const response = responses.CEchoResponse.fromRequest(request);
        response.setStatus(Status.Success);
        callback(response);
    }

    createDatasetFromStoreWritableStream(stream, context, callback) {
        this.received = { dataset: stream.toBuffer(), syntax: context.getAcceptedTransferSyntaxUid() };
        super.createDatasetFromStoreWritableStream(stream, context, callback);
    }

    cStoreRequest(request, callback) {
        const { dataset, syntax } = this.received;
        const elements = request.getDataset().getElements();
        const response = responses.CStoreResponse.fromRequest(request);
        const same = elements.SOPInstanceUID === request.getAffectedSopInstanceUid() &&
            elements.SOPClassUID === request.getAffectedSopClassUid();
        if (same && /^[0-9.]+$/.test(elements.SOPInstanceUID)) {
            const file = path.join(folder, elements.SOPInstanceUID);
            fs.writeFileSync(`${file}.tmp`, fileOf(dataset, elements, syntax));
            fs.renameSync(`${file}.tmp`, `${file}.dcm`);
            response.setStatus(Status.Success);
        } else {
            response.setStatus(Status.DataSetSopClassMismatch);
        }
        callback(response);
    }
}

const server = new Server(Archive);
server.on("networkError", (error) => console.error(error.message));
server.on("listening", () => console.log(JSON.stringify({ port: server.server.address().port })));
// The library hands this on to net.Server.listen; a port alone would listen on every address.
server.listen({ host: "127.0.0.1", port: Number(port) });
