// The rule's text in CodeMirror. It stands in a shadow root: there its styles are constructed sheets, which the page's
// strict content policy allows, and the page's own keys do not reach into it.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Diagnostic } from './backtest';

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '12.5px' },
  '.cm-scroller': {
    fontFamily: 'ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono CJK SC", monospace',
    lineHeight: '1.5',
  },
  '.cm-gutters': {
    backgroundColor: 'var(--ground)',
    color: 'var(--soft)',
    border: 'none',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--chosen)',
  },
  '.cm-panels, .cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
  },
  '.cm-diagnostic': { whiteSpace: 'pre-wrap' },
});
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
]);

export interface Editor {
  text(): string;
  replace(text: string): void;
  mark(diagnostics: Diagnostic[]): void;
  show(line: number, column: number): void;
  // Scrolls a line to the top, without going there.
  reveal(line: number): void;
  label(text: string): void;
  destroy(): void;
}

function offset(state: EditorState, line: number, column: number): number {
  const at = state.doc.line(Math.max(1, Math.min(line, state.doc.lines)));
  const before = [...at.text].slice(0, Math.max(0, column - 1)).join(''); // columns are characters, not UTF-16 units
  return at.from + before.length;
}

export function edit(host: HTMLElement, text: string, label: string, changed: (text: string) => void): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const labelled = new Compartment();
  const labelOf = (name: string) =>
    EditorView.contentAttributes.of({ 'aria-label': name, spellcheck: 'false', tabindex: '0' });
  const view = new EditorView({
    root,
    parent: root as unknown as Element,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        bracketMatching(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: true }),
        yaml(),
        indentUnit.of('  '),
        syntaxHighlighting(colours),
        look,
        labelled.of(labelOf(label)),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap, indentWithTab]),
        EditorView.updateListener.of(update => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  view.dom.style.height = '100%';
  return {
    text: () => view.state.doc.toString(),
    replace: next => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    mark: diagnostics =>
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.map(d => {
            const from = offset(view.state, d.line, d.column),
              line = view.state.doc.lineAt(from);
            return {
              from,
              to: Math.min(line.to, from + Math.max(1, d.length)),
              severity: d.severity,
              message: d.hint ? `${d.message}\n${d.hint}` : d.message,
            };
          }),
        ),
      ),
    show: (line, column) => {
      const at = offset(view.state, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      view.focus();
    },
    reveal: line => view.dispatch({ effects: EditorView.scrollIntoView(offset(view.state, line, 1), { y: 'start' }) }),
    label: name => view.dispatch({ effects: labelled.reconfigure(labelOf(name)) }),
    destroy: () => view.destroy(),
  };
}
