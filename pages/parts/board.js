// The verdict board: a table of buttons; the chosen one opens its evidence below. No dependency, no network.
// Everything that is said comes from Python; text is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const LEVEL = ["group", "level", "interval", "n"], COMPARED = ["comparison", "difference", "interval", "n", "verdict"];
const boards = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (overtaken(parentElement, data)) return;
  let board = boards.get(parentElement);
  if (!board) boards.set(parentElement, (board = new Board(parentElement)));
  board.act = (what, cell) => setTriggerValue("act", { what, attribute: cell.attribute, figure: cell.figure });
  board.receive(data);
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function drawn(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

class Board {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector);
    this.opened = null; // [row, column] of the cell whose evidence is shown
    this.find("tbody").addEventListener("keydown", (event) => this.move(event));
    this.find(".evidence").addEventListener("keydown", (event) => event.key === "Escape" && this.close(event));
  }

  receive(data) {
    const fresh = JSON.stringify(data);
    if (fresh === this.known) return; // an answer to something else on the page: keep focus and what is open
    this.known = fresh;
    this.data = data;
    this.words = data.words;
    this.buttons = new Map();
    this.drawTable();
    this.drawLegend();
    this.find(".hint").textContent = data.hinted ? this.words.hint : "";
    this.close();
  }

  drawTable() {
    const head = make("tr");
    for (const name of [this.words.figure, ...this.data.attributes]) {
      const cell = make("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    this.find("caption").textContent = this.data.title;
    this.find(".scroll").setAttribute("aria-label", this.data.title);
    this.find("thead").replaceChildren(head);
    this.find("tbody").replaceChildren(...this.data.rows.map((row, at) => this.row(row, at)));
    const first = this.buttons.values().next().value;
    if (first) first.tabIndex = 0;
  }

  row(row, at) {
    const line = make("tr"), name = make("th", "", row.title);
    name.scope = "row";
    line.append(name);
    row.cells.forEach((cell, column) => {
      const place = make("td");
      place.append(cell ? this.button(cell, at, column) : this.absent());
      line.append(place);
    });
    return line;
  }

  button(cell, row, column) {
    const button = make("button", `cell ${cell.kind}`);
    const sign = make("span", "sign", cell.sign);
    button.type = "button";
    button.tabIndex = -1; // one stop for the Tab key; arrows move inside
    button.setAttribute("aria-label", cell.spoken);
    button.setAttribute("aria-expanded", "false");
    sign.setAttribute("aria-hidden", "true");
    button.append(sign, make("span", "word", cell.word));
    if (cell.value) button.append(make("small", "", cell.value));
    button.addEventListener("click", () => this.toggle(row, column));
    button.addEventListener("focus", () => this.stop(button));
    this.buttons.set(`${row},${column}`, button);
    return button;
  }

  // A figure that is not compared by this attribute: for the eye a dot, for the ear what the legend says.
  absent() {
    const mark = make("span", "absent", "·");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", this.words.absent);
    return mark;
  }

  stop(button) {
    for (const other of this.buttons.values()) other.tabIndex = other === button ? 0 : -1;
  }

  move(event) {
    event.stopPropagation(); // Streamlit listens for single letters
    if (event.key === "Escape") return this.close(event);
    const step = MOVES[event.key], here = [...this.buttons].find(([, button]) => button === event.target);
    if (!step || !here) return undefined;
    event.preventDefault();
    let [row, column] = here[0].split(",").map(Number);
    const inside = () => row >= 0 && column >= 0 && row < this.data.rows.length && column < this.data.attributes.length;
    do { row += step[0]; column += step[1]; } while (inside() && !this.buttons.has(`${row},${column}`));
    return this.buttons.get(`${row},${column}`)?.focus();
  }

  toggle(row, column) {
    const same = this.opened && this.opened[0] === row && this.opened[1] === column;
    this.close();
    if (same) return;
    this.opened = [row, column];
    const button = this.buttons.get(`${row},${column}`), panel = this.find(".evidence");
    button.setAttribute("aria-expanded", "true");
    panel.replaceChildren(...this.evidence(this.data.rows[row].cells[column]));
    panel.setAttribute("aria-label", this.data.rows[row].cells[column].title);
    panel.hidden = false;
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  }

  close(event) {
    if (event) event.stopPropagation();
    this.find(".evidence").hidden = true;
    if (!this.opened) return;
    const button = this.buttons.get(this.opened.join(","));
    this.opened = null;
    button?.setAttribute("aria-expanded", "false");
    if (event) button?.focus();
  }

  evidence(cell) {
    const head = make("header"), badge = make("span", `badge ${cell.kind}`, `${cell.sign} ${cell.word}`);
    const close = make("button", "close", this.words.close);
    close.type = "button";
    close.addEventListener("click", (event) => this.close(event));
    head.append(make("h3", "", cell.title), badge, close);
    const columns = make("div", "columns"), left = make("div"), right = make("div");
    if (cell.levels.length) left.append(make("h4", "", this.words.levels), this.levels(cell.levels));
    if (cell.members.length) left.append(make("h4", "", this.words.members), this.compared(cell.members));
    if (cell.pairs.length) left.append(make("h4", "", this.words.pairs), this.compared(cell.pairs));
    right.append(make("h4", "", this.words.read), make("p", "", cell.reading));
    for (const note of cell.notes) right.append(make("p", "", note));
    if (cell.could) right.append(make("h4", "", this.words.could), make("p", "", cell.could));
    columns.append(left, right);
    const how = make("details");
    how.append(make("summary", "", this.words.how), make("p", "", cell.how));
    return [head, make("p", "said", cell.sentence), columns, how, this.acts(cell)];
  }

  acts(cell) {
    const row = make("div", "acts");
    for (const what of cell.acts) {
      const button = make("button", "", this.words[what]);
      button.type = "button";
      button.addEventListener("click", () => this.act(what, cell));
      row.append(button);
    }
    return row;
  }

  levels(levels) {
    const numbers = levels.flatMap((level) => level.at).filter((number) => number !== null);
    const least = Math.min(...numbers), span = Math.max(...numbers) - least || 1;
    const place = (number) => `${4 + 92 * ((number - least) / span)}%`;
    return this.table(LEVEL, levels.map((level) => [level.group, level.value, level.interval, level.n, this.track(level.at, place)]));
  }

  track([low, value, high], place) {
    const svg = drawn("svg", { "aria-hidden": "true" });
    svg.append(drawn("line", { class: "rail", x1: 0, x2: "100%", y1: 9, y2: 9 }));
    if (low !== null && high !== null) svg.append(drawn("line", { class: "whisker", x1: place(low), x2: place(high), y1: 9, y2: 9 }));
    if (value !== null) svg.append(drawn("circle", { class: "point", cx: place(value), cy: 9, r: 4.6 }));
    return svg;
  }

  compared(rows) {
    return this.table(COMPARED, rows);
  }

  table(names, rows) {
    const table = make("table"), head = make("tr"), body = make("tbody"), box = make("div", "wide");
    for (const name of names) {
      const cell = make("th", "", this.words[name]);
      cell.scope = "col";
      head.append(cell);
    }
    if (rows.some((row) => row.length > names.length)) head.append(make("td", "track"));
    for (const row of rows) {
      const line = make("tr");
      row.forEach((entry, at) => {
        const cell = make(at ? "td" : "th", entry instanceof Node ? "track" : "");
        if (!at) cell.scope = "row";
        cell.append(entry);
        line.append(cell);
      });
      body.append(line);
    }
    const top = make("thead");
    top.append(head);
    table.append(top, body);
    box.append(table);
    return box;
  }

  drawLegend() {
    this.find(".legend").setAttribute("aria-label", this.words.legend);
    const blank = this.data.rows.some((row) => row.cells.includes(null));
    const entries = [...this.data.legend, ...(blank ? [{ sign: "·", kind: "absent", word: this.words.absent }] : [])];
    this.find(".legend").replaceChildren(...entries.map((entry) => {
      const item = make("li"), mark = make("span", `mark ${entry.kind}`, entry.sign);
      mark.setAttribute("aria-hidden", "true");
      item.append(mark, make("span", "", entry.word));
      return item;
    }));
  }
}
