// The session: its notices, one reading after another, and saving.
const study = JSON.parse(document.getElementById("study").textContent);
const byId = id => document.getElementById(id);
const viewer = new Viewer();
const answers = new Answers(study);
const stopwatch = new Stopwatch(answers);
const questions = study.findings.map((finding, index) => new Question(finding, index));
let current = 0;  // the finding that keys are for
let ready = false;  // the picture is there, and answers are taken

// One finding: present or absent, and how sure.
function Question(finding, index) {
  const five = study.scale === 5;
  this.finding = finding;
  this.box = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = finding;
  this.box.append(legend, choice(`decision-${index}`, [["absent", "Absent"], ["present", "Present"]]));
  const confidence = document.createElement("div");
  confidence.className = "confidence";
  const output = document.createElement("output");
  confidence.append("Confidence that it is present", output);
  if (five) {
    confidence.append(choice(`confidence-${index}`, [1, 2, 3, 4, 5].map(value => [String(value), String(value)])));
  } else {
    this.slider = Object.assign(document.createElement("input"), {type: "range", min: 0, max: 100, value: 50});
    this.slider.setAttribute("aria-label", `Confidence that ${finding} is present, 0 to 100`);
    confidence.append(this.slider);
  }
  const ends = document.createElement("div");
  ends.className = "ends";
  ends.append(...["surely absent", "surely present"].map(text => Object.assign(document.createElement("span"), {textContent: text})));
  confidence.append(ends);
  this.box.append(confidence);
  byId("findings").append(this.box);

  this.decide = value => { this.box.querySelector(`input[value=${value}]`).checked = true; told(); };
  this.setConfidence = value => {
    this.confidence = Math.min(Math.max(Math.round(value), study.lowest), study.scale);
    if (five) this.box.querySelector(`input[name=confidence-${index}][value="${this.confidence}"]`).checked = true;
    else this.slider.value = this.confidence;
    this.slider?.classList.remove("untouched");
    output.textContent = five ? "" : this.confidence;
    told();
  };
  this.decision = () => this.box.querySelector(`input[name=decision-${index}]:checked`)?.value ?? null;
  this.fill = answer => {
    for (const input of this.box.querySelectorAll("input[type=radio]")) input.checked = false;
    this.confidence = null;
    output.textContent = "";
    if (this.slider) this.slider.value = 50;
    this.slider?.classList.add("untouched");
    if (answer?.decision) this.decide(answer.decision);
    if (answer && answer.confidence !== null) this.setConfidence(answer.confidence);
  };
  this.slider?.addEventListener("input", () => this.setConfidence(Number(this.slider.value)));
  // A click on an untouched slider's middle changes nothing, and is an answer nevertheless.
  this.slider?.addEventListener("pointerup", () => this.setConfidence(Number(this.slider.value)));
  this.box.addEventListener("change", event => {
    if (event.target.name === `confidence-${index}`) this.setConfidence(Number(event.target.value));
    told();
  });
  this.box.addEventListener("focusin", () => select(index));
}

function choice(name, values) {
  const row = document.createElement("div");
  row.className = "choice";
  for (const [value, text] of values) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), {type: "radio", name, value});
    label.append(input, text);
    row.append(label);
  }
  return row;
}

function select(index) {
  current = index;
  questions.forEach((question, at) => question.box.classList.toggle("current", at === index && questions.length > 1));
}

// What is still to be answered.
function lacking() {
  if (byId("unreadable").checked) return "";
  for (const question of questions) {
    if (question.decision() === null) return `${question.finding}: absent or present?`;
    if (question.confidence === null) return `${question.finding}: how sure?`;
  }
  return "";
}

function told() {
  const unreadable = byId("unreadable").checked;
  for (const question of questions) question.box.disabled = unreadable;
  byId("missing").textContent = ready ? lacking() : "";
  byId("next").disabled = !ready || lacking() !== "";
}

function showResult(result) {
  const box = byId("result");
  box.replaceChildren();
  box.hidden = result === null;
  byId("map-toggle").hidden = !result?.map;
  if (result === null) return;
  const add = (tag, text, name = "") =>
    box.append(Object.assign(document.createElement(tag), {textContent: text, className: name}));
  add("h2", `AI: ${result.headline}`);
  for (const line of result.lines) add("p", line);
  const table = document.createElement("table");
  for (const {name, score} of result.labels) {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = score;
  }
  box.append(table);
  if (result.map) add("p", `Activation map: ${result.mapped_label}. Where the model looked, not an outline of a lesion.`);
  if (result.notice) add("p", result.notice, "notice");
}

async function showReading() {
  const reading = answers.reading();
  const cases = new Set(study.readings.slice(0, answers.position + 1).map(one => one.case)).size;
  byId("notice").hidden = true;
  byId("reading").hidden = false;
  byId("place").textContent = `Case ${cases} of ${new Set(study.readings.map(one => one.case)).size}`;
  byId("mode").textContent = reading.modality === "aided" ? "with the AI" : "without the AI";
  byId("back").hidden = !study.may_go_back || answers.position === 0;
  const before = answers.previous();
  byId("unreadable").checked = before?.unreadable ?? false;
  for (const question of questions) question.fill(before?.findings?.[question.finding]);
  select(0);
  ready = false;
  told();
  showResult(null);
  const shown = await viewer.show(reading.picture, reading.result?.map);
  if (isElsewhere()) return;
  if (!shown) {
    byId("missing").textContent = `The picture ${reading.picture} cannot be shown. Is the folder whole? Tell the organiser.`;
    return;
  }
  showResult(reading.result);
  ready = true;
  told();
  document.activeElement?.blur();
  stopwatch.start();
}

function next() {
  if (!ready || lacking() !== "" || isElsewhere()) return;
  ready = false;
  stopwatch.stop();
  const unreadable = byId("unreadable").checked;
  const findings = {};
  for (const question of questions)
    findings[question.finding] = unreadable ? {confidence: null, decision: null}
      : {confidence: question.confidence, decision: question.decision()};
  const modality = answers.reading().modality;
  answers.give(findings, unreadable);
  if (answers.position === study.readings.length) showEnd();
  else if (study.design === "crossover" && answers.reading().modality !== modality) showTurn();
  else showReading();
}

function back() {
  if (!study.may_go_back || answers.position === 0 || isElsewhere()) return;
  stopwatch.stop();
  answers.position -= 1;
  answers.keep();
  showReading();
}

function notice(title, paragraphs, button, action) {
  stopwatch.stop();
  byId("reading").hidden = true;
  byId("notice").hidden = false;
  byId("notice-title").textContent = title;
  const list = document.createElement("ul");
  for (const text of paragraphs) list.append(Object.assign(document.createElement("li"), {textContent: text}));
  byId("notice-text").replaceChildren(list);
  byId("go").hidden = button === "";
  byId("go").textContent = button;
  byId("go").onclick = action;
  const any = answers.given().length > 0;
  byId("save-json").hidden = byId("save-csv").hidden = !any;
  byId("load").closest("label").hidden = any;
  byId("storage").hidden = answers.keeps;
}

// Nothing is answered, loaded or saved on a page whose session was opened again since.
function isElsewhere() {
  if (answers.owns()) return false;
  notice("This session is open in another tab or window", ["Go on there: it has all answers that were given here."],
         "Go on here instead", () => location.reload());
  byId("save-json").hidden = byId("save-csv").hidden = byId("load").closest("label").hidden = true;
  return true;
}

function showTurn() {
  const aided = answers.reading().modality === "aided";
  notice(aided ? "From here on with the AI" : "From here on without the AI",
         [aided ? "The AI's result is shown beside each radiograph. It can be wrong: the answer is yours."
                : "The AI's result is not shown any more.",
          `${answers.position} of ${study.readings.length} readings are done. You may pause here.`],
         "Go on", showReading);
}

function showEnd() {
  notice("Done. Save your results now.",
         ["Save the results (JSON) and give the file to the study's organiser.",
          study.design === "crossover" && study.session === 1
            ? `The second session is read ${study.washout_days} days from now at the earliest.` : "Thank you."], "", null);
}

// Why this session cannot be read yet, or what to heed, and whether it stays shut. Days are counted from the end of the
// first session, where this browser saw it.
function firstSessionNotice() {
  if (study.session < 2) return ["", false];
  const first = answers.kept(study.session - 1);
  const begun = first?.answers.some(answer => answer !== null) ?? false;
  if (begun && !first.finished)
    return ["Your first session is not finished in this browser: finish it first. If you did so elsewhere, read this one there.", true];
  if (study.washout_days === 0) return ["", false];
  if (!begun) return [`This session is read ${study.washout_days} days after the first one at the earliest.`, false];
  const from = new Date(new Date(first.finished).getTime() + study.washout_days * 86400000);
  return from > new Date() ? [`Too early: this session opens on ${from.toLocaleDateString()}, so that you do not remember the cases.`, true]
    : ["", false];
}

function showStart() {
  if (answers.position === study.readings.length) return showEnd();
  const [first, shut] = firstSessionNotice();
  const aided = study.readings.some(one => one.modality === "aided");
  const cases = new Set(study.readings.map(one => one.case)).size;
  const texts = [
    `Reader ${study.reader}, session ${study.session}: ${cases} radiographs.`,
    `For each: is ${study.findings.join(", ")} present, and how sure are you (${study.lowest} surely absent, ${study.scale} surely present)?`,
    study.design === "sequential" ? "You answer first without the AI; then its result is shown, and you answer again."
      : aided ? "A part of the cases comes with the AI's result. It can be wrong." : "",
    "Time is measured while a picture is in sight. Pause when you are disturbed.",
    study.may_go_back ? "You may go back." : "An answer is final: there is no way back.",
    "Your progress is kept in this browser, on this computer. You may close the page and go on later.",
    first];
  notice(`Reading session ${study.session}`, texts.filter(text => text !== ""),
         shut ? "" : answers.position > 0 ? `Go on with reading ${answers.position + 1}` : "Begin", showReading);
}

function save(text, kind, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: kind}));
  link.download = `results-${study.reader}-session-${study.session}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const step = (event, by) => {
  const question = questions[current];
  const from = question.confidence ?? (study.scale === 5 ? 3 - Math.sign(by) : 50);
  question.setConfidence(from + Math.sign(by) * (event.shiftKey && study.scale === 100 ? 10 : 1));
};
const keys = {
  p: () => questions[current].decide("present"), a: () => questions[current].decide("absent"),
  u: () => { byId("unreadable").checked = !byId("unreadable").checked; told(); },
  i: () => viewer.invert(), r: () => viewer.reset(), m: () => viewer.toggleMap(),
  arrowleft: event => step(event, -1), arrowright: event => step(event, 1),
  arrowup: () => select(Math.max(current - 1, 0)), arrowdown: () => select(Math.min(current + 1, questions.length - 1)),
  home: () => questions[current].setConfidence(study.lowest), end: () => questions[current].setConfidence(study.scale),
  enter: next,
};
document.addEventListener("keydown", event => {
  if (byId("reading").hidden || !ready || event.ctrlKey || event.metaKey || event.altKey) return;
  const digit = /^[0-9]$/.test(event.key) ? Number(event.key) : null;
  const action = digit === null ? keys[event.key.toLowerCase()]
    : () => { if (study.scale === 100 || (digit >= 1 && digit <= 5)) questions[current].setConfidence(study.scale === 100 ? digit * 10 : digit); };
  if (!action || (event.key === "Enter" && event.repeat)) return;
  event.preventDefault();
  action(event);
});
byId("findings").addEventListener("submit", event => event.preventDefault());
byId("unreadable").addEventListener("change", told);
byId("next").addEventListener("click", next);
byId("back").addEventListener("click", back);
byId("invert").addEventListener("click", () => viewer.invert());
byId("reset").addEventListener("click", () => viewer.reset());
byId("map-toggle").addEventListener("click", () => viewer.toggleMap());
byId("pause").addEventListener("click", () => notice("Paused", ["The time stands still."], "Go on", () => {
  byId("notice").hidden = true;
  byId("reading").hidden = false;
  stopwatch.start();
}));
byId("save-json").addEventListener("click", () => isElsewhere() || save(answers.json(), "application/json", "json"));
byId("save-csv").addEventListener("click", () => isElsewhere() || save(answers.csv(), "text/csv", "csv"));
// Another page that opens the session writes; one that the browser brings back from its history was told nothing.
window.addEventListener("storage", isElsewhere);
window.addEventListener("pageshow", isElsewhere);
byId("load").addEventListener("change", async event => {
  if (isElsewhere()) return;
  const problem = answers.load(await event.target.files[0].text());
  byId("load-problem").hidden = problem === "";
  byId("load-problem").textContent = problem;
  if (problem === "") showStart();
});
showStart();
