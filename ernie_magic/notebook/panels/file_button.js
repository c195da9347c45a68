// A button that opens the page's dialog for files, and gives them to the kernel in parts: a Jupyter server ends the connection at a
// message of more than 10 MB (https://github.com/jupyter-widgets/ipywidgets/issues/2522). Large pictures are made smaller.

const PART = 512 * 1024; // bytes
const MAX_SIDE = 4096; // pixels of a picture that is made smaller
const QUALITY = 0.9; // of JPEG

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `jupyter-button widget-upload ${model.get("name")}`;
  button.title = model.get("hint");
  button.textContent = model.get("text");
  const input = document.createElement("input");
  Object.assign(input, { type: "file", hidden: true, accept: model.get("accept"), multiple: model.get("multiple") });
  el.append(button, input);
  const waiting = new Set(); // files that the kernel does not have yet: a prompt waits for them (frontend.js)
  const show = () => el.classList.toggle("ernie-giving", waiting.size > 0);

  async function give(file, id) {
    const limit = model.get("max_picture_bytes");
    const sent = limit && file.size > limit ? await shrink(file, limit) : file;
    if (!sent) return model.send({ op: "too_large", id, name: file.name, size: file.size });
    const bytes = await sent.arrayBuffer();
    for (let start = 0; start === 0 || start < bytes.byteLength; start += PART) {
      const last = start + PART >= bytes.byteLength;
      model.send({ op: "part", id, last, name: file.name, size: file.size }, null, [bytes.slice(start, start + PART)]);
    }
  }

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const files = [...input.files].map((file) => [file, `${Date.now()}-${Math.random()}`]);
    input.value = ""; // the same file can be chosen again
    for (const [, id] of files) waiting.add(id);
    show();
    for (const [file, id] of files) await give(file, id);
  });
  const onTaken = (message) => {
    waiting.delete(message.id);
    show();
  };
  model.on("msg:custom", onTaken);
  return () => model.off("msg:custom", onTaken);
}

// A picture in at most so many bytes; null for what is none to this browser.
async function shrink(file, limit) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  const canvas = document.createElement("canvas");
  for (let scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height)); scale > 0.05; scale *= 0.8) {
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // JPEG has no transparency
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (smaller && smaller.size <= limit) return smaller;
  }
  return null;
}

export default { render };
