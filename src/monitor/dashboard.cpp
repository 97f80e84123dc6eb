#include "monitor/dashboard.h"

namespace hilum::monitor {
namespace {

constexpr const char* page = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hilum</title>
<style>
:root { color-scheme: light dark; --ok: #1a7f37; --bad: #c62828; --soft: #6b7280; --line: #d0d7de; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ok: #4ac26b; --bad: #ff7b72; --soft: #9aa4b2; --line: #30363d; --card: #161b22; }
  body { background: #0d1117; color: #e6edf3; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
.soft { color: var(--soft); }
.lamps { display: flex; gap: .8rem; flex-wrap: wrap; margin-top: 1rem; }
.lamp { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem; }
.ok { color: var(--ok); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } td.number, th.number { text-align: right; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
form { margin-top: 1rem; } input, button { font: inherit; padding: .2rem .5rem; } input { width: 24rem; max-width: 100%; }
</style>
</head>
<body>
<header><h1>Hilum</h1><span id="version" class="soft"></span><span id="fetched" class="soft" role="status"></span></header>
<noscript><p>This page needs JavaScript; <a href="/readyz">/readyz</a> and <a href="/metrics">/metrics</a> do not.</p></noscript>
<form id="login"><label for="token">Token </label><input id="token" type="password" autocomplete="current-password" required>
<button>Show studies</button> <span id="refused" class="soft" role="status">Without a token this page shows no studies.</span></form>
<div class="lamps" id="lamps"></div>
<section id="mending" hidden><h2>To look at</h2><div class="scroll"><table id="troubles"></table></div></section>
<h2>Models</h2><div class="scroll"><table id="models"></table></div>
<h2>Jobs</h2><div class="scroll"><table id="queue"></table></div>
<h2>Destinations</h2><div class="scroll"><table id="destinations"></table></div>
<h2>Recent studies</h2><div class="scroll"><table id="studies"></table></div>
<h2>Processes</h2><div class="scroll"><table id="children"></table></div>
<script>
"use strict";
const by = id => document.getElementById(id);
// Names come from outside: nothing of them turns the page's text around or stays unseen.
const text = value => value === null || value === undefined ? "" :
  String(value).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "?");

function cell(row, tag, value, kind) {
  const element = row.appendChild(document.createElement(tag));
  element.textContent = text(value);
  if (kind) element.className = kind;
}

// columns: [title, function of the item, class or function of the item that gives one]
function fill(id, columns, items, nothing) {
  const table = by(id);
  table.replaceChildren();
  if (!items.length) { cell(table.insertRow(), "td", nothing, "soft"); return; }
  const head = table.createTHead().insertRow();
  for (const [title, , kind] of columns) cell(head, "th", title, kind === "number" ? kind : "");
  const body = table.createTBody();
  for (const item of items) {
    const row = body.insertRow();
    for (const [, get, kind] of columns) cell(row, "td", get(item), typeof kind === "function" ? kind(item) : kind);
  }
}

// `kind`: "ok", "bad", or "soft" where it is neither.
function lamp(name, kind, words) {
  const box = by("lamps").appendChild(document.createElement("div"));
  box.className = "lamp";
  cell(box, "span", kind === "ok" ? "\u25CF " : "\u25CB ", kind);
  cell(box, "span", name + ": " + words);
}

// Of the person who looks, and says of which zone it is.
function when(time) {
  const date = new Date(time);
  return !time || Number.isNaN(date.getTime()) ? text(time) : date.toLocaleString(undefined, { timeZoneName: "short" });
}

function receivingWords(health, status) {
  if (health.refusing) return "refusing: " + text(health.refusing);
  if (!health.receiving) return "no";
  const { scp_port: plain, scp_tls_port: tls } = status || {};
  return [plain && "DICOM port " + text(plain), tls && "DICOM port " + text(tls) + " (TLS)"].filter(Boolean).join(", ")
    || "the DICOM port is open";
}

function inferringLamp(health) {
  if (health.inferring) return ["ok", "the models are warm"];
  if (health.stores_only) return ["soft", "no active model: what is received is stored, and nothing is reported"];
  return ["bad", "not ready"];
}

// Nothing of `health` needs a token; where there is none, there is no status.
function showHealth(health, status) {
  by("lamps").replaceChildren();
  lamp("Receiving", health.receiving ? "ok" : "bad", receivingWords(health, status));
  lamp("Inferring", ...inferringLamp(health));
  for (const why of health.not_ready || []) lamp("Not ready", "bad", text(why));
  const troubles = [...(health.troubles || []).map(t => ({ where: t.where, what: t.message, since: t.since, bad: true })),
    ...(status ? troublesOf(status) : [])];
  by("mending").hidden = !troubles.length;
  fill("troubles", [["Where", t => t.where], ["What", t => t.what, t => t.bad ? "bad" : ""], ["Since", t => when(t.since)]],
    troubles, "");
}

// Those that no other table of the page shows.
function troublesOf(status) {
  const found = [], now = Date.now() / 1000, month = 30 * 24 * 3600;
  for (const c of status.certificates || []) {
    const ends = c.not_after, expired = ends <= now, early = c.not_before > now;
    const ahead = c.kind === "revocation_list" ? Math.min(month, (ends - c.not_before) / 4) : month;
    if (c.error) found.push({ where: c.use, what: "what was to be loaded for TLS is not in use: " + text(c.error), bad: true });
    if (early || ends && ends - now <= ahead)
      found.push({ where: c.use, what: "the " + text(c.kind).replace("_", " ") + " of " + text(c.subject) + " in " + text(c.source) +
        (early ? " is not valid before " + when(c.not_before * 1000) + ": check its dates and the node's clock"
          : (expired ? " has EXPIRED, " : " expires ") + when(ends * 1000)), bad: early || expired });
  }
  for (const s of status.audit_server_states || [])
    if (s.state === "down") found.push({ where: "audit.syslog " + text(s.name), what: s.error, since: s.since, bad: true });
  for (const c of status.children || [])
    if (c.forbidden_calls) found.push({ where: text(c.role) + " " + text(c.name), what: "killed " + text(c.forbidden_calls) +
      " times for a system call that its role may not make, last " + text(c.last_forbidden), bad: false });
  return found;
}

// Those configured, and others that results were made for.
function destinationsOf(status) {
  const all = new Map();
  for (const one of [...(status.destinations || []), ...(status.destination_states || [])])
    all.set(one.name, { ...all.get(one.name), ...one });
  return [...all.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

function showStatus(status) {
  by("version").textContent = "version " + text(status.version);
  fill("models", [["Name", m => m.name || m.package], ["Version", m => m.version], ["Device", m => m.device],
    ["State", m => m.state, m => m.state === "ready" ? "ok" : "bad"],
    ["Weights (SHA-256)", m => text(m.sha256).slice(0, 12)], ["Problem", m => m.error, "bad"]],
    status.models || [], "No model is configured.");
  const counts = [];
  for (const [kind, states] of Object.entries(status.queue || {}))
    for (const [state, count] of Object.entries(states)) counts.push({ kind, state, count });
  const failed = job => ["quarantined", "refused", "expired"].includes(job.state) ? "bad" : "";
  fill("queue", [["Kind", j => j.kind], ["State", j => j.state, failed], ["Jobs", j => j.count, "number"]],
    counts, "No jobs yet.");
  const state = d => d.paused_at ? "paused" : d.state === "down" ? "DOWN" : d.state || "-";
  fill("destinations", [["Name", d => d.name], ["State", state, d => state(d) === "up" ? "ok" : state(d) === "-" ? "soft" : "bad"],
    ["Since", d => when(d.paused_at || d.since)], ["Waiting", d => d.waiting || 0, "number"],
    ["Delivered", d => d.delivered || 0, "number"], ["Refused", d => d.refused || 0, "number"],
    ["Problem", d => d.error, "bad"], ["Last error", d => [when(d.last_error_at), d.last_error].filter(Boolean).join(": ")]],
    destinationsOf(status), "No destination is configured.");
  fill("children", [["Role", c => c.role], ["Name", c => c.name], ["Process", c => c.pid, "number"],
    ["State", c => c.state, c => c.state === "running" ? "ok" : "bad"], ["Restarts", c => c.restarts, "number"]],
    status.children || [], "No processes.");
}

// In the order of the first column.
function showStudies(answer) {
  fill("studies", [["Received last", s => when(s.received_at)],
    ["Accession number", s => s.accession_number], ["Study Instance UID", s => s.study_instance_uid],
    ["State", s => s.state, s => s.state === "failed" ? "bad" : ""],
    ["Marks", s => [s.urgent_at && "urgent", s.withdrawn_at && "withdrawn"].filter(Boolean).join(", ")],
    ["Images", s => s.instances, "number"], ["Diagnoses (AI)", s => s.diagnoses], ["Analyses", s => s.analyses],
    ["Results delivered", s => s.delivered, "number"],
    ["Problem", s => s.error || s.not_analysed, s => s.error ? "bad" : ""]], answer.studies || [], "No studies yet.");
}

// In this page's memory and nowhere else: it goes with the page.
let token = "";

function forget(why) {
  token = "";
  by("refused").textContent = why;
  by("refused").className = "bad";
  by("login").hidden = false;
  for (const id of ["queue", "destinations", "studies", "children"]) by(id).replaceChildren();
}

by("login").addEventListener("submit", event => {
  event.preventDefault();
  const typed = by("token").value.trim();
  by("token").value = "";
  if (!/^[!-~]+$/.test(typed)) { forget("This is no token: it has letters, digits and _ alone."); return; }
  token = typed;
  by("login").hidden = true;
  clearTimeout(timer);
  refresh();
});

// Who does not say why answers with a page.
async function errorOf(response) {
  try { return (await response.json()).error || {}; } catch { return {}; }
}

// What a role may not have is null; so is everything of a token that is not taken, which is forgotten: the status is for
// every role. Without a token the groups of the Unix socket give a role, elsewhere nobody has one.
async function get(path, shown) {
  const headers = shown ? { Authorization: "Bearer " + shown } : {};
  const response = await fetch(path, { cache: "no-store", credentials: "omit", headers });
  if (response.ok || path === "/readyz") return response.json();
  if (![401, 403, 429].includes(response.status)) throw new Error(path + " answers " + response.status);
  const why = response.status !== 403 ? shown && "This token is not known." :
    path === "/api/v1/status" && (text((await errorOf(response)).message) || path + " answers 403");
  if (why && shown === token) forget(why);
  return null;
}

// What is answered is shown, whatever is not. Studies are asked for where a token is shown, or a role is there without.
async function refreshAll() {
  const shown = token;
  const asked = await Promise.allSettled([get("/readyz", ""), get("/api/v1/status", shown)]);
  const [health, status] = asked.map(answer => answer.value);
  if (shown ? token : status) asked.push(...await Promise.allSettled([get("/api/v1/studies?limit=25", shown)]));
  const studies = asked[2]?.value;
  if (health) showHealth(health, status);
  if (status) showStatus(status);
  if (status && !shown) by("login").hidden = true;
  if (studies) showStudies(studies);
  else if (status && studies === null) fill("studies", [], [], "This role shows no studies.");
  const failed = asked.find(answer => answer.status === "rejected");
  if (failed) throw failed.reason;
}

let timer = 0, running = false, again = false;

async function refresh() {
  if (running) { again = true; return; }
  running = true;
  try {
    await refreshAll();
    by("fetched").textContent = "as of " + when(Date.now());
    by("fetched").className = "soft";
  } catch (error) {
    by("fetched").textContent = "not all is answered (" + text(error.message) + "); some of what stands here is old";
    by("fetched").className = "bad";
  }
  timer = setTimeout(refresh, again ? 0 : 5000);
  running = again = false;
}
refresh();
</script>
</body>
</html>
)html";

}  // namespace

Response dashboard() {
    auto response = text_response(boost::beast::http::status::ok, "text/html; charset=utf-8", page);
    response.set(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    return response;
}

}  // namespace hilum::monitor
