"""What a page does and shows with untrusted text: scripts, requests, outputs, changes around them."""

import re
from contextlib import contextmanager

from ernie_magic.notebook.display.style import ANSWER_STYLE
from tests import html_check

MARK = "canary"  # in every address and name of `tests.hostile_documents`
HIT = "window.hits = []; window.hit = (...words) => { window.hits.push(words) }; 0"
# Selectors of what a front end itself puts into outputs; and the one style sheet that stands beside
# an answer, to the letter.
OWN = {
    "ignored": [".jp-RenderedHTMLCommon > br:only-child"],
    "style": ANSWER_STYLE.removeprefix("<style>").removesuffix("</style>"),
}

# How formulas are drawn is MathJax's business; what a formula must not do is checked.
OUTPUTS = r"""([selector, tags, attributes, everywhere, address, classes, align, own]) => {
    const whole = (source, flags) => new RegExp(`^(?:${source})$`, flags);
    const isAddress = whole(address, 'i'), isClass = whole(classes), isStyle = whole(align);
    const isEvil = /^on|^data-command|^srcdoc$|^xlink|^formaction$|^ping$/;
    const isFarAway = /url\(|position:\s*fixed|z-index|\d{4,}(?:\.\d+)?em/;
    const isOfMathJax = 'mjx-container, .MathJax, .MathJax_Display, .MathJax_SVG, .MathJax_Preview, .MathJax_Error, script[type^="math/"]';
    const found = [];
    const outputs = [...document.querySelectorAll(selector)];
    outputs.forEach((output, place) => {
        const say = what => found.push([place, what]);
        const height = Math.round(output.getBoundingClientRect().height);
        if (height > 8000) say(`${height} pixels high`);
        for (const node of output.querySelectorAll('*')) {
            const tag = node.tagName.toLowerCase();
            const inFormula = node.closest(isOfMathJax);
            const isOurStyle = tag === 'style' && node.textContent === own.style && node.matches('.ernie-answer + style');
            const isOwn = isOurStyle || own.ignored.some(one => node.matches(one));
            for (const {name, value} of node.attributes) {
                const text = `${inFormula ? 'in a formula ' : ''}<${tag} ${name}=${JSON.stringify(value.slice(0, 90))}>`;
                if (isEvil.test(name)) say(text);
                else if (inFormula) {
                    const isNamed = ['id', 'class', 'name'].includes(name) && /canary|\b(?:jp|lm)-/.test(value);
                    if (name === 'href' || name === 'src' || isNamed || isFarAway.test(value.replace(/rect\([^)]*\)/g, '')) && !/^(?:data|aria|alt)/.test(name)) say(text);
                }
                else if (isOwn) continue;
                else if (!everywhere.includes(name) && !(attributes[tag] ?? []).includes(name)) say(text);
                else if (name === 'href' && !isAddress.test(value)) say(text);
                else if (name === 'style' && !isStyle.test(value)) say(text);
                else if (name === 'class' && !value.split(/\s+/).filter(Boolean).every(one => isClass.test(one))) say(text);
            }
            if (inFormula) {
                if (['a', 'img', 'iframe', 'style', 'form', 'mjx-maction'].includes(tag)) say(`in a formula <${tag}>`);
            } else if (!tags.includes(tag) && !isOwn) say(`<${tag}>`);
        }
    });
    return [outputs.length, found];
}"""

# Everything but outputs and the user's own cells, as lines. Left out: a notebook's name and ids,
# numbers, and what changes with time alone.
AROUND = r"""() => {
    const lines = [];
    const plain = text => text.replace(/cell-id=[0-9a-f-]+/g, 'CELL').replace(/nb-[0-9a-f]{8}/g, 'NB').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replace(/-?\d+(?:\.\d+)?(?:px)?/g, 'N');
    const skipped = '.jp-OutputArea, .cm-editor, .jp-NotebookKernelStatus, link.favicon, .jp-MarkdownCell, .jp-DirListing, .lm-TabBar, mjx-container, svg, .jp-Statusbar, #jp-bottom-panel, .jp-NotebookPanel-toolbar, '
        + '[id^="launcher"], .output_wrapper, .text_cell, [id^="MJX"], [id^="MathJax"], style, .jp-cell-menu, .lm-Menu, #jp-running-sessions, .jp-RunningSessions';
    const names = ['id', 'name', 'class', 'href', 'src', 'hidden', 'rel', 'type', 'style'];
    const walk = node => {
        if (node.nodeType === Node.TEXT_NODE && node.data.trim()) lines.push(plain(node.data.trim()).slice(0, 200));
        if (node.nodeType !== Node.ELEMENT_NODE || node.matches(skipped)) return;
        lines.push(plain(`<${node.tagName} ${names.map(name => node.getAttribute(name)).filter(value => value !== null).join(' ')}>`));
        if (node.tagName !== 'SCRIPT') node.childNodes.forEach(walk);
    };
    walk(document.documentElement);
    const box = document.body.getBoundingClientRect();
    return {
        lines,
        place: [location.href, document.baseURI, document.title].map(plain),
        body: [box.x, box.y, box.width, getComputedStyle(document.body).display, document.forms.length, window.name],
    };
}"""

# Drawn: no new nodes for more than half a second.
SETTLED = r"""() => new Promise(resume => {
    let last = -1, same = 0;
    const look = () => {
        const now = document.getElementsByTagName('*').length;
        same = now === last ? same + 1 : 0;
        last = now;
        if (same >= 4) resume(now); else setTimeout(look, 150);
    };
    look();
})"""


class Listener:
    """Records scripts that ran, and requests of the page to other servers than its own."""

    def __init__(self, page, home):
        self.asked, self._page = [], page
        self._home = home if isinstance(home, tuple) else (home,)
        self._shown = []

    def ran(self):
        """What ran so far."""
        return self._shown + self._page.evaluate("() => window.hits")

    def request(self, request):
        if MARK in request.url or not self.is_own(request.url):
            self.asked.append(request.url)

    def is_own(self, url):
        return url.startswith((*self._home, "data:", "blob:"))

    def dialog(self, dialog):
        self._shown.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def popup(self, page):
        self._shown.append(f"a page: {page.url}")


@contextmanager
def listening(page, home):
    """Listen to a page; nothing reaches another server than its home.

    Parameters
    ----------
    home
        The beginning, or a tuple of beginnings, of the page's own addresses.
    """
    listener = Listener(page, home)
    handlers = {"request": listener.request, "dialog": listener.dialog, "popup": listener.popup}
    foreign = re.compile(
        rf"^(?!{'|'.join(map(re.escape, listener._home))}|data:|blob:|devtools:|about:)"
    )
    for event, handler in handlers.items():
        page.on(event, handler)
    page.route(foreign, lambda route: route.abort())
    page.evaluate(HIT)
    try:
        yield listener
    finally:
        page.unroute(foreign)
        for event, handler in handlers.items():
            page.remove_listener(event, handler)


def outputs(page, selector, own=OWN):
    """How many outputs there are, and their forbidden content: [(place, words)]."""
    address = html_check.ADDRESS.pattern.replace(r"\x00-\x20", r"\u0000-\u0020")
    return page.evaluate(
        OUTPUTS,
        [
            selector,
            sorted(html_check.TAGS),
            {tag: sorted(names) for tag, names in html_check.ATTRIBUTES.items()},
            sorted(html_check.EVERYWHERE),
            address,
            html_check.CLASS.pattern,
            html_check.ALIGN.pattern,
            own,
        ],
    )
