// A cell of `%%ernie`, `%%ernie_image` and the like holds a prompt, and no Python: what stands below
// its magic is highlighted as the Markdown of the page's own Markdown cells.
//
// JupyterLab gives each code cell the language of the kernel. CodeMirror follows the first language
// that an editor has, so ours goes before that as long as the cell begins with one of our magics.

import { defineLanguageFacet, Language } from '@codemirror/language';
import { Compartment, Prec } from '@codemirror/state';
import { ViewPlugin } from '@codemirror/view';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry,
  IEditorLanguageRegistry
} from '@jupyterlab/codemirror';
import { NodeSet, NodeType, parseMixed, Parser, Tree } from '@lezer/common';
import { styleTags, tags } from '@lezer/highlight';

// Blank lines and other magics, as `%%time`, may stand before ours.
const MAGIC_LINES = /^(?:[ \t]*\n|[ \t]*%%(?!ernie\b|ernie_)[^\n]*\n)*[ \t]*(%%ernie(?:_\w+)?)(?!\S)[^\n]*/;
// Characters of a cell in which its magic is looked for.
const LONGEST_MAGIC_LINES = 10_000;
// JupyterLab's name of the language of Markdown cells: with formulas, tables and code.
const MARKDOWN = 'ipythongfm';

const [CELL, MAGIC, PROMPT] = ['ErnieCell', 'ErnieMagic', 'Prompt'].map((name, id) =>
  NodeType.define({ id, name, top: id === 0 })
);
const NODES = new NodeSet([CELL, MAGIC, PROMPT]).extend(styleTags({ ErnieMagic: tags.meta }));

// The magic's lines, and the prompt below, which a parser of its own reads.
function parseCell(input) {
  const lines = MAGIC_LINES.exec(input.read(0, Math.min(input.length, LONGEST_MAGIC_LINES)));
  const [cell, magic, prompt] = NODES.types;
  if (lines === null) {
    return new Tree(cell, [], [], input.length);
  }
  const [text, name] = lines;
  const promptStart = Math.min(text.length + 1, input.length);
  const children = [
    new Tree(magic, [], [], name.length),
    new Tree(prompt, [], [], input.length - promptStart)
  ];
  return new Tree(cell, children, [text.indexOf(name), promptStart], input.length);
}

class CellParser extends Parser {
  constructor(promptParser) {
    super();
    this.addPrompt = parseMixed(node =>
      node.type.id === PROMPT.id ? { parser: promptParser } : null
    );
  }

  createParse(input, fragments, ranges) {
    const parse = {
      parsedPos: input.length,
      stoppedAt: null,
      stopAt() {},
      advance: () => parseCell(input)
    };
    return this.addPrompt(parse, input, fragments, ranges);
  }
}

async function loadLanguage(languages) {
  const markdown = await languages.getLanguage(MARKDOWN);
  const parser = new CellParser(markdown.support.language.parser);
  return new Language(defineLanguageFacet(), parser, [], 'ernie');
}

// Watches one cell, and gives it our language or takes it away as its first lines change.
function highlightPrompts(model, getLanguage) {
  const place = new Compartment();
  const isPrompt = state =>
    model.mimeType.includes('python') && MAGIC_LINES.test(state.sliceDoc(0, LONGEST_MAGIC_LINES));
  const watch = ViewPlugin.define(view => {
    let isHighlighted = false;
    const update = async () => {
      const wanted = isPrompt(view.state);
      if (wanted === isHighlighted) {
        return;
      }
      isHighlighted = wanted;
      // Awaited in both cases: an update must be over before the next one is made.
      const language = await (wanted ? getLanguage() : []);
      if (wanted === isHighlighted) {
        view.dispatch({ effects: place.reconfigure(language) });
      }
    };
    update();
    return { update };
  });
  return [Prec.highest(place.of([])), watch];
}

export default {
  id: 'ernie-magic:prompt-cells',
  description: 'Highlights the prompts of %%ernie cells as Markdown.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  activate: (_app, extensions, languages) => {
    let language;
    const getLanguage = () => (language ??= loadLanguage(languages));
    extensions.addExtension({
      name: 'ernie-magic:prompt-cells',
      // Cells and consoles are inline; files are not, and have no magics.
      factory: ({ inline, model }) => {
        if (!inline) {
          return null;
        }
        return EditorExtensionRegistry.createImmutableExtension(
          highlightPrompts(model, getLanguage)
        );
      }
    });
  }
};
