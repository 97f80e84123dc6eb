// A storage SCU of dcmjs-dimse: node storage_scu.js PORT CALLED_AE_TITLE FILE...
// C-ECHO, then C-STORE of each file on one association; prints {"echo": STATUS, "store": [STATUS, ...]}.
"use strict";

const { Client, log, requests } = require("dcmjs-dimse");

const [port, called, ...files] = process.argv.slice(2);
const echo = new requests.CEchoRequest();
const stores = files.map((file) => new requests.CStoreRequest(file));
const result = { echo: null, store: files.map(() => null) };
log.setLevel("error");

function fail(what) {
    console.error(what);
    process.exit(1);
}

const client = new Client();
echo.on("response", (response) => { result.echo = response.getStatus(); });
stores.forEach((store, index) => {
    store.on("response", (response) => { result.store[index] = response.getStatus(); });
});
[echo, ...stores].forEach((request) => client.addRequest(request));
client.on("associationRejected", () => fail("the association was rejected"));
client.on("networkError", (error) => fail(error.message));
client.on("closed", () => console.log(JSON.stringify(result)));
client.send("127.0.0.1", Number(port), "DCMJS", called);
