// One field for a model: what is typed filters the list below it, which is grouped (WAI-ARIA combobox pattern, with a list box).
// A choice is reported by its id, so that it is right even while the list is replaced.

function render({ model, el }) {
  const say = model.get("labels");
  const id = `ernie-model-box-${Math.random().toString(36).slice(2)}`; // each view has a module of its own: no counter is shared
  el.classList.add("ernie-models");
  const label = element("label", "widget-label", { for: id }, say.model);
  const field = element("input", "", {
    id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`,
    "data-lm-suppress-shortcuts": "true",
  });
  const popup = element("div", "ernie-popup");
  // A list that scrolls is a tab stop of its own in Chromium, and it would be gone before it had the focus.
  const list = element("div", "ernie-options", { role: "listbox", id: `${id}-list`, "aria-label": say.model, tabindex: "-1" });
  const reload = element("button", "ernie-small ernie-reload", { type: "button", tabindex: "-1" }, say.reload);
  popup.append(list, reload);
  popup.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  const note = element("small", "ernie-model-note");
  el.append(label, field, note, popup);
  let isOpen = false, showsRetired = false, active = -1;

  const rows = () => [...list.querySelectorAll("[role=option]")];

  function show() {
    const { id: chosen, label: text, note: words } = model.get("current");
    if (!isOpen) field.value = text;
    field.title = chosen;
    note.textContent = words;
    note.hidden = !words;
    reload.disabled = model.get("is_loading");
  }

  function open() {
    if (isOpen || field.disabled) return;
    isOpen = true;
    showsRetired = false;
    field.select();
    draw("");
  }

  function close() {
    if (!isOpen) return;
    isOpen = false;
    list.replaceChildren();
    popup.classList.remove("ernie-open");
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    show();
  }

  function draw(sought) {
    const wanted = sought.trim().toLowerCase();
    const nodes = [];
    for (const { label, models, folded } of model.get("groups")) {
      const found = models.filter((each) => !wanted || each.id.toLowerCase().includes(wanted));
      if (!found.length || (wanted && !found[0].id)) continue;
      const isFolded = folded && !wanted && !showsRetired;
      if (label && !isFolded) nodes.push(element("div", "ernie-group", { role: "presentation" }, label));
      if (isFolded) nodes.push(option({ id: "", label: `${label} · ${found.length}`, facts: "▸" }, true));
      else nodes.push(...found.map((each) => option(each)));
    }
    if (wanted && !nodes.length) nodes.push(option({ id: sought.trim(), label: say.as_is.replace("{model}", () => sought.trim()), facts: "" }));
    list.replaceChildren(...nodes);
    rows().forEach((node, i) => (node.id = `${id}-${i}`));
    popup.classList.toggle("ernie-open", isOpen);
    field.setAttribute("aria-expanded", String(isOpen));
    activate(-1);
  }

  function option(each, unfolds = false) {
    const isChosen = !unfolds && each.id === model.get("current").id;
    const node = element("div", "ernie-option", { role: "option", "aria-selected": String(isChosen) });
    node.append(element("span", "", {}, each.label ?? each.id), element("small", "", {}, each.facts));
    node.act = () => (unfolds ? unfold() : choose(each.id));
    node.addEventListener("mousedown", () => node.act());
    return node;
  }

  function unfold() {
    showsRetired = true;
    const at = active;
    draw(typed());
    activate(at);
  }

  function choose(chosen) {
    model.send({ op: "choose", model: chosen });
    close();
  }

  // A field that was emptied means the default, as the list's first line does.
  function chooseDefaultIfEmptied() {
    if (!isOpen || field.value.trim() || !model.get("current").id) return false;
    choose("");
    return true;
  }

  // A whole id that stands in the list is meant, however the field is left; a part of one is not.
  function chooseIfWhole() {
    const wanted = isOpen ? typed().trim().toLowerCase() : "";
    const whole = wanted && model.get("groups").flatMap((group) => group.models).find((each) => each.id.toLowerCase() === wanted);
    if (!whole || whole.id === model.get("current").id) return false;
    choose(whole.id);
    return true;
  }

  const typed = () => (field.value === model.get("current").label ? "" : field.value);

  function activate(index) {
    const all = rows();
    active = Math.min(index, all.length - 1);
    all.forEach((node, i) => node.classList.toggle("ernie-active", i === active));
    if (active < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", all[active].id);
    all[active].scrollIntoView({ block: "nearest" });
  }

  field.addEventListener("focus", open);
  field.addEventListener("click", open);
  field.addEventListener("blur", () => chooseDefaultIfEmptied() || chooseIfWhole() || close());
  field.addEventListener("input", () => {
    isOpen = true;
    draw(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isMove = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (!isMove && !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (isMove) {
      open();
      activate(Math.max(0, active + (event.key === "ArrowDown" ? 1 : -1)));
    } else if (event.key === "Escape") close();
    else if (!isOpen) open();
    else if (active >= 0) rows()[active].act();
    else if (!chooseDefaultIfEmptied()) {
      if (typed().trim()) model.send({ op: "search", text: typed() });
      close();
    }
  });
  reload.addEventListener("mousedown", () => {
    if (!reload.disabled) model.send({ op: "reload" });
  });
  const redraw = () => {
    show();
    if (isOpen) draw(typed());
  };
  model.on("change:current", redraw);
  model.on("change:groups", redraw);
  model.on("change:is_loading", show);
  show();
  return () => {
    model.off("change:current", redraw);
    model.off("change:groups", redraw);
    model.off("change:is_loading", show);
  };
}

function element(tag, name = "", attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== null) node.textContent = text;
  return node;
}

export default { render };
