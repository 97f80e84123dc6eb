// What the reader answered: kept in the browser after every step, so that a closed page loses nothing, and saved as a
// file that `hilum reader-study analyse` reads.
class Answers {
  constructor(study) {
    this.study = study;
    this.name = `hilum-reader-study/${study.study}/${study.reader}/`;
    this.keeps = true;
    this.page = `${Date.now()}-${Math.random()}`;  // another one of each tab and window
    const kept = this.kept(study.session);
    this.list = kept?.answers ?? study.readings.map(() => null);  // one of each reading
    this.elapsed = kept?.elapsed ?? study.readings.map(() => 0);  // milliseconds, the page in sight
    this.position = Math.min(kept?.position ?? 0, study.readings.length);
    this.finished = kept?.finished ?? null;
    this.keep(true);
  }

  kept(session) {
    try {
      return JSON.parse(localStorage.getItem(this.name + session));
    } catch {
      return null;
    }
  }

  // Whether what is kept is this page's. The tab or window that was opened last has the session; an older one would
  // write over what was answered there.
  owns() {
    const kept = this.keeps ? this.kept(this.study.session) : null;
    return kept === null || kept.page === this.page;
  }

  keep(take = false) {
    if (!take && !this.owns()) return;
    const state = {page: this.page, answers: this.list, elapsed: this.elapsed, position: this.position, finished: this.finished};
    try {
      localStorage.setItem(this.name + this.study.session, JSON.stringify(state));
    } catch {
      this.keeps = false;
    }
  }

  reading() {
    return this.study.readings[this.position];
  }

  // What is shown at first: the answer to this reading or, with the result, the one given without it.
  previous() {
    const before = this.study.readings[this.position - 1];
    const same = before && before.case === this.reading().case;
    return this.list[this.position] ?? (same ? this.list[this.position - 1] : null);
  }

  give(findings, unreadable) {
    const reading = this.reading();
    this.list[this.position] = {
      case: reading.case, modality: reading.modality, unreadable,
      seconds: Math.round(this.elapsed[this.position]) / 1000,
      answered_at: new Date().toISOString(), findings,
    };
    this.position += 1;
    if (this.position === this.list.length) this.finished = new Date().toISOString();
    this.keep();
  }

  given() {
    return this.list.filter(answer => answer !== null);
  }

  json() {
    const {format, version, study, reader, session} = this.study;
    return JSON.stringify({format, version, study, reader, session, finished_at: this.finished,
                           browser: navigator.userAgent, answers: this.given()}, null, 1);
  }

  csv() {
    const quoted = cell => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    const lines = [this.study.columns];
    this.list.forEach((answer, index) => {
      if (answer === null) return;
      const line = [this.study.study, this.study.reader, this.study.session, index + 1, answer.case, answer.modality];
      for (const name of this.study.findings)
        line.push(answer.findings[name]?.confidence ?? "", answer.findings[name]?.decision ?? "");
      lines.push([...line, answer.unreadable ? "yes" : "no", answer.seconds, answer.answered_at]);
    });
    return "\ufeff" + lines.map(line => line.map(cell => quoted(String(cell))).join(",") + "\r\n").join("");
  }

  // From a file that json() wrote; what is wrong with it, or nothing.
  load(text) {
    let saved;
    try {
      saved = JSON.parse(text);
    } catch {
      return "This file is no JSON.";
    }
    const {study, reader, session} = this.study;
    if (saved.study !== study || saved.reader !== reader || saved.session !== session)
      return "These are not the results of this session.";
    const list = this.study.readings.map(() => null);
    for (const answer of saved.answers) {
      const index = this.study.readings.findIndex(one => one.case === answer.case && one.modality === answer.modality);
      if (index < 0) return `Case ${answer.case} is none of this session.`;
      list[index] = answer;
    }
    const open = list.findIndex(answer => answer === null);
    this.list = list;
    this.elapsed = list.map(answer => (answer?.seconds ?? 0) * 1000);
    this.position = open < 0 ? list.length : open;
    this.finished = open < 0 ? saved.finished_at : null;
    this.keep();
    return "";
  }
}

// Counts for a reading while its picture can be seen: not while the page is hidden or paused.
class Stopwatch {
  constructor(answers) {
    this.answers = answers;
    this.since = null;
    document.addEventListener("visibilitychange", () => this.update());
    window.addEventListener("pagehide", () => this.update());
  }

  start() {
    this.wanted = true;
    this.update();
  }

  stop() {
    this.wanted = false;
    this.update();
  }

  update() {
    if (this.since !== null) this.answers.elapsed[this.answers.position] += performance.now() - this.since;
    if (this.since !== null) this.answers.keep();
    this.since = this.wanted && document.visibilityState === "visible" ? performance.now() : null;
  }
}
