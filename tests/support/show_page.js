// Runs the script of the node's page (monitor/dashboard.cpp) without a browser, and prints what it shows.
// Reads {"page": HTML, "token": text or null, "answers": {path: {"status", "body"}}} from its input; a path without
// an answer fails. Prints {"asked": [{"path", "token"}], "elements":
// {id: {"hidden", "text", "rows": [[{"text", "kind"}]], "leaves": [{"text", "kind"}]}}}, after one more refresh.
"use strict";
const fs = require("fs");
const vm = require("vm");

class Element {
    constructor() {
        this.children = [];
        this.own = this.className = this.value = "";
        this.hidden = false;
        this.listeners = {};
    }
    appendChild(child) {
        this.children.push(child);
        return child;
    }
    replaceChildren() {
        this.children = [];
        this.own = "";
    }
    insertRow() {
        const row = this.appendChild(new Element());
        row.isRow = true;
        return row;
    }
    createTHead() { return this.appendChild(new Element()); }
    createTBody() { return this.appendChild(new Element()); }
    addEventListener(name, listener) { this.listeners[name] = listener; }
    set textContent(text) {
        this.replaceChildren();
        this.own = text;
    }
    get textContent() { return this.own + this.children.map(child => child.textContent).join(""); }
    get leaves() {
        return this.children.length ? this.children.flatMap(child => child.leaves) : [{ text: this.own, kind: this.className }];
    }
    get rows() {
        if (this.isRow) return [this.children.map(cell => ({ text: cell.textContent, kind: cell.className }))];
        return this.children.flatMap(child => child.rows);
    }
}

const { page, token, answers } = JSON.parse(fs.readFileSync(0, "utf8"));
const elements = new Map([...page.matchAll(/\bid="(\w+)"([^>]*)/g)].map(([, id, rest]) => {
    const element = new Element();
    element.hidden = /\bhidden\b/.test(rest);
    return [id, element];
}));

const asked = [];

// As a browser's: a field that is no Latin-1 throws.
async function fetched(path, { headers }) {
    const field = headers.Authorization || "";
    if (/[^\x00-\xff]/.test(field)) throw new TypeError("no Latin-1");
    asked.push({ path, token: field.replace("Bearer ", "") });
    const answer = answers[path];
    if (!answer) throw new Error(path + " is not there");
    return { status: answer.status, ok: answer.status < 300, json: async () => answer.body };
}

const settled = () => new Promise(resolve => setImmediate(resolve));

let refresh = () => {};

async function main() {
    const script = /<script>(.*)<\/script>/s.exec(page)[1];
    vm.runInNewContext(script, {
        document: { getElementById: id => elements.get(id), createElement: () => new Element() },
        fetch: fetched, setTimeout: next => { refresh = next; return 1; }, clearTimeout: () => {},
    });
    await settled();
    if (token) {
        elements.get("token").value = token;
        elements.get("login").listeners.submit({ preventDefault() {} });
        await settled();
    }
    refresh();
    await settled();
    process.stdout.write(JSON.stringify({ asked, elements: Object.fromEntries([...elements].map(([id, element]) =>
        [id, { hidden: element.hidden, text: element.textContent, rows: element.rows, leaves: element.leaves }])) }));
}

main();
