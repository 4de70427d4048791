// Timeline: zoom and move by buttons, keys, wheel with Ctrl, dragging or two fingers. Same boxes as html_timeline.py.
"use strict";
(() => {
  const source = document.getElementById("timeline-data");
  if (!source) return;
  const MHZ = 64, tracks = JSON.parse(source.textContent);
  for (const track of Object.values(tracks)) {
    const count = track.spans.length / 3, begin = new Float64Array(count), end = new Float64Array(count), busy = [];
    for (let n = 0, at = 0, latest = 0; n < count; n++) {
      at += track.spans[3 * n];
      begin[n] = at;
      end[n] = latest = Math.max(latest, at + track.spans[3 * n + 1]);
      busy.push(track.spans[3 * n + 2] < 0 ? track.full.shift() : track.spans[3 * n + 1]);
    }
    Object.assign(track, { begin, end, busy });
  }
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  function time(cycles) {
    const ns = cycles * 1000 / MHZ;
    if (!ns) return "0 s";
    const [size, unit] = units.find(([known]) => Math.abs(ns) >= known) || units[3];
    return number(ns / size, Math.max(0, 4 - Math.abs(ns / size).toFixed(0).length)) + " " + unit;
  }
  function marks(first, last, most) {
    const from = first * 1000 / MHZ, to = last * 1000 / MHZ, least = (to - from) / most;
    let step = 1;
    for (let power = 1; step < least; power *= 10) for (const factor of [1, 2, 5]) if ((step = power * factor) >= least) break;
    const [size, unit] = units.find(([known]) => Math.max(to, step) >= known);
    const digits = Math.max(0, String(size).length - String(step).length), found = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push([at * MHZ / 1000, number(at / size || 0, digits) + " " + unit]);
    return found;
  }
  function firstEndingAt(ends, cycle) { // binary search: ends never falls
    let low = 0, high = ends.length;
    while (low < high) { const middle = (low + high) >> 1; if (ends[middle] < cycle) low = middle + 1; else high = middle; }
    return low;
  }

  document.querySelectorAll(".time").forEach((figure) => {
    const view = figure.querySelector(".view"), axis = figure.querySelector(".axis"), info = figure.querySelector(".info");
    const tools = figure.querySelector(".tools"), origin = Number(figure.dataset.origin);
    const limits = [Number(figure.dataset.first), Number(figure.dataset.last)];
    const lanes = [...figure.querySelectorAll(".track")].map((row) => [row.querySelector(".lane"), tracks[row.dataset.track], row.querySelector("span")]);
    let [first, last] = limits, waiting = 0;

    function draw() {
      waiting = 0;
      const width = axis.clientWidth || 900, scale = width / (last - first);
      const texts = marks(first - origin, last - origin, Math.max(2, Math.floor(width / 92)));
      axis.classList.remove("still");
      axis.replaceChildren(...texts.map(([cycle, text]) => {
        const mark = document.createElement("s");
        mark.style.left = (cycle + origin - first) * scale + "px";
        if ((cycle + origin - first) * scale + 7 * text.length < width) mark.textContent = text;
        return mark;
      }));
      for (const [lane, track] of lanes) {
        const boxes = [];
        let box = null; // [from px, to px, first span, how many events, whether it may grow, busy cycles, last span]
        for (let n = firstEndingAt(track.end, first); n < track.begin.length && track.begin[n] <= last; n++) {
          const from = (track.begin[n] - first) * scale, to = (track.begin[n] + track.spans[3 * n + 1] - first) * scale;
          const many = Math.max(1, -track.spans[3 * n + 2]);
          if (box && to - from < 1.5 && box[4] && from - box[1] < 1.5) { box[1] = Math.max(box[1], to); box[3] += many; box[5] += track.busy[n]; box[6] = n; }
          else boxes.push(box = [from, to, n, many, to - from < 1.5, track.busy[n], n]);
        }
        lane.replaceChildren(...boxes.map(([from, to, n, many, , busy, last]) => {
          const element = document.createElement("i"), name = track.spans[3 * n + 2], left = Math.max(from, -2), right = Math.min(to, width + 2);
          element.className = many > 1 ? "many " + track.many : track.spans[3 * n + 1] ? track.colours[name] : "at";
          if (right - left < 3) element.classList.add("slim");
          element.style.cssText = `left:${left}px;width:${right - left}px`;
          const room = right - left - 6;
          if (many > 1) element.style.opacity = 0.3 + 0.7 * Math.min(1, busy / Math.max(track.end[last] - track.begin[n], 1));
          else element.textContent = fitting(track.names[name], room, lane.classList.contains("operator"));
          element.span = [track, n, many, from, to];
          return element;
        }));
      }
    }
    const redraw = () => { if (!waiting) waiting = requestAnimationFrame(draw); };
    function show(from, length) {
      length = Math.min(Math.max(length, 32), limits[1] - limits[0]);
      first = Math.min(Math.max(from, limits[0]), limits[1] - length);
      last = first + length;
      redraw();
    }
    const zoom = (factor, at = 0.5) => show(first + (last - first) * (1 - factor) * at, (last - first) * factor);
    const move = (part) => show(first + (last - first) * part, last - first);
    const reset = () => show(limits[0], limits[1] - limits[0]);
    const place = (x) => { const box = axis.getBoundingClientRect(); return Math.min(1, Math.max(0, (x - box.left) / box.width)); };

    function fitting(name, room, numbered) { // what a box of that width can show: its name, the operator's number, nothing
      if (room >= Math.min(6.6 * name.length, 72)) return name;
      const index = numbered ? name.split(":")[0] : "";
      return room >= 7 * index.length + 2 ? index : "";
    }

    function tell(element) {
      const [track, n, many] = element.span, lane = lanes.find((known) => known[1] === track);
      const from = track.begin[n], length = track.spans[3 * n + 1];
      const name = document.createElement("b");
      name.textContent = many > 1 ? `${number(many, 0)} events` : track.names[track.spans[3 * n + 2]];
      const at = `${lane[2].title}: from ${time(from - origin)}`;
      info.replaceChildren(name, ` ${at}${many > 1 || !length ? "" : ` to ${time(from + length - origin)}, ${time(length)} = ${number(length, 0)} cycles`}`);
    }

    const acts = { in: () => zoom(0.5), out: () => zoom(2), back: () => move(-0.4), on: () => move(0.4), reset };
    tools.addEventListener("click", (event) => { const act = acts[event.target.dataset.do]; if (act) act(); });
    view.addEventListener("keydown", (event) => {
      const act = { "+": acts.in, "=": acts.in, "-": acts.out, ArrowLeft: acts.back, ArrowRight: acts.on, Home: reset, 0: reset, Escape: reset }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    });
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(Math.sign(event.deltaY) * 0.25), place(event.clientX));
    }, { passive: false });
    view.addEventListener("dblclick", (event) => zoom(0.4, place(event.clientX)));
    view.addEventListener("pointerover", (event) => { if (event.target.span) tell(event.target); });
    const fingers = new Map();
    view.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, place(event.clientX)); });
    view.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const before = [...fingers.values()], at = place(event.clientX);
      fingers.set(event.pointerId, at);
      if (before.length === 1) {
        if (Math.abs(at - before[0]) > 0.002) { view.setPointerCapture(event.pointerId); view.classList.add("drag"); move(before[0] - at); }
        else fingers.set(event.pointerId, before[0]);
      } else if (before.length === 2) {
        const after = [...fingers.values()], spread = (pair) => Math.max(Math.abs(pair[0] - pair[1]), 0.02);
        zoom(spread(before) / spread(after), (after[0] + after[1]) / 2);
      }
    });
    const lift = (event) => { fingers.delete(event.pointerId); view.classList.remove("drag"); };
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) view.addEventListener(name, lift);
    let width = 0;
    new ResizeObserver(() => { if (axis.clientWidth !== width) { width = axis.clientWidth; draw(); } }).observe(axis);
    tools.hidden = info.hidden = false;
    info.textContent = matchMedia("(pointer: coarse)").matches ? "Drag to move, two fingers to zoom."
      : "Drag to move; double-click, + and − or Ctrl with the wheel to zoom; 0 shows all.";
  });
})();
