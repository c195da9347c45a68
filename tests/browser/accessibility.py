"""What can be seen, read, hit and reached: functions of a page's root element, in JavaScript."""

from pathlib import Path

import axe_playwright_python

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = "async root => (await axe.run(root)).violations.map(v => [v.id, ...v.nodes.map(n => n.html.slice(0, 120))])"
CONTRASTS = """root => {
    const rgba = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1] };
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
    const behind = node => {
        const layers = [];
        for (let n = node; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !node.checkVisibility({visibilityProperty: true}) || node.closest('button:disabled, svg, .MathJax, mjx-container, style, table')) continue;
        const below = behind(node), opacity = [...(function* () { for (let n = node; n; n = n.parentElement) yield Number(getComputedStyle(n).opacity) })()].reduce((a, b) => a * b, 1);
        const ink = rgba(getComputedStyle(node).color);
        found.push([ratio(over([...ink.slice(0, 3), ink[3] * opacity], below), below), walker.currentNode.textContent.trim().slice(0, 30)]);
    }
    for (const field of root.querySelectorAll('textarea')) {
        if (!field.checkVisibility() || !field.placeholder) continue;
        const style = getComputedStyle(field, '::placeholder'), below = behind(field), ink = rgba(style.color);
        found.push([ratio(over([...ink.slice(0, 3), ink[3] * Number(style.opacity)], below), below), 'placeholder ' + field.placeholder]);
    }
    return found;
}"""
CUT = """root => {
    const panel = root.getBoundingClientRect(), found = [];
    for (const node of root.querySelectorAll('button, select, textarea, input, .noUi-base, .widget-label, .widget-readout, img, pre, .ernie-log')) {
        const box = node.getBoundingClientRect();
        if (!node.checkVisibility({visibilityProperty: true}) || box.width <= 1) continue;
        const name = node.tagName + ' ' + (node.textContent || node.closest('.jupyter-widgets')?.textContent || '').trim().slice(0, 30);
        if (box.left < panel.left - 1 || box.right > panel.right + 1) found.push([name, 'outside', box.left - panel.left, box.right - panel.right]);
        if (node.matches('.noUi-base') && box.width < 60) found.push([name, 'track', box.width]);
        if (node.matches('button, .widget-label') && node.scrollWidth > node.clientWidth + 1) found.push([name, 'cut', node.scrollWidth, node.clientWidth]);
    }
    return found;
}"""
# What a screen reader hears about a button matches what is seen (WCAG 2.1, 2.5.3 and 4.1.2).
STALE = """root => [...root.querySelectorAll('.widget-toggle-buttons button, .widget-toggle-button')]
    .filter(n => n.getAttribute(n.role === 'tab' ? 'aria-selected' : 'aria-pressed') !== String(n.classList.contains('mod-active')))
    .map(n => n.textContent)"""
SMALL = """root => [...root.querySelectorAll('button, select, textarea, input, .noUi-handle, .widget-readout, summary')]
    .filter(n => n.checkVisibility({visibilityProperty: true}) && n.type !== 'file')
    .map(n => [n.tagName + ' ' + n.className + ' ' + n.textContent.slice(0, 20), n.getBoundingClientRect()])
    .filter(([, box]) => box.height && Math.min(box.width, box.height) < 24).map(([name, box]) => [name, box.width, box.height])"""
PLACES = """root => [...root.querySelectorAll('.ernie-control, .ernie-control *, .ernie-rail > *, .ernie-composer, .ernie-composer button')]
    .filter(n => n.checkVisibility() && !n.closest('.noUi-origin') && !n.matches('.ernie-ends *'))
    .map(n => { const box = n.getBoundingClientRect(); return [n.className, box.left, box.top, box.height] })"""
FOCUSABLE = """root => [...root.querySelectorAll('button, select, textarea, input, [tabindex="0"], summary, [contenteditable="true"], a[href]')]
    .filter(n => n.checkVisibility({visibilityProperty: true}) && !n.disabled && (n.tabIndex >= 0 || n.isContentEditable) && n.type !== 'file').map(n => { n.dataset.reach ??= String(Math.random()); return n.dataset.reach })"""
FOCUSED = "root => [document.activeElement.dataset.reach ?? document.activeElement.outerHTML.slice(0, 200), root.contains(document.activeElement)]"
# Whether the focus is seen (WCAG 2.1, 2.4.7): a frame on the element, or on the box around it.
FRAMED = """() => {
    const active = document.activeElement;
    return [active, active.closest('.ernie-box')].filter(node => node).some(node => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(node);
        const isFramed = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/, 0\\)$/.test(outlineColor);
        return isFramed || boxShadow !== 'none';
    }) || active.outerHTML.slice(0, 200);
}"""
