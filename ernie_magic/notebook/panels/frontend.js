// What ipywidgets does not do by itself for a panel: keys that send, names for slider handles, the clipboard, new cells from code,
// notice to Python when no view of the panel is left, and to the reader when the kernel is gone.

const VIEWS = new Map(); // number of views, by widget
const KERNELS = new Map(); // {gone, views, taken} by widget: views opened later find its kernel gone, too
// Buttons that need no kernel.
const OFFLINE = ".ernie-copy, .ernie-insert, .ernie-offline";
const AWAY = 2000; // milliseconds after which a lost connection is told: a short one comes back by itself
const ARRIVES = 500; // milliseconds in which the outputs of a turn arrive that has ended
const UNTAKEN = 20000; // milliseconds for which a prompt waits for its pictures
const UNANSWERED = 5000; // milliseconds for which an idle kernel may leave a click unanswered

// Text by a model, a service or a file may imitate the panel's markup: nothing in it is treated as a control.
const FOREIGN = ".ernie-log, .widget-html-content";

// ipywidgets hears of a restart that was asked for, and of no other end: the kernel crashed, was shut down, or was changed.
function initialize({ model }) {
  const kernel = { gone: "", isParted: false, isAway: false, hasLived: false, views: new Set(), taken: new Set() };
  KERNELS.set(model.get("_id"), kernel);
  const context = model.widget_manager?.context?.sessionContext;
  const own = context?.session?.kernel?.id;
  const leave = (how) => {
    kernel.gone = how;
    for (const view of kernel.views) view();
  };
  const onStatus = (_context, status) => {
    if (["restarting", "autorestarting"].includes(status)) leave("restarted");
    if (["terminating", "dead"].includes(status)) leave("stopped");
  };
  const onKernel = (_context, { newValue }) => {
    if (!newValue) leave("stopped");
    else if (newValue.id !== own) leave("restarted");
  };
  // Without its server the page knows nothing of the kernel, which may run on.
  let waits = 0;
  const onConnection = (_context, status) => {
    clearTimeout(waits);
    const tell = (isAway) => {
      kernel.isAway = isAway;
      for (const view of kernel.views) view();
    };
    kernel.isParted = status !== "connected";
    tell(kernel.isAway && kernel.isParted);
    if (kernel.isParted) waits = setTimeout(tell, AWAY, true);
  };
  context?.statusChanged.connect(onStatus);
  context?.kernelChanged.connect(onKernel);
  context?.connectionStatusChanged?.connect(onConnection);
  return () => {
    clearTimeout(waits);
    context?.connectionStatusChanged?.disconnect(onConnection);
    context?.statusChanged.disconnect(onStatus);
    context?.kernelChanged.disconnect(onKernel);
    KERNELS.delete(model.get("_id"));
  };
}

function render({ model, el }) {
  const say = model.get("labels");
  const id = model.get("_id");
  const kernel = KERNELS.get(id);
  VIEWS.set(id, (VIEWS.get(id) ?? 0) + 1);
  // A view may open after the kernel's end, when its cell is moved: nothing can be sent any more.
  const send = (message) => kernel.gone || model.send(message);
  if (el.classList.contains("jupyter-widgets-disconnected")) kernel.gone ||= "restarted";
  // One that a notebook saved with the state of its widgets comes without its turns.
  kernel.hasLived ||= !kernel.gone && model.comm_live !== false;
  send({ op: "opened" });
  const ended = new AbortController();
  const news = document.createElement("span");
  news.className = "ernie-news";
  news.setAttribute("role", "status");
  el.append(news);
  const beside = new MutationObserver((records) => {
    if (kernel.hasLived && !records.every(({ target }) => target.closest(".ernie-panel"))) hide(true);
  });
  let whole = null; // the panel's own model
  model.widget_manager?.get_model?.(model.get("root"))?.then((found) => (whole = found), () => {});
  let area = null, root = null, named = null, told = null, inserted = null, fades = 0, unsaved = 0;

  const found = () => {
    root = el.closest(".ernie-panel");
    area = root?.closest(".jp-OutputArea");
    // A panel may be complete before it is put on the page.
    if (!area && !root?.isConnected) return ended.signal.aborted || setTimeout(found, 20);
    let due = false; // at most once per frame, and not for changes within a transcript
    named = new MutationObserver((records) => {
      if (due || records.every(({ target }) => target.closest?.(".ernie-log"))) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        name(root, say);
        takeReturned();
        retireIfGone();
      });
    });
    named.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
    told = new MutationObserver((records) => {
      for (const slider of new Set(records.map(({ target }) => target.closest(".widget-slider")))) slider && tellNumber(slider, say);
    });
    told.observe(root, { subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
    name(root, say);
    takeReturned();
    // Runs before the notebook's own shortcuts, which listen on the document in the capture phase.
    window.addEventListener("keydown", onKey, { capture: true, signal: ended.signal });
    root.addEventListener("focus", ({ target }) => target.matches(".widget-readout") && (target.ernieBefore = target.textContent), { capture: true, signal: ended.signal });
    root.addEventListener("blur", ({ target }) => target.matches(".widget-readout") && takeTyped(target), { capture: true, signal: ended.signal });
    root.addEventListener("click", onSend, { capture: true, signal: ended.signal });
    root.addEventListener("click", onClick, { signal: ended.signal });
    document.addEventListener("pointerdown", ({ target }) => closeMenus(root, target), { capture: true, signal: ended.signal });
    if (area) {
      area.erniePanels ??= new Set(); // on the node: two panels of one cell share no module
      area.erniePanels.add(el);
      beside.observe(area, { childList: true });
      if (kernel.hasLived) hide(true);
    } else cellElsewhere()?.classList.add("ernie-live");
    retireIfGone();
  };

  // In VS Code's notebooks and in Colab's frames: what holds the outputs of a cell.
  const cellElsewhere = () => root?.closest(".cell_container") ?? document.getElementById("output-area");

  // The saved outputs stand in the same output area and are hidden while the panel lives: by their mark, whenever they are drawn
  // (frontend.css). Once drawn, they take no room either; and their style uses :has(), which would be evaluated again at each
  // delta, so it is switched off.
  function hide(hidden) {
    area.classList.toggle("ernie-live", hidden);
    for (const kept of area.querySelectorAll(":scope > .jp-OutputArea-child")) {
      if (kept.querySelector(".ernie-panel")) continue;
      if (hidden) beside.observe(kept, { childList: true, subtree: true });
      if (!kept.querySelector(".ernie-saved")) continue;
      kept.classList.toggle("ernie-hidden", hidden);
      for (const style of kept.querySelectorAll("style")) style.disabled = hidden;
    }
  }

  function retireIfGone() {
    if (!root) return;
    root.classList.toggle("ernie-parted", kernel.isParted);
    if (!kernel.gone) return kernel.isAway ? suspend(root, say.away) : resume(root);
    retire(root, say[kernel.gone], say.partial);
    root.classList.toggle("ernie-restored", !kernel.hasLived);
  }

  // Where the page's kernel cannot be watched, ipywidgets' own mark says it.
  function onComm() {
    if (model.comm_live && !kernel.hasLived) {
      kernel.hasLived = true;
      if (area) hide(true);
    }
    if (!el.classList.contains("jupyter-widgets-disconnected")) return;
    kernel.gone ||= "restarted";
    retireIfGone();
  }

  function onKey(event) {
    const area = event.target;
    if (root.contains(area) && area.matches(".ernie-card img") && ["Enter", " "].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return enlarge(area, root, say, original);
    }
    if (root.contains(area) && area.matches(".ernie-tabs [role=tab]")) return moveAlongTabs(event);
    if (root.contains(area) && event.key === "Enter" && area.matches(".widget-readout")) {
      checkTyped(area);
      area.ernieBefore = null;
      if (!event.isTrusted) return event.preventDefault(); // ours: it is no shortcut of the notebook's
    }
    if (event.key === "Escape" && !event.isComposing && root.contains(area) && closeMenus(root)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey) || event.isComposing) return;
    if (!root.contains(area) || area.tagName !== "TEXTAREA" || area.closest(FOREIGN)) return;
    const prompt = area.closest(".ernie-prompt");
    if (!prompt) return;
    event.preventDefault();
    event.stopPropagation();
    if (!kernel.gone && !kernel.isAway) submit(prompt);
  }

  // ipywidgets takes a typed number by Enter alone: left otherwise it stood there and was not sent.
  function takeTyped(readout) {
    if ([null, readout.textContent].includes(readout.ernieBefore)) return;
    readout.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 13, bubbles: true, cancelable: true }));
  }

  // It puts one that is out of range at the slider's end without a word.
  function checkTyped(readout) {
    const slider = readout.closest(".widget-slider");
    const handle = slider?.querySelector(".noUi-handle");
    if (!handle) return;
    const typed = readout.textContent.trim();
    const number = Number(plain(typed));
    const [low, high] = ["aria-valuemin", "aria-valuemax"].map((limit) => handle.getAttribute(limit));
    if (!typed || (plain(typed) && number >= Number(low) && number <= Number(high))) return;
    const words = { "{typed}": typed.slice(0, 20), "{low}": low, "{high}": Number(high).toLocaleString("en-US") };
    tell(say.out_of_range.replace(/\{\w+\}/g, (name) => words[name]), slider, 6000);
  }

  // The text goes with the message: what ipywidgets knows of it may be sent later. A box that is emptied is emptied here, and what
  // could not be sent is put back here, so that the kernel writes nothing into a box in which somebody types.
  function submit(prompt) {
    const area = prompt.querySelector("textarea");
    const where = boxOf(prompt);
    const text = area.value;
    if (prompt.classList.contains("ernie-cleared")) write(area, "");
    const whenOver = (isHeard) => isHeard || !kernel.gone || giveBack(where, text);
    queued(prompt.closest(".ernie-composer").querySelector(".ernie-send"), whenOver);
    // What was typed into other fields and the files that were chosen come first: messages of each have a thread of their own in some
    // kernels, and a large picture takes a moment.
    const since = performance.now();
    const composer = prompt.closest(".ernie-composer");
    const go = () => {
      const isTyped = fieldsIn(whole).some((field) => field._pending_msgs > 0);
      const isGiven = composer.querySelector(".ernie-giving");
      const waited = performance.now() - since;
      const waits = (isTyped && waited < UNANSWERED) || (isGiven && waited < UNTAKEN);
      if (kernel.gone) return;
      if (waits) setTimeout(go, 30);
      else model.send({ op: "send", where, text, texts: typedTexts(whole) });
    };
    go();
  }

  function onSend(event) {
    const button = event.target.closest(".ernie-send");
    if (!button || button.disabled || button.closest(FOREIGN) || kernel.gone) return;
    event.preventDefault();
    event.stopPropagation();
    submit(button.closest(".ernie-composer").querySelector(".ernie-prompt"));
  }

  // Put a prompt back into its box, before what was written meanwhile. Another page may have done so already.
  function giveBack(where, text) {
    const area = root?.querySelector(`.ernie-prompt.${CSS.escape(where)} textarea`);
    if (!area) return false;
    const isThere = area.value.trim() === text.trim() || area.value.startsWith(`${text}\n\n`);
    if (!isThere) write(area, area.value ? `${text}\n\n${area.value}` : text);
    return true;
  }

  function takeReturned() {
    for (const { id, where, text } of model.get("returned") ?? []) {
      if (kernel.taken.has(id) || !giveBack(where, text)) continue;
      kernel.taken.add(id);
      send({ op: "taken", id });
    }
  }

  async function onClick(event) {
    const picture = event.target.closest(".ernie-card img");
    if (picture) return enlarge(picture, root, say, original);
    const button = event.target.closest("button");
    if (!button || button.closest(FOREIGN)) return;
    if ((kernel.gone || kernel.isAway) && button.matches(".ernie-tabs button")) return showPane(button, root);
    if (button.classList.contains("ernie-fold")) return fold(button, root);
    const box = button.closest(".ernie-code");
    if (!box && button.classList.contains("ernie-button")) queued(button);
    if (!box) return;
    const cells = [...box.querySelectorAll("pre")].map((pre) => pre.textContent);
    const copied = () => toClipboard(cells.join("\n\n"));
    if (button.classList.contains("ernie-copy")) tell((await copied()) ? say.copied : say.not_copied, button);
    if (button.classList.contains("ernie-insert")) tell(insert(cells) ? say.inserted : (await copied()) ? say.not_inserted : say.not_copied, button);
  }

  // A card has a thumbnail; the picture as it was received takes its place in the large view when it has arrived.
  function original(picture, use) {
    const number = Number(picture.closest(".ernie-card").className.match(/ernie-picture-(\d+)/)?.[1]);
    const onMessage = (message) => {
      if (message.op !== "original" || message.picture !== number) return;
      model.off("msg:custom", onMessage);
      if (message.address) use(message.address);
    };
    model.on("msg:custom", onMessage);
    send({ op: "original", picture: number });
  }

  // While a cell runs, the kernel may handle a click only after the cell has ended; the panel then says so. Each click that has
  // arrived toggles a class of its button (widgets.py). A kernel that is idle and does not answer was restarted out of our sight.
  function queued(button, whenOver = () => {}) {
    const before = button.classList.contains("ernie-heard");
    const since = performance.now();
    let busy = since;
    const isOver = () => kernel.gone || !button.isConnected || ended.signal.aborted;
    const look = () => {
      const now = performance.now();
      const isHeard = button.classList.contains("ernie-heard") !== before;
      if (isHeard || isOver()) {
        whenOver(isHeard);
        return [say.queued, say.unanswered, say.no_server].includes(news.textContent) && tell("");
      }
      if (model.widget_manager?.kernel?.status !== "idle") busy = now;
      const server = model.widget_manager?.kernel?.connectionStatus ?? "connected";
      const said = server !== "connected" ? say.no_server : now - busy > UNANSWERED ? say.unanswered : say.queued;
      if (now - since > 600) tell(said, button, Infinity);
      setTimeout(look, 100);
    };
    look();
  }

  // Below the cell that shows this panel and after cells inserted earlier; in the shared model, which the page follows.
  function insert(sources) {
    const notebook = model.widget_manager?.context?.model?.sharedModel;
    if (!notebook?.insertCell) return false;
    const cell = el.closest(".jp-Cell");
    const siblings = cell ? [...cell.closest(".jp-Notebook").querySelectorAll(".jp-Cell")] : [];
    const shows = (each) => JSON.stringify(each.outputs ?? "").includes(model.get("root"));
    const last = notebook.cells.findIndex((each) => each.id === inserted);
    const at = last >= 0 ? last : notebook.cells.findIndex(shows);
    const place = at >= 0 ? at : siblings.indexOf(cell);
    if (place < 0) return false;
    sources.forEach((source, i) => notebook.insertCell(place + 1 + i, { cell_type: "code", source, metadata: {} }));
    inserted = notebook.cells[place + sources.length].id;
    return true;
  }

  // A page that was loaded since the cell ran finds no output by its display id (https://github.com/jupyterlab/jupyterlab/issues/2833):
  // what the notebook saves of the panel is written into the page's own model.
  function savedOutputs() {
    const places = [];
    for (const { outputs } of model.widget_manager?.context?.model?.cells ?? []) {
      const present = outputs ? Array.from({ length: outputs.length }, (_, at) => outputs.get(at).toJSON()) : [];
      if (!JSON.stringify(present).includes(model.get("root"))) continue;
      const pages = present.map(({ data }) => htmlOf(data));
      places.push({ outputs, pages, own: pages.flatMap((page, at) => (page.includes('class="ernie-saved') ? [at] : [])) });
    }
    return places;
  }

  const lacks = (lengths) => savedOutputs().some(({ pages, own }) => lengths.some((length, number) => pages[own[number]]?.length !== length));

  function save({ outputs, pages, own }, saved) {
    saved.forEach((data, number) => {
      const output = { output_type: "display_data", data, metadata: {} };
      if (number >= own.length) outputs.add(output);
      else if (pages[own[number]] !== htmlOf(data)) outputs.set(own[number], output);
    });
  }

  // Next to the button it refers to; over a composer, whose buttons keep their places.
  function tell(text, beside = null, milliseconds = 4000) {
    clearTimeout(fades);
    const place = beside?.closest(".ernie-composer") ?? beside?.parentElement;
    if (place && place.lastElementChild !== news) place.append(news);
    if (news.textContent !== text) news.textContent = text;
    if (text && milliseconds < Infinity) fades = setTimeout(() => (news.textContent = ""), milliseconds);
  }

  // Another page has closed its last view of this panel: the session is followed for this one.
  const onAsked = (message) => {
    if (message.op === "is_open") send({ op: "opened" });
    if (message.op === "saved") {
      clearTimeout(unsaved);
      unsaved = setTimeout(() => lacks(message.lengths) && send({ op: "resend" }), ARRIVES);
    }
    if (message.op === "save") savedOutputs().forEach((place) => save(place, message.outputs));
  };
  model.on("msg:custom", onAsked);
  kernel.views.add(retireIfGone);
  model.on("comm_live_update", onComm);
  model.on("change:returned", takeReturned);
  found();
  return () => {
    ended.abort();
    clearTimeout(unsaved);
    named?.disconnect();
    told?.disconnect();
    beside.disconnect();
    model.off("msg:custom", onAsked);
    model.off("change:returned", takeReturned);
    kernel.views.delete(retireIfGone);
    area?.erniePanels?.delete(el);
    if (area?.erniePanels?.size === 0) hide(false);
    if (!area) cellElsewhere()?.classList.remove("ernie-live");
    VIEWS.set(id, VIEWS.get(id) - 1);
    if (VIEWS.get(id) === 0) send({ op: "closed" });
  };
}

// What stands in a panel's fields, by their ids: ipywidgets sends the first key that is typed, and the rest when its kernel has
// handled that, which may be after a prompt that is sent meanwhile.
const typedTexts = (widget) => Object.fromEntries(fieldsIn(widget).map((field) => [field.model_id, field.get("value")]));

// Not the prompts, whose texts are sent by themselves.
function fieldsIn(widget) {
  if (!widget || widget.get("_dom_classes")?.includes("ernie-prompt")) return [];
  if (["TextModel", "TextareaModel"].includes(widget.get("_model_name"))) return [widget];
  return (widget.get("children") ?? []).flatMap(fieldsIn);
}

// As notebooks have it: a text, or its lines.
const htmlOf = (data) => [data?.["text/html"] ?? ""].flat().join("");

const boxOf = (prompt) => [...prompt.classList].find((name) => name.startsWith("ernie-at-"));

// As if it were typed: ipywidgets sends it in its turn.
function write(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// A tab list is one stop of the Tab key; the arrow keys move within it (WAI-ARIA tabs pattern).
function moveAlongTabs(event) {
  const tabs = [...event.target.closest(".ernie-tabs").querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

// What a fold button opens; the page does so by itself, also while the kernel is busy.
function folded(button, root) {
  if (button.classList.contains("ernie-service")) return root.querySelector(".ernie-service-text");
  return button.nextElementSibling;
}

function fold(button, root) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  folded(button, root)?.classList.toggle("ernie-open", open);
}

// What a fold button opens over other things is a menu: Escape closes it, and so does a press anywhere else (WAI-ARIA disclosure
// pattern). Whether one was open.
function closeMenus(root, pressed = null) {
  let isClosed = false;
  for (const button of root.querySelectorAll('.ernie-fold[aria-expanded="true"]')) {
    const menu = folded(button, root);
    if (!menu?.matches(".ernie-menu, .ernie-popover") || button.contains(pressed) || menu.contains(pressed)) continue;
    const hadFocus = menu.contains(document.activeElement);
    fold(button, root);
    if (hadFocus && !pressed) button.focus();
    isClosed = true;
  }
  return isClosed;
}

// A picture over the whole card; arrow keys show its neighbours, Escape or a click closes it.
function enlarge(picture, root, say, original) {
  const light = document.createElement("div");
  light.className = "ernie-light";
  light.setAttribute("role", "dialog");
  light.setAttribute("aria-modal", "true");
  const large = document.createElement("img");
  const shut = document.createElement("button");
  shut.type = "button";
  shut.className = "ernie-small ernie-offline";
  shut.textContent = say.close;
  light.append(large, shut);
  const show = (one) => {
    picture = one;
    large.src = one.src;
    large.alt = one.alt;
    light.setAttribute("aria-label", one.alt);
    original(one, (address) => {
      if (picture === one) large.src = address;
    });
  };
  const end = () => {
    light.remove();
    picture.focus();
  };
  light.addEventListener("click", (event) => {
    event.stopPropagation();
    end();
  });
  light.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Tab") event.preventDefault(); // one button: the focus stays
    if (!step && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return end();
    const all = [...root.querySelectorAll(".ernie-card img")];
    show(all[(all.indexOf(picture) + step + all.length) % all.length]);
  });
  show(picture);
  root.append(light);
  shut.focus();
}

function nameTabs(root) {
  const tabs = root.querySelectorAll(".ernie-tabs button");
  if (tabs.length < 2) return;
  const list = tabs[0].parentElement;
  set(list, "role", "tablist");
  set(list, "aria-label", root.querySelector(".ernie-tabs .widget-label")?.textContent ?? "");
  let chosen = "";
  for (const tab of tabs) {
    const isChosen = tab.classList.contains("mod-active");
    if (isChosen) chosen = tab.textContent;
    set(tab, "role", "tab");
    set(tab, "aria-selected", String(isChosen));
    set(tab, "tabindex", isChosen ? "0" : "-1");
  }
  for (const panel of root.querySelectorAll(".ernie-tab")) {
    if (panel.style.display === "none") continue;
    set(panel, "role", "tabpanel");
    set(panel, "aria-label", chosen);
  }
}

function name(root, say) {
  nameTabs(root);
  for (const button of root.querySelectorAll(".jupyter-button.ernie-icon, .ernie-attach")) set(button, "aria-label", button.title);
  for (const picture of root.querySelectorAll(".ernie-card img")) {
    set(picture, "tabindex", "0");
    set(picture, "role", "button");
  }
  for (const button of root.querySelectorAll(".ernie-fold:not([aria-expanded])")) {
    button.setAttribute("aria-expanded", "true");
    fold(button, root);
  }
  for (const node of root.querySelectorAll('[title="null"]')) node.removeAttribute("title"); // ipywidgets writes None as "null"
  for (const slider of root.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent ?? "";
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      set(handle, "aria-label", label);
      set(handle, "data-lm-suppress-shortcuts", "true"); // in Notebook 7 the arrow keys fold headings (Lumino's own attribute)
    }
    for (const readout of slider.querySelectorAll(".widget-readout")) {
      set(readout, "role", "textbox");
      set(readout, "aria-label", label);
      set(readout, "data-default", say.default);
    }
    tellNumber(slider, say);
  }
  // Groups of toggle buttons (WAI-ARIA button pattern, aria-pressed).
  for (const group of root.querySelectorAll(".widget-toggle-buttons:not(.ernie-tabs)")) {
    const label = group.querySelector(".widget-label")?.textContent;
    const buttons = group.querySelectorAll("button");
    if (label && buttons.length) {
      set(buttons[0].parentElement, "role", "group");
      set(buttons[0].parentElement, "aria-label", label);
    }
    for (const button of buttons) set(button, "aria-pressed", String(button.classList.contains("mod-active")));
  }
  for (const button of root.querySelectorAll("button.widget-toggle-button:not([role=tab])")) set(button, "aria-pressed", String(button.classList.contains("mod-active")));
}

// noUiSlider rounds what a screen reader is told to one decimal, and says 0.9500000000000001; the page has the exact numbers.
function tellNumber(slider, say) {
  const handle = slider.querySelector(".noUi-handle");
  const shown = plain(slider.querySelector(".widget-readout")?.textContent);
  if (!handle || !shown) return;
  const ends = slider.closest(".ernie-control")?.querySelectorAll(".ernie-ends span") ?? [];
  ["aria-valuemin", "aria-valuemax"].forEach((limit, i) => {
    set(handle, limit, plain(ends[i]?.textContent ?? handle.getAttribute(limit)));
  });
  set(handle, "aria-valuenow", shown);
  set(handle, "aria-valuetext", slider.classList.contains("ernie-unknown") ? say.default : shown);
}

// "12,288.0" as 12288, "0.950" as 0.95; "" for what is no number.
function plain(text) {
  const digits = (text ?? "").replace("\u2212", "-").replace(/[^\d.eE+-]/g, "");
  return digits && Number.isFinite(Number(digits)) ? String(Number(digits)) : "";
}

// Its server cannot be reached: what needs the kernel waits, all of it can be read.
function suspend(root, line) {
  root.classList.add("ernie-away");
  tellAbove(root, line);
  for (const control of controlsOf(root)) {
    if (control.disabled) continue;
    control.disabled = true;
    control.classList.add("ernie-waits");
  }
  holdSliders(root, true);
}

function holdSliders(root, isHeld) {
  for (const slider of root.querySelectorAll(".noUi-target")) slider.toggleAttribute("disabled", isHeld);
  for (const handle of root.querySelectorAll(".noUi-handle, .widget-readout")) {
    set(handle, "aria-disabled", String(isHeld));
    if (handle.matches(".widget-readout")) set(handle, "contenteditable", String(!isHeld));
    if (handle.matches(".noUi-handle")) set(handle, "tabindex", isHeld ? "-1" : "0");
  }
}

function resume(root) {
  if (!root.classList.contains("ernie-away")) return;
  root.classList.remove("ernie-away");
  root.querySelector(":scope > .ernie-gone")?.remove();
  for (const control of root.querySelectorAll(".ernie-waits")) {
    control.disabled = false;
    control.classList.remove("ernie-waits");
  }
  holdSliders(root, false);
}

// All that need a kernel: not the tabs that were opened.
function controlsOf(root) {
  const opened = new Set([...root.querySelectorAll(".ernie-tabs button")].filter((tab) => paneOf(tab, root)));
  return [...root.querySelectorAll("button, select, textarea, input")].filter((control) => !control.matches(OFFLINE) && !opened.has(control));
}

function tellAbove(root, line) {
  let told = root.querySelector(":scope > .ernie-gone");
  if (!told) {
    told = document.createElement("p");
    told.className = "ernie-gone";
    told.setAttribute("role", "status");
    root.prepend(told);
  }
  if (told.textContent !== line) told.textContent = line;
}

// Its kernel is gone: nothing in the panel can act, all of it can be read.
function retire(root, line, partial) {
  root.classList.remove("ernie-away");
  root.classList.add("ernie-retired");
  tellAbove(root, line);
  for (const control of controlsOf(root)) control.disabled = true;
  holdSliders(root, true);
  for (const turn of root.querySelectorAll('.ernie-turn[aria-busy="true"]')) {
    turn.setAttribute("aria-busy", "false");
    const half = document.createElement("small");
    half.textContent = partial;
    turn.querySelector(".ernie-footer").prepend(half);
  }
}

// What a tab shows, once it has been opened.
function paneOf(tab, root) {
  return root.querySelector(`.ernie-body > .ernie-tab-${[...tab.parentElement.children].indexOf(tab)}`);
}

// Without a kernel the page itself shows what the tabs that were opened hold.
function showPane(tab, root) {
  const chosen = paneOf(tab, root);
  for (const pane of root.querySelectorAll(".ernie-body > *")) pane.style.display = pane === chosen ? "" : "none";
}

function set(node, attribute, value) {
  if (node.getAttribute(attribute) !== value) node.setAttribute(attribute, value);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export default { initialize, render };
