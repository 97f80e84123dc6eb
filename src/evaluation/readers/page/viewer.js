"use strict";
// The radiograph: window and level, zoom, pan, invert. The picture is never read back (a page that was opened from a
// file may not), so that the window is a filter of the browser's.
class Viewer {
  constructor() {
    this.box = document.getElementById("viewer");
    this.stage = document.getElementById("stage");
    this.picture = document.getElementById("picture");
    this.map = document.getElementById("map");
    this.text = document.getElementById("window-text");
    this.functions = document.querySelectorAll("#window feComponentTransfer > *");
    this.reset();
    this.listen();
  }

  // Resolves when the picture can be seen, false where it cannot.
  async show(source, map) {
    this.stage.style.visibility = "hidden";  // the case before must not be taken for this one
    this.picture.src = source;
    this.map.hidden = !map;
    if (map) this.map.src = map;
    else this.map.removeAttribute("src");
    try {
      await this.picture.decode();
      if (map) await this.map.decode();
    } catch {
      return false;
    }
    this.reset();
    this.stage.style.visibility = "";
    return true;
  }

  reset() {
    this.width = 1;
    this.level = 0.5;
    this.inverted = false;
    this.fit();
    this.draw();
  }

  fit() {
    const columns = this.picture.naturalWidth || 1, rows = this.picture.naturalHeight || 1;
    this.scale = Math.min(this.box.clientWidth / columns, this.box.clientHeight / rows) || 1;
    this.fitted = this.scale;
    this.left = (this.box.clientWidth - columns * this.scale) / 2;
    this.top = (this.box.clientHeight - rows * this.scale) / 2;
  }

  draw() {
    this.stage.style.transform = `translate(${this.left}px, ${this.top}px) scale(${this.scale})`;
    const sign = this.inverted ? -1 : 1;
    for (const part of this.functions) {
      part.setAttribute("slope", sign / this.width);
      part.setAttribute("intercept", 0.5 - sign * this.level / this.width);
    }
    this.text.textContent = `window ${Math.round(this.width * 255)}, level ${Math.round(this.level * 255)}, ` +
      `zoom ${Math.round(this.scale / this.fitted * 100)} %${this.inverted ? ", inverted" : ""}`;
  }

  zoom(factor, x, y) {
    const scale = Math.min(Math.max(this.scale * factor, this.fitted / 2), this.fitted * 20);
    this.left = x - (x - this.left) * scale / this.scale;
    this.top = y - (y - this.top) * scale / this.scale;
    this.scale = scale;
    this.draw();
  }

  invert() {
    this.inverted = !this.inverted;
    this.draw();
  }

  toggleMap() {
    if (this.map.hasAttribute("src")) this.map.hidden = !this.map.hidden;
  }

  drag(event) {
    if (this.panning) {
      this.left += event.movementX;
      this.top += event.movementY;
    } else {
      this.width = Math.min(Math.max(this.width + event.movementX / 400, 0.02), 2);
      this.level = Math.min(Math.max(this.level + event.movementY / 400, -0.5), 1.5);
    }
    this.draw();
  }

  listen() {
    this.box.addEventListener("contextmenu", event => event.preventDefault());
    this.box.addEventListener("dblclick", () => this.reset());
    this.box.addEventListener("pointerdown", event => {
      this.panning = event.button !== 0 || event.shiftKey;
      this.box.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    this.box.addEventListener("pointermove", event => {
      if (this.box.hasPointerCapture(event.pointerId)) this.drag(event);
    });
    this.box.addEventListener("wheel", event => {
      event.preventDefault();
      const place = this.box.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 500), event.clientX - place.left, event.clientY - place.top);
    }, {passive: false});
    window.addEventListener("resize", () => {
      if (this.box.clientWidth === 0) return;  // a notice stands in its place
      this.fit();
      this.draw();
    });
  }
}
