// The transcript: turns as they arrive. HTML is drawn by the notebook's own renderer, the one that draws a cell's output.
// What Python sends is kept once per model (`initialize`), so that each view can draw all of it and a delta costs one block.

function initialize({ model }) {
  const state = { turns: [], views: new Set() };
  model.on("msg:custom", (message) => {
    take(state, message);
    for (const view of state.views) view(message);
  });
  model.send({ op: "hello" });
  STATES.set(model.get("_id"), state);
  return () => STATES.delete(model.get("_id"));
}

const STATES = new Map();
const NEAR = 600; // pixels
const DRAWN = 300; // milliseconds in which turns that were put are drawn
const ASKED = 96; // pixels of a question that stay above its answer: some four lines

function take(state, message) {
  const { op, id } = message;
  if (op === "all") state.turns = message.turns;
  if (op === "drop") state.turns = state.turns.filter((turn) => !message.ids.includes(turn.id));
  if (op === "put") {
    const at = state.turns.findIndex((turn) => turn.id === message.turn.id);
    if (at < 0) state.turns.push(message.turn);
    else state.turns[at] = message.turn;
  }
  if (op === "thought") {
    const turn = state.turns.find((turn) => turn.id === id);
    if (turn) Object.assign(turn, message.thought);
  }
  if (op === "block") {
    const turn = state.turns.find((turn) => turn.id === id);
    if (turn) turn.blocks[message.key] = message.html;
  }
}

function render({ model, el }) {
  const state = STATES.get(model.get("_id"));
  const say = model.get("labels");
  const rendermime = model.widget_manager?.rendermime;
  const log = element("div", "ernie-log", { role: "log", tabindex: "0", "aria-label": say.transcript, "aria-live": "off" });
  const empty = element("div", "ernie-empty");
  const examples = model.get("examples") ?? [];
  if (examples.length) empty.append(element("p", "", {}, say.empty));
  for (const text of examples) {
    const example = button(text, () => model.send({ op: "example", text }));
    example.classList.add("ernie-example");
    empty.append(example);
  }
  let refocused = ""; // the class of the button that a version was chosen with
  log.append(empty);
  el.append(log);
  const shown = new Map(); // {node, blocks} by turn id
  let follows = true; // the reader is at the end, so keep the end visible
  const turns = element("div");
  log.append(turns);
  // A scroll event comes after the scroll, and the log may have grown meanwhile: only a reader who moved up has left the end.
  let top = 0;
  log.addEventListener("scroll", () => {
    const isNearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (isNearEnd) follows = true;
    else if (log.scrollTop < top) follows = false;
    top = log.scrollTop;
    look();
  });
  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
    top = log.scrollTop;
  };
  const grown = new ResizeObserver(() => {
    if (follows) toEnd();
    look();
  });
  grown.observe(turns);
  const measured = new ResizeObserver((entries) => {
    for (const { target, borderBoxSize } of entries) {
      if (!target.isConnected) measured.unobserve(target);
      target.style.setProperty("--ernie-over", `${Math.max(0, borderBoxSize[0].blockSize - ASKED)}px`);
    }
  });

  // An answer that is complete replaces the one that streamed. Until it is drawn its room is kept: a log that shrinks for a frame
  // flickers, is scrolled up by the page, and would be taken for one whose reader has left the end.
  let settles = 0;
  function keepRoom() {
    turns.style.minHeight = `${turns.offsetHeight}px`;
    clearTimeout(settles);
    settles = setTimeout(release, DRAWN);
  }

  function release() {
    clearTimeout(settles);
    turns.style.minHeight = "";
  }

  // The notebook's own renderer typesets formulas; without it they stay as source. A block is drawn once at a time; what arrives meanwhile is drawn next.
  function block(host) {
    let drawing = false, wanted = null;
    return async function draw(html) {
      wanted = html;
      if (drawing) return;
      drawing = true;
      while (wanted !== null) {
        const text = wanted;
        wanted = null;
        try {
          if (!rendermime) host.innerHTML = text; // sanitized in Python, where it was made
          else {
            const next = host.renderer ?? rendermime.createRenderer("text/html");
            await next.renderModel({ trusted: false, data: { "text/html": text }, metadata: {}, setData() {} });
            if (!host.renderer) await attach(next, host);
            host.renderer = next;
          }
        } catch (error) {
          console.error(error);
          host.innerHTML = text; // show the text all the same
        }
      }
      drawing = false;
      level(host);
    };
  }

  // Dispose of the renderers of a turn's blocks.
  function discard(node) {
    for (const host of node.querySelectorAll(".ernie-block")) host.renderer?.dispose();
  }

  function remove(id) {
    const view = shown.get(id);
    if (!view) return;
    discard(view.node);
    view.node.remove();
    shown.delete(id);
    if (plain.includes(id)) plain.splice(plain.indexOf(id), 1);
  }

  // An answer's headings follow the turn's own heading without skipping a level, so that a screen reader can navigate (WCAG 1.3.1).
  function level(host) {
    let last = 2;
    for (const heading of host.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
      last = Math.min(Number(heading.tagName[1]) + 2, last + 1);
      heading.setAttribute("aria-level", String(Math.max(3, last)));
      heading.setAttribute("role", "heading");
    }
  }

  async function attach(renderer, host) {
    for (let i = 0; i < 100 && !host.isConnected; i++) await new Promise((resume) => setTimeout(resume, 20));
    // Attached through Lumino, since only then formulas are typeset; its Widget class is reached through the object.
    if (host.isConnected && renderer.constructor.attach) renderer.constructor.attach(renderer, host);
    else host.append(renderer.node);
  }

  // Turns out of sight stay plain text until the reader scrolls near: a long transcript opens at once and costs nothing while an
  // answer streams below it.
  const plain = []; // their ids, in order
  let looking = false;
  function look() {
    if (looking) return;
    looking = true;
    requestAnimationFrame(() => {
      looking = false;
      const sight = log.getBoundingClientRect();
      if (!sight.height) return; // another tab is open
      for (let i = plain.length - 1; i >= 0; i--) {
        const box = shown.get(plain[i]).node.getBoundingClientRect();
        if (box.bottom < sight.top - NEAR) return; // those above it are too
        if (box.top > sight.bottom + NEAR) continue;
        const turn = state.turns.find(({ id }) => id === plain[i]);
        plain.splice(i, 1);
        turn.blocks.forEach((html, key) => grow(turn.id, key, html));
      }
    });
  }

  function put(turn) {
    let view = shown.get(turn.id);
    if (!view) {
      const node = element("article", "ernie-turn");
      view = { node, blocks: [] };
      shown.set(turn.id, view);
      turns.append(node);
    }
    const { node } = view;
    const asked = node.querySelector(":scope > .ernie-asked:has(textarea)") ?? question(turn); // an open editor stays
    const answered = element("div", "ernie-answered");
    const blocks = element("div", "ernie-blocks");
    answered.append(heading(turn), blocks);
    const footer = element("div", "ernie-footer");
    if (turn.footer) footer.append(element("small", "", { title: turn.details }, turn.footer));
    if (turn.mark) footer.append(element("small", "ernie-mark", {}, turn.mark));
    if (turn.notes) footer.append(element("small", "ernie-abnormal", {}, turn.notes));
    if (turn.version) footer.append(versions(turn));
    footer.append(actions(turn));
    answered.append(footer);
    discard(node);
    node.replaceChildren(asked, answered);
    node.setAttribute("aria-busy", String(turn.open));
    if (refocused && turn.version) {
      node.querySelector(`.${refocused}`)?.focus();
      refocused = "";
    }
    view.blocks = [];
    view.host = blocks;
    if (turn.open) turn.blocks.forEach((html, key) => grow(turn.id, key, html));
    else {
      blocks.textContent = turn.text;
      if (!plain.includes(turn.id)) plain.push(turn.id);
      look();
    }
    empty.hidden = shown.size > 0;
  }

  // A picture behind a link may be of a file that somebody else wrote: the page does not fetch it unasked.
  function askedPicture(turn, source) {
    if (source.startsWith("data:") || turn.draws_links) return element("img", "", { src: source, alt: say.picture });
    return element("a", "", { href: source, target: "_blank", rel: "noopener noreferrer" }, source);
  }

  function question(turn) {
    const asked = element("div", "ernie-asked");
    asked.append(element("span", "ernie-who", { role: "heading", "aria-level": "2" }, say.you), element("div", "ernie-prompt-text", {}, turn.prompt));
    if (turn.actions.includes("edit")) asked.append(iconButton("pencil", say.edit, () => edit(turn, asked)));
    if (turn.images.length) {
      const pictures = element("div", "ernie-asked-pictures");
      pictures.append(...turn.images.map((source) => askedPicture(turn, source)));
      asked.prepend(pictures);
    }
    measured.observe(asked);
    return asked;
  }

  // An answer's first line: the model, and its thought, which opens. It has one height with a thought and without.
  function heading(turn) {
    const who = element("span", "ernie-who", { role: "heading", "aria-level": "2" }, turn.model || say.model);
    if (!turn.reasoning) {
      const line = element("div", "ernie-first-line");
      line.append(who);
      return line;
    }
    const thought = element("details", "ernie-thought");
    const summary = element("summary", "ernie-first-line");
    summary.append(who, element("span", "ernie-thought-title", {}, turn.reasoning_title));
    thought.append(summary, element("div", "", { tabindex: "0" }, turn.reasoning));
    thought.open = turn.is_thinking;
    return thought;
  }

  function think(id) {
    const turn = state.turns.find((turn) => turn.id === id);
    const first = shown.get(id)?.node.querySelector(".ernie-answered > :first-child");
    if (!turn || !first) return;
    if (!first.matches(".ernie-thought")) return first.replaceWith(heading(turn));
    first.querySelector(".ernie-thought-title").textContent = turn.reasoning_title;
    const words = first.lastElementChild;
    words.textContent = turn.reasoning;
    words.scrollTop = words.scrollHeight;
    if (!turn.is_thinking) first.open = false;
  }

  function grow(id, key, html) {
    const view = shown.get(id);
    if (!view) return;
    if (!view.blocks.length) view.host.replaceChildren();
    while (view.blocks.length <= key) {
      const host = element("div", "ernie-block");
      view.host.append(host);
      view.blocks.push(block(host));
    }
    view.blocks[key](html);
  }

  // ‹ 2/3 ›: the answers to one prompt.
  function versions(turn) {
    const [number, count] = turn.version;
    const row = element("span", "ernie-versions");
    const step = (icon, label, by, isPossible) => {
      const node = iconButton(icon, label, () => {
        refocused = `ernie-icon-${icon}`;
        model.send({ op: "version", id: turn.id, step: by });
      });
      node.disabled = !isPossible;
      return node;
    };
    row.append(step("previous", say.previous, -1, number > 1), element("small", "", {}, `${number}/${count}`), step("next", say.next, 1, number < count));
    return row;
  }

  function actions(turn) {
    const row = element("span", "ernie-actions");
    const text = () => turn.text || turn.blocks.join("\n\n");
    const copy = iconButton("copy", say.copy, async () => {
      const isCopied = await toClipboard(text());
      rename(copy, isCopied ? say.copied : say.not_copied);
      copy.classList.toggle("ernie-icon-check", isCopied);
      setTimeout(() => {
        rename(copy, say.copy);
        copy.classList.remove("ernie-icon-check");
      }, 1500);
    });
    copy.classList.add("ernie-offline");
    row.append(copy);
    if (turn.actions.includes("regenerate")) row.append(iconButton("again", say.regenerate, () => model.send({ op: "regenerate", id: turn.id })));
    if (turn.actions.includes("fork")) row.append(iconButton("fork", say.fork, () => model.send({ op: "fork", id: turn.id })));
    return row;
  }

  // A prompt that could not be asked stands in its editor again.
  function editAgain(id, text) {
    const turn = state.turns.find((each) => each.id === id);
    const asked = shown.get(id)?.node.querySelector(":scope > .ernie-asked");
    if (!turn || !asked) return;
    edit(turn, asked);
    asked.querySelector("textarea").value = text;
  }

  function edit(turn, asked) {
    if (asked.querySelector("textarea")) return;
    const area = element("textarea", "", { "aria-label": say.edit_label, rows: String(Math.min(8, turn.prompt.split("\n").length + 1)) });
    area.value = turn.prompt;
    const end = () => asked.replaceWith(question(turn));
    const send = () => {
      if (!area.value.trim()) return;
      model.send({ op: "edit", id: turn.id, text: area.value });
      end();
    };
    const row = element("div", "ernie-edit");
    const cancel = button(say.cancel, end);
    cancel.classList.add("ernie-offline");
    row.append(button(say.send_edit, send), cancel);
    area.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") end();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.preventDefault();
        send();
      }
    });
    asked.querySelector(".ernie-prompt-text").replaceChildren(area, row);
    area.focus();
  }

  function view(message) {
    if (message.op === "drop" || shown.has(message.turn?.id)) keepRoom();
    if (message.op === "all") {
      [...shown.keys()].forEach(remove);
      empty.hidden = false;
      state.turns.forEach(put);
    }
    if (message.op === "put") put(message.turn);
    if (message.op === "edit_again") editAgain(message.id, message.text);
    if (message.op === "thought") think(message.id);
    if (message.op === "block") grow(message.id, message.key, message.html);
    if (message.op === "drop") {
      message.ids.forEach(remove);
      empty.hidden = shown.size > 0;
      if (!shown.size) release();
    }
    if (message.op === "end") {
      follows = true;
      toEnd();
    }
  }

  state.views.add(view);
  view({ op: "all" });
  return () => {
    state.views.delete(view);
    clearTimeout(settles);
    [...shown.keys()].forEach(remove);
    grown.disconnect();
    measured.disconnect();
  };
}

function element(tag, name = "", attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return node;
}

// A button that shows an icon of frontend.css; its words are there for tooltips and screen readers.
function iconButton(icon, label, act) {
  const node = button(label, act);
  node.classList.add("ernie-icon", `ernie-icon-${icon}`);
  node.title = label;
  return node;
}

function rename(node, label) {
  node.textContent = label;
  node.title = label;
}

function button(text, act) {
  const node = element("button", "ernie-small", { type: "button" }, text);
  node.addEventListener("click", act);
  return node;
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // an insecure origin, or the browser forbids it
  }
}

export default { initialize, render };
