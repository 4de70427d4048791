// Flame graph: zoom by click or keyboard, find, with or without sleep. Draws what html_flame.py drew, from the same data.
"use strict";
document.querySelectorAll(".flame-figure").forEach((figure) => {
  const ROW = 22, HEATS = 6;
  const data = JSON.parse(figure.querySelector(".flame-data").textContent);
  const graph = figure.querySelector(".flame"), info = figure.querySelector(".info"), tools = figure.querySelector(".tools");
  const search = tools.querySelector("input[type=search]"), sleepBox = tools.querySelector("[data-do=sleep]");
  const nodes = [];
  for (let n = 0; n < data.calls.length; n++) {
    const [parent, name, own, awake, total] = data.nodes.slice(5 * n, 5 * n + 5);
    const names = data.names[name];
    nodes.push({ parent, name: names[0], whole: names[names.length - 1], own, awake, total, calls: data.calls[n], children: [] });
    if (parent >= 0) nodes[parent].children.push(nodes[n]), nodes[n].up = nodes[parent];
  }
  const forward = nodes[0], callersBox = tools.querySelector("[data-do=callers]"), legend = figure.querySelector(".legend li");
  let root = forward, focus = root, current = root, needle = "", shown = new Map();

  function inverted() { // each function with cycles of its own on top, below it who called it, and so on to the root
    const top = { name: "every function", whole: "every function", own: 0, awake: 0, total: 0, calls: 1, children: [] };
    const found = new Map();
    nodes.forEach((leaf) => {
      if (!leaf.own) return;
      let at = top, names = "";
      for (let node = leaf; ; node = node.up) {
        at.total += leaf.own;
        if (leaf.name !== "(sleep)") at.awake += leaf.own;
        if (at !== top) at.calls += leaf.calls;
        if (!node || node === forward) break;
        names += "\n" + node.name + "\t" + node.whole;
        let next = found.get(names);
        if (!next) found.set(names, next = { name: node.name, whole: node.whole, own: 0, awake: 0, total: 0, calls: 0, children: [], up: at }), at.children.push(next);
        if (node === leaf) next.own += leaf.own;
        at = next;
      }
    });
    return top;
  }

  const size = (node) => (sleepBox && sleepBox.checked ? node.total : node.awake);
  const number = (value) => value.toLocaleString("en");
  const time = (cycles) => {
    const ns = cycles * 15.625;
    for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) if (ns >= unit) return (ns / unit).toPrecision(4) + " " + name;
    return ns.toFixed(0) + " ns";
  };
  const share = (part, whole) => (whole ? (100 * part / whole).toFixed(1) : "0.0") + " %";

  function tell(node) {
    const parts = [];
    if (focus !== root && size(node) <= size(focus)) parts.push(share(size(node), size(focus)) + " of " + focus.name);
    parts.push(share(size(node), size(root)) + " of all", number(node.own) + " of its own", number(node.calls) + (node.calls === 1 ? " call" : " calls"));
    const name = document.createElement("b");
    name.textContent = node.name;
    info.replaceChildren(name, ` ${number(size(node))} cycles, ${time(size(node))}: ${parts.join(", ")}`);
    if (node.whole !== node.name) info.append(document.createElement("br"), node.whole.length > 400 ? node.whole.slice(0, 400) + " …" : node.whole);
  }

  function box(node, left, width, level, hottest, pixels, above) {
    const element = document.createElement("b");
    const heat = node.own ? Math.min(HEATS - 1, Math.floor(HEATS * Math.sqrt(Math.min(1, node.own / hottest)))) : 0;
    const wide = width * pixels >= Math.min(46, 6.6 * node.name.length + 10);
    element.className = (node.name === "(sleep)" ? "c7" : "h" + heat) + (wide ? "" : " thin") + (above ? " above" : "");
    element.style.cssText = `left:${100 * left}%;width:${100 * width}%;top:${level * ROW}px`;
    if (wide) element.textContent = node.name;
    if (needle) element.classList.add(node.whole.toLowerCase().includes(needle) ? "hit" : "dim");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", `${node.name}, ${share(size(node), size(root))}`);
    element.tabIndex = node === current ? 0 : -1;
    element.node = node;
    shown.set(node, element);
    return element;
  }

  function draw() {
    const pixels = graph.clientWidth || 1000, elements = [], waiting = [];
    const path = [];
    for (let node = focus; node; node = node.up) path.unshift(node);
    shown = new Map();
    let hottest = 1, deepest = path.length - 1;
    const measure = (node) => { if (node.name !== "(sleep)") hottest = Math.max(hottest, node.own); node.children.forEach(measure); };
    measure(focus);
    path.slice(0, -1).forEach((node, level) => elements.push(box(node, 0, 1, level, hottest, pixels, true)));
    const whole = size(focus) || 1;
    waiting.push([focus, 0, path.length - 1]);
    while (waiting.length) {
      const [node, begin, level] = waiting.pop();
      const width = size(node) / whole;
      elements.push(box(node, begin, width, level, hottest, pixels, false));
      deepest = Math.max(deepest, level);
      let left = begin;
      for (const child of [...node.children].sort((a, b) => size(b) - size(a))) {
        if (size(child) / whole * pixels >= 0.7) waiting.push([child, left, level + 1]);
        left += size(child) / whole;
      }
    }
    graph.style.height = (deepest + 1) * ROW + "px";
    graph.replaceChildren(...elements);
    if (needle) {
      const sum = (node) => node.whole.toLowerCase().includes(needle) ? size(node) : node.children.reduce((all, child) => all + sum(child), 0);
      info.textContent = `“${search.value}” is in ${share(sum(root), size(root))} of all cycles shown.`;
    } else tell(current);
  }

  function zoom(node) { focus = current = node; draw(); graph.scrollTop = (shown.get(node).offsetTop || 0) - 3 * ROW; }
  function move(node) {
    const from = shown.get(current), to = shown.get(node);
    if (!to) return;
    if (from) from.tabIndex = -1;
    current = node; to.tabIndex = 0; to.focus(); tell(node);
  }
  function sibling(node, by) {
    if (!node.up) return node;
    const order = [...node.up.children].sort((a, b) => size(b) - size(a)).filter((known) => shown.has(known));
    return order[order.indexOf(node) + by] || node;
  }

  graph.addEventListener("click", (event) => { if (event.target.node) { zoom(event.target.node); shown.get(current).focus({ preventScroll: true }); } });
  graph.addEventListener("pointermove", (event) => { if (event.target.node) tell(event.target.node); });
  graph.addEventListener("pointerleave", () => { if (!needle) tell(current); });
  graph.addEventListener("focusin", (event) => { if (event.target.node) tell(event.target.node); });
  graph.addEventListener("keydown", (event) => {
    const node = event.target.node, child = node && [...node.children].sort((a, b) => size(b) - size(a))[0];
    const act = { ArrowUp: () => node.up && move(node.up), ArrowDown: () => child && move(child), ArrowLeft: () => move(sibling(node, -1)),
      ArrowRight: () => move(sibling(node, 1)), Enter: () => zoom(node), " ": () => zoom(node), Escape: () => zoom(root), Home: () => move(root) }[event.key];
    if (!node || !act) return;
    event.preventDefault();
    act();
    if (["Enter", " ", "Escape"].includes(event.key)) shown.get(current).focus({ preventScroll: true });
  });
  tools.querySelector("[data-do=reset]").addEventListener("click", () => zoom(root));
  callersBox.addEventListener("change", () => {
    legend.textContent = callersBox.checked ? "width: cycles of the topmost function’s own, by who called it" : "width: cycles, with what is called";
    root = callersBox.checked ? inverted() : forward;
    zoom(root);
  });
  if (sleepBox) sleepBox.addEventListener("change", () => zoom(focus));
  search.addEventListener("input", () => { needle = search.value.trim().toLowerCase(); draw(); });
  let width = 0;
  new ResizeObserver(() => { if (graph.clientWidth !== width) { width = graph.clientWidth; draw(); } }).observe(graph);
  tools.hidden = info.hidden = false;
  draw();
});
