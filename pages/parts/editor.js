// The causal graph editor: an SVG that is drawn, dragged and typed at. No dependency, no network.
//
// Python is the judge: every edit is sent as { graph, revision }, validated there and sent back with the same
// revision. What comes back with an older revision answers an edit that has been overtaken, and is passed over.

const SVG = "http://www.w3.org/2000/svg";
const HALF_HEIGHT = 23, HANDLE = 8, MARGIN = 46, SIDE = 24, STEP = 12, CLICK = 4, LONGEST_NAME = 28, LEAST_SCALE = 0.85;
const HEADS = ["", "-chosen", "-biasing", "-open", "-suggested"], SIDES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8], LABEL_WIDTH = 44;
const BENDS = [0, -50, 50, -90, 90, -140, 140, -200, 200], SAMPLES = 23, CLEARANCE = 5, GAP = 58, LEAST_GAP = 40;
const editors = new WeakMap();

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (overtaken(parentElement, data)) return;
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = new Editor(parentElement);
    editors.set(parentElement, editor);
  }
  editor.send = (graph, revision) => setStateValue("edit", { graph, revision });
  editor.ask = (what) => setTriggerValue(what, true);
  editor.receive(data);
}

class Editor {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.svg = this.find("svg");
    this.places = {};
    this.revision = 0;
    this.selected = null; // { node } or { edge: [cause, consequence] }
    this.from = null; // the node an edge begins at, while the keyboard looks for its end
    this.pen = document.createElement("canvas").getContext("2d");
    this.bindToolbar();
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.target === this.svg) this.select(null);
    });
  }

  receive(data) {
    this.data = data;
    this.words = data.words;
    if (data.revision < this.revision) return;
    this.revision = data.revision;
    const incoming = JSON.stringify(data.graph);
    if (incoming !== this.known) {
      const replaced = !this.graph || !this.isOwnEdit(data.graph);
      this.graph = JSON.parse(incoming);
      this.known = incoming;
      if (replaced) this.places = {};
      this.selected = this.from = null;
    }
    this.suggested = this.compact(data.places);
    for (const node of this.graph.nodes) this.places[node] ??= this.suggested[node];
    this.nameParts();
    this.draw();
  }

  // Layers as near to each other as the widths of their names allow, and nearer where the page has no room for more, so
  // that wide graphs stay legible and whole.
  compact(places) {
    const layers = [...new Set(Object.values(places).map((place) => place[0]))].sort((a, b) => a - b);
    const widest = layers.map((x) => Math.max(...this.graph.nodes.filter((node) => places[node]?.[0] === x).map((node) => this.halfWidth(node)), 0));
    const room = this.room() / LEAST_SCALE - 2 * SIDE - widest.reduce((sum, half) => sum + 2 * half, 0);
    const gap = Math.min(GAP, Math.max(LEAST_GAP, room / Math.max(1, layers.length - 1))), at = [0];
    for (let i = 1; i < layers.length; i++) at.push(at[i - 1] + widest[i - 1] + widest[i] + gap);
    return Object.fromEntries(Object.entries(places).map(([node, [x, y]]) => [node, [at[layers.indexOf(x)], y]]));
  }

  room() {
    return this.find(".canvas").clientWidth || 900;
  }

  // A refusal or a tidied name: nearly the same nodes, so they stay where the analyst put them.
  isOwnEdit(graph) {
    const known = new Set(this.graph.nodes);
    return graph.nodes.filter((node) => known.has(node)).length >= known.size - 1;
  }

  // ---- edits -------------------------------------------------------------------------------------------------

  commit(graph) {
    this.graph = graph;
    this.revision += 1;
    this.known = JSON.stringify(graph);
    this.send(graph, this.revision);
    this.draw();
  }

  addNode() {
    const field = this.find(".name"), name = field.value.trim();
    if (!name) return this.say(this.words.name_first);
    if (this.graph.nodes.includes(name)) return this.say(fill(this.words.twice, { a: name }));
    field.value = "";
    this.places[name] = this.freePlace();
    this.say(fill(this.words.added, { a: name }));
    this.commit({ ...this.graph, nodes: [...this.graph.nodes, name] });
  }

  addEdge(cause, consequence) {
    this.from = null;
    if (cause === consequence) return this.refuse(this.words.self);
    if (this.hasEdge(cause, consequence)) return this.refuse(fill(this.words.edge_twice, { a: this.said(cause), b: this.said(consequence) }));
    const back = this.path(consequence, cause);
    if (back) return this.refuse(fill(this.words.cycle, { cycle: [cause, ...back].map((name) => this.said(name)).join(" → ") }));
    this.say(fill(this.words.edge_added, { a: this.said(cause), b: this.said(consequence) }));
    this.commit({ ...this.graph, edges: [...this.graph.edges, [cause, consequence]] });
  }

  remove() {
    if (!this.selected) return this.say(this.words.select_first);
    const { node, edge, ghost } = this.selected;
    if (ghost) return this.say(this.words.select_first);
    this.selected = null;
    if (edge) {
      this.say(fill(this.words.edge_removed, { a: this.said(edge[0]), b: this.said(edge[1]) }));
      return this.commit({ ...this.graph, edges: this.graph.edges.filter((other) => !same(other, edge)) });
    }
    this.say(fill(this.words.removed, { a: this.said(node) }));
    const others = (names) => names.filter((name) => name !== node);
    delete this.places[node];
    return this.commit({
      ...this.graph,
      nodes: others(this.graph.nodes),
      latent: others(this.graph.latent),
      edges: this.graph.edges.filter((edge) => !edge.includes(node)),
      treatment: this.graph.treatment === node ? null : this.graph.treatment,
      outcome: this.graph.outcome === node ? null : this.graph.outcome,
    });
  }

  toggleLatent() {
    const node = this.selected?.node;
    if (!node) return this.say(this.words.select_first);
    const hidden = this.graph.latent.includes(node);
    const latent = hidden ? this.graph.latent.filter((name) => name !== node) : [...this.graph.latent, node];
    this.say(fill(hidden ? this.words.observed_now : this.words.latent_now, { a: this.said(node) }));
    return this.commit({ ...this.graph, latent });
  }

  tidy() {
    this.places = { ...this.suggested };
    this.draw();
  }

  hasEdge(cause, consequence) {
    return this.graph.edges.some((edge) => same(edge, [cause, consequence]));
  }

  // The way from one node to another along edges, ends included; null where there is none.
  path(start, end) {
    const queue = [[start]], seen = new Set([start]);
    while (queue.length) {
      const way = queue.shift(), last = way[way.length - 1];
      if (last === end) return way;
      for (const [cause, consequence] of this.graph.edges) {
        if (cause === last && !seen.has(consequence)) {
          seen.add(consequence);
          queue.push([...way, consequence]);
        }
      }
    }
    return null;
  }

  freePlace() {
    const below = Math.max(0, ...Object.values(this.places).map((place) => place[1])) + 84;
    return [0, this.graph.nodes.length ? below : 0];
  }

  // ---- drawing -----------------------------------------------------------------------------------------------

  draw() {
    const focused = this.root.activeElement?.dataset?.id;
    this.labels = [];
    this.svg.replaceChildren(this.arrowHeads());
    this.setView();
    for (const edge of this.graph.edges) this.drawEdge(edge);
    for (const mark of this.ghosts()) this.drawGhost(mark);
    for (const node of this.graph.nodes) this.drawNode(node);
    this.fillChoices();
    if (focused) [...this.svg.querySelectorAll("[data-id]")].find((part) => part.dataset.id === focused)?.focus();
  }

  // One unit is one pixel unless the graph is wider than the page; small graphs stand in the middle. Names are never
  // drawn smaller than can be read: on a narrow page the picture scrolls sideways.
  setView() {
    const places = this.graph.nodes.map((node) => this.places[node]);
    const across = this.graph.nodes.map((node) => this.halfWidth(node));
    const from = Math.min(0, ...places.map((place, i) => place[0] - across[i])) - SIDE;
    const to = Math.max(120, ...places.map((place, i) => place[0] + across[i])) + SIDE;
    const room = Math.max(this.room(), LEAST_SCALE * (to - from)), spare = Math.max(0, room - (to - from)) / 2;
    const top = Math.min(0, ...places.map((place) => place[1])) - HALF_HEIGHT - MARGIN;
    const bottom = Math.max(60, ...places.map((place) => place[1])) + HALF_HEIGHT + MARGIN;
    const width = to - from + 2 * spare, height = Math.max(240, (bottom - top) * Math.min(1, room / width));
    [this.top, this.bottom] = [top + CLEARANCE, bottom - CLEARANCE];
    this.svg.setAttribute("viewBox", `${from - spare} ${top} ${width} ${bottom - top}`);
    this.svg.style.minWidth = `${Math.floor(LEAST_SCALE * (to - from))}px`;
    this.svg.style.height = `${Math.min(640, height)}px`;
  }

  arrowHeads() {
    const defs = make("defs");
    for (const kind of HEADS) {
      const marker = make("marker", { id: `head${kind}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 13, markerHeight: 13, markerUnits: "userSpaceOnUse", orient: "auto" }, defs);
      make("path", { d: "M0 0L10 5L0 10z", class: `head${kind}` }, marker);
    }
    return defs;
  }

  drawEdge(edge) {
    const [cause, consequence] = edge, chosen = this.selected?.edge && same(this.selected.edge, edge), mark = this.mark(edge);
    const label = fill(this.words.edge_label, { a: this.said(cause), b: this.said(consequence) });
    const told = mark ? `${label}. ${this.words.marks[mark.kind]}${mark.label ? `: ${mark.label}` : ""}` : label;
    const kind = mark && HEADS.includes(`-${mark.kind}`) ? `-${mark.kind}` : "";
    const part = this.part(`edge${mark ? ` ${mark.kind}` : ""}`, chosen, told, JSON.stringify(edge));
    this.drawLine(part, edge, chosen ? "-chosen" : kind, mark?.label);
    part.onclick = () => this.select({ edge });
    part.onkeydown = (event) => this.onKey(event, { edge });
  }

  // An edge that is not in the graph but that something speaks for.
  drawGhost(mark) {
    const ends = this.places[mark.ends[0]][0] <= this.places[mark.ends[1]][0] || mark.kind === "suggested" ? mark.ends : [...mark.ends].reverse();
    const named = ends.map((end) => this.said(end)).join(mark.kind === "suggested" ? " → " : " – ");
    const chosen = this.selected?.ghost && same(this.selected.ghost, ends);
    const told = `${named}. ${this.words.marks[mark.kind]}${mark.label ? `: ${mark.label}` : ""}`;
    const part = this.part(`ghost ${mark.kind}`, chosen, told, JSON.stringify(ends));
    this.drawLine(part, ends, mark.kind === "suggested" ? "-suggested" : null, mark.label);
    part.onclick = () => this.selectGhost(ends, told);
    part.onkeydown = (event) => this.onKey(event, { ghost: ends, told });
  }

  // head: null for a line without direction.
  drawLine(part, ends, head, label) {
    const way = this.curve(...ends), line = { d: drawn(way), class: "line" };
    make("path", { d: drawn(way), class: "reach" }, part);
    make("path", head === null ? line : { ...line, "marker-end": `url(#head${head})` }, part);
    if (label) this.placeLabel(make("text", { class: "mark-label", dy: 4 }, part), way).textContent = label;
  }

  placeLabel(text, way) {
    const free = SIDES.find((t) => !this.covered(onCurve(way, t))) ?? 0.5, [x, y] = onCurve(way, free);
    this.labels.push([x, y]);
    text.setAttribute("x", x);
    text.setAttribute("y", y);
    return text;
  }

  covered([x, y]) {
    const nodes = this.graph.nodes.some((node) => Math.abs(this.places[node][0] - x) < this.halfWidth(node) + LABEL_WIDTH / 2 && Math.abs(this.places[node][1] - y) < HALF_HEIGHT + 8);
    return nodes || this.labels.some((label) => Math.abs(label[0] - x) < LABEL_WIDTH && Math.abs(label[1] - y) < 16);
  }

  mark(edge) {
    return this.data.marks.find((mark) => same(mark.ends, edge));
  }

  // Marks between nodes that no edge joins.
  ghosts() {
    const joined = (ends) => this.hasEdge(...ends) || this.hasEdge(...[...ends].reverse());
    return this.data.marks.filter(({ ends }) => ends.every((end) => this.graph.nodes.includes(end)) && !joined(ends));
  }

  selectGhost(ends, told) {
    this.selected = { ghost: ends };
    this.from = null;
    this.say(told);
    this.draw();
    [this.find(".cause").value, this.find(".consequence").value] = ends;
  }

  drawNode(node) {
    const [x, y] = this.places[node], half = this.halfWidth(node), role = this.role(node);
    const chosen = this.selected?.node === node;
    const part = this.part(`node ${role}`, chosen, this.nodeLabel(node, role), node);
    part.setAttribute("transform", `translate(${x} ${y})`);
    part.dataset.node = node;
    if (this.from === node) part.classList.add("from");
    make("title", {}, part).textContent = this.said(node);
    make("rect", { x: -half, y: -HALF_HEIGHT, width: 2 * half, height: 2 * HALF_HEIGHT, rx: 9 }, part);
    make("text", { class: "label", dy: role === "plain" ? 5 : -2 }, part).textContent = shortened(this.said(node));
    if (role !== "plain") make("text", { class: "role", dy: 14 }, part).textContent = this.words.roles[role];
    const handle = make("circle", { cx: half, cy: 0, r: HANDLE, class: "handle" }, part);
    handle.onpointerdown = (event) => this.dragEdge(event, node, handle);
    part.onpointerdown = (event) => this.dragNode(event, node, part);
    part.onkeydown = (event) => this.onKey(event, { node });
  }

  part(kind, chosen, label, id) {
    const attributes = { class: kind + (chosen ? " chosen" : ""), tabindex: 0, role: "button", "aria-label": label, "aria-pressed": String(Boolean(chosen)) };
    const part = make("g", attributes, this.svg);
    part.dataset.id = id;
    return part;
  }

  // What the analyst calls the column that plays this node's role.
  said(node) {
    return this.data.shown[node] ?? node;
  }

  role(node) {
    if (node === this.graph.treatment) return "treatment";
    if (node === this.graph.outcome) return "outcome";
    if (this.graph.latent.includes(node)) return "latent";
    if (!this.data.columns.includes(node)) return "absent";
    return this.data.sensitive.includes(node) ? "sensitive" : "plain";
  }

  nodeLabel(node, role) {
    const causes = this.graph.edges.filter((edge) => edge[0] === node).map((edge) => edge[1]);
    const own = this.said(node), named = role === "plain" ? own : `${own}, ${this.words.roles[role]}`;
    return causes.length ? fill(this.words.node_label, { a: named, b: causes.map((cause) => this.said(cause)).join(", ") }) : named;
  }

  // The least bent way that runs through no other node and stays in the picture.
  curve(cause, consequence) {
    const others = this.graph.nodes.filter((node) => node !== cause && node !== consequence);
    const free = BENDS.map((bow) => this.bowed(cause, consequence, bow)).find((way) => !this.hits(way, others));
    return free ?? this.bowed(cause, consequence, 0);
  }

  hits(way, nodes) {
    const points = Array.from({ length: SAMPLES }, (_, i) => onCurve(way, (i + 1) / (SAMPLES + 1)));
    return nodes.some((node) => {
      const [x, y] = this.places[node], half = this.halfWidth(node) + CLEARANCE;
      return points.some((point) => Math.abs(point[0] - x) < half && Math.abs(point[1] - y) < HALF_HEIGHT + CLEARANCE);
    }) || points.some((point) => point[1] < this.top || point[1] > this.bottom);
  }

  // From the border of one box to the border of the other: side to side, or top to bottom in one column.
  bowed(cause, consequence, bow) {
    const [x1, y1] = this.places[cause], [x2, y2] = this.places[consequence];
    const half1 = this.halfWidth(cause), half2 = this.halfWidth(consequence);
    if (Math.abs(x2 - x1) < half1 + half2) {
      const down = y2 > y1 ? 1 : -1, from = y1 + down * HALF_HEIGHT, to = y2 - down * HALF_HEIGHT, bend = (to - from) / 2;
      return [[x1, from], [x1 + bow, from + bend], [x2 + bow, to - bend], [x2, to]];
    }
    const right = x2 > x1 ? 1 : -1, from = x1 + right * half1, to = x2 - right * half2, bend = (to - from) / 2;
    return [[from, y1], [from + bend, y1 + bow], [to - bend, y2 + bow], [to, y2]];
  }

  halfWidth(node) {
    this.pen.font = `600 14px ${getComputedStyle(this.svg).fontFamily}`;
    const role = this.role(node), under = role === "plain" ? "" : this.words.roles[role];
    return Math.max(36, this.pen.measureText(shortened(this.said(node))).width / 2 + 18, this.pen.measureText(under).width * 0.43 + 14);
  }

  // ---- pointer and keyboard ----------------------------------------------------------------------------------

  dragNode(event, node, part) {
    const start = this.at(event), [x, y] = this.places[node];
    let moved = false;
    part.setPointerCapture(event.pointerId);
    part.onpointermove = (move) => {
      const now = this.at(move), dx = now.x - start.x, dy = now.y - start.y;
      moved ||= Math.hypot(dx, dy) > CLICK;
      if (!moved) return;
      this.places[node] = [x + dx, y + dy];
      part.setAttribute("transform", `translate(${x + dx} ${y + dy})`);
      this.redrawEdges(node);
    };
    part.onpointerup = part.onpointercancel = () => {
      part.onpointermove = part.onpointerup = null;
      if (moved) return this.draw();
      return this.from && this.from !== node ? this.addEdge(this.from, node) : this.select({ node });
    };
  }

  redrawEdges(node) {
    this.labels = [];
    for (const part of this.svg.querySelectorAll(".edge, .ghost")) {
      const ends = JSON.parse(part.dataset.id);
      if (!ends.includes(node)) continue;
      const way = this.curve(...ends);
      for (const path of part.querySelectorAll("path")) path.setAttribute("d", drawn(way));
      for (const text of part.querySelectorAll("text")) this.placeLabel(text, way);
    }
  }

  dragEdge(event, node, handle) {
    event.stopPropagation();
    const [x, y] = this.places[node], line = make("path", { class: "line drawn" }, this.svg);
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (move) => {
      const now = this.at(move), over = this.nodeUnder(move);
      line.setAttribute("d", `M${x + this.halfWidth(node)} ${y}L${now.x} ${now.y}`);
      for (const part of this.svg.querySelectorAll(".node")) part.classList.toggle("target", part.dataset.node === over && over !== node);
    };
    handle.onpointerup = handle.onpointercancel = (end) => {
      handle.onpointermove = handle.onpointerup = null;
      line.remove();
      const over = this.nodeUnder(end);
      if (end.type === "pointerup" && over) this.addEdge(node, over);
      else this.draw();
    };
  }

  nodeUnder(event) {
    const parts = this.root.elementsFromPoint(event.clientX, event.clientY);
    return parts.map((part) => part.closest?.("g.node")).find(Boolean)?.dataset.node;
  }

  onKey(event, target) {
    event.stopPropagation(); // Streamlit has shortcuts of its own ("c" would clear its caches)
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const known = { Enter: 1, " ": 1, Delete: 1, Backspace: 1, Escape: 1, e: 1, ...moves };
    if ((event.ctrlKey || event.metaKey) && ["z", "y"].includes(event.key.toLowerCase())) {
      event.preventDefault();
      return this.ask(event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo");
    }
    if (!(event.key in known)) return undefined;
    event.preventDefault();
    if (event.key === "Escape") return this.select(null);
    if (target.ghost) return event.key === "Enter" || event.key === " " ? this.selectGhost(target.ghost, target.told) : undefined;
    if (event.key === "Delete" || event.key === "Backspace") {
      this.selected = target;
      return this.remove();
    }
    if (target.node && event.key in moves) return this.nudge(target.node, moves[event.key]);
    if (target.node && event.key === "e") return this.beginEdge(target.node);
    if (this.from && target.node && target.node !== this.from) return this.addEdge(this.from, target.node);
    return event.key in moves ? undefined : this.select(target);
  }

  beginEdge(node) {
    this.from = node;
    this.say(fill(this.words.from, { a: this.said(node) }));
    this.draw();
  }

  nudge(node, [dx, dy]) {
    this.places[node] = [this.places[node][0] + dx, this.places[node][1] + dy];
    this.draw();
  }

  select(target) {
    this.selected = target;
    this.from = null;
    this.say("");
    this.draw();
  }

  refuse(message) {
    this.say(message, true);
    this.draw();
  }

  at(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  // ---- toolbar, legend and messages --------------------------------------------------------------------------

  bindToolbar() {
    const on = (selector, action) => this.find(selector).addEventListener("click", action);
    on(".add", () => this.addNode());
    on(".connect", () => this.addEdge(this.find(".cause").value, this.find(".consequence").value));
    on(".remove", () => this.remove());
    on(".recorded", () => this.toggleLatent());
    on(".tidy", () => this.tidy());
    this.find(".name").addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.addNode();
    });
  }

  nameParts() {
    for (const [selector, words] of Object.entries(this.words.parts)) this.find(selector).textContent = words;
    this.svg.setAttribute("aria-label", this.words.drawing);
    const kinds = new Set(this.data.marks.map((mark) => mark.kind));
    const lines = Object.entries(this.words.marks).filter(([kind]) => kinds.has(kind)).map(([kind, words]) => [`stroke ${kind}`, words]);
    this.find(".legend").replaceChildren(...[...Object.entries(this.words.roles), ...lines].map(([look, words]) => {
      const entry = document.createElement("li"), swatch = document.createElement("span");
      swatch.className = `swatch ${look}`;
      entry.append(swatch, words);
      return entry;
    }));
  }

  fillChoices() {
    for (const list of [this.find(".cause"), this.find(".consequence")]) {
      const chosen = list.value;
      list.replaceChildren(...this.graph.nodes.map((node) => new Option(this.said(node), node)));
      if (this.graph.nodes.includes(chosen)) list.value = chosen;
    }
    const free = this.data.columns.filter((column) => !this.graph.nodes.includes(column));
    this.find("datalist").replaceChildren(...free.map((column) => new Option(column, column)));
  }

  say(message, wrong = false) {
    const place = this.find(".message");
    place.textContent = message;
    place.classList.toggle("wrong", wrong);
  }
}

function make(name, attributes = {}, parent = null) {
  const part = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  parent?.appendChild(part);
  return part;
}

// The point of a cubic Bezier curve at t in 0..1.
function onCurve([a, b, c, d], t) {
  const s = 1 - t;
  return [0, 1].map((i) => s * s * s * a[i] + 3 * s * s * t * b[i] + 3 * s * t * t * c[i] + t * t * t * d[i]);
}

function drawn([start, one, two, end]) {
  return `M${start}C${one} ${two} ${end}`;
}

function fill(words, facts) {
  return words.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

function same(one, other) {
  return one[0] === other[0] && one[1] === other[1];
}

function shortened(name) {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}
