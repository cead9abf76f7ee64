// The rule's text with what the service says about it, as it is typed.
import { useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { post, Problem } from '../core/api';
import { Loading } from '../core/marks';
import { language, t } from '../core/words';
import type { Checked, Diagnostic } from './backtest';
import { caretUnder } from './caret';
import type { Editor } from './editor';

const CHECK_MS = 350;

export function Source({
  file,
  line,
  original,
  draft,
  faults,
}: {
  file: string;
  line: number;
  original: string;
  draft: Signal<string>;
  faults: Signal<number>;
}) {
  const host = useRef<HTMLDivElement>(null),
    editor = useRef<Editor | null>(null),
    ready = useSignal(false),
    failed = useSignal(false);
  const diagnostics = useSignal<Diagnostic[]>([]),
    problem = useSignal<Problem | null>(null),
    checking = useSignal(false),
    turn = useRef(0);

  useEffect(() => {
    let gone = false;
    import('./editor').then(
      ({ edit }) => {
        if (gone || !host.current) return;
        editor.current = edit(host.current, draft.peek(), t('rule_text'), text => {
          draft.value = text;
        });
        editor.current.reveal(line);
        ready.value = true;
      },
      () => {
        failed.value = true;
      },
    );
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, []);
  useSignalEffect(() => {
    // put back from outside
    const text = draft.value;
    if (editor.current && editor.current.text() !== text) editor.current.replace(text);
  });
  useSignalEffect(() => {
    void language.value;
    const text = draft.value,
      mine = ++turn.current;
    checking.value = true;
    const timer = setTimeout(() => {
      post<Checked>('/api/v1/rules/check', { text, file })
        .then(
          found => {
            if (mine !== turn.current) return;
            problem.value = null;
            diagnostics.value = found.diagnostics;
            faults.value = found.faults;
          },
          (error: unknown) => {
            if (mine === turn.current && error instanceof Problem) problem.value = error;
          },
        )
        .finally(() => {
          if (mine === turn.current) checking.value = false;
        });
    }, CHECK_MS);
    return () => clearTimeout(timer);
  });
  useSignalEffect(() => {
    if (ready.value) editor.current?.mark(diagnostics.value);
  });
  useSignalEffect(() => {
    void language.value;
    if (ready.value) editor.current?.label(t('rule_text'));
  });

  return (
    <section class="source" aria-label={t('rule_text')}>
      <div class="source-head">
        <code>{file}</code>
        <span class="soft" role="status">
          {problem.value
            ? `${t('not_checked')} ${problem.value.message}`
            : checking.value
              ? t('checking')
              : faults.value > 0
                ? t('faults', { n: faults.value })
                : t('no_faults')}
        </span>
        {draft.value !== original && (
          <button
            type="button"
            class="link"
            onClick={() => {
              draft.value = original;
            }}
          >
            {t('put_back')}
          </button>
        )}
      </div>
      <div class="editor" ref={host} hidden={failed.value} />
      {failed.value ? (
        <textarea
          class="editor-plain"
          aria-label={t('rule_text')}
          value={draft.value}
          onInput={e => {
            draft.value = e.currentTarget.value;
          }}
        />
      ) : (
        !ready.value && <Loading />
      )}
      {diagnostics.value.length > 0 && (
        <ul class="diagnostics" aria-label={t('diagnostics')}>
          {diagnostics.value.slice(0, 20).map((d, i) => (
            <li key={i}>
              <button
                type="button"
                class={`diagnostic ${d.severity}`}
                onClick={() => editor.current?.show(d.line, d.column)}
              >
                <span>
                  <b>{t(d.severity === 'error' ? 'error' : 'warning')}</b> {t('line', { n: d.line })}:{d.column}{' '}
                  {d.message} <span class="soft">[{d.code}]</span>
                </span>
                <pre>{caretUnder(d.snippet ?? draft.value.split('\n')[d.line - 1] ?? '', d.column, d.length)}</pre>
                {d.hint && <span class="soft">{d.hint}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
