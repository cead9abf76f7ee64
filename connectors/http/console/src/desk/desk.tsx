// The rule desk: choose a rule, change it, see what it would have rung, compare, before anything is put in force.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { get, Problem } from '../core/api';
import { ownerText } from '../core/format';
import { Empty, Failed, Loading } from '../core/marks';
import { linkTo, part } from '../core/router';
import { mayPlan } from '../core/session';
import { openRows, rules } from '../core/store';
import type { RuleSource } from '../core/types';
import { t, term, text } from '../core/words';
import { Compare, Shadow } from './compare';
import { Source } from './source';
import { Trial } from './trial';

const TABS = ['trial', 'compare', 'shadow'] as const;

function RuleList() {
  const list = useRef<HTMLUListElement>(null);
  useEffect(
    () => list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' }),
    [part.value, rules.value.size],
  );
  const words = useSignal('');
  const open = new Map<string, number>();
  for (const row of openRows.value) open.set(row.alert.rule, (open.get(row.alert.rule) ?? 0) + 1);
  const wanted = words.value.trim().toLowerCase();
  const found = [...rules.value.values()].filter(
    r => !wanted || `${r.id} ${r.name?.zh} ${r.name?.en} ${r.kind}`.toLowerCase().includes(wanted),
  );
  return (
    <nav class="rule-list" aria-label={t('rules')}>
      <input
        type="search"
        placeholder={t('search_rules')}
        aria-label={t('search_rules')}
        value={words.value}
        onInput={e => {
          words.value = e.currentTarget.value;
        }}
      />
      <ul ref={list}>
        {found.map(r => (
          <li key={r.id}>
            <a href={linkTo('rules', r.id)} aria-current={part.value === r.id ? 'page' : undefined}>
              <b>{text(r.name) || r.id}</b>
              {r.mode !== 'active' && <em class="shadow-tag">{term('mode', r.mode)}</em>}
              <span class="soft figure">{open.get(r.id) ?? ''}</span>
              <span class="soft rule-sub">
                {r.id} · {term('kind', r.kind)}
                {r.owner && ` · ${ownerText(r.owner)}`}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function Desk() {
  return (
    <main class={`desk ${part.value ? 'with-rule' : ''}`} id="main">
      <h1 class="unseen">{t('rules')}</h1>
      <RuleList />
      {!mayPlan.value ? (
        <Empty title={t('forbidden')}>{t('desk_for_planners')}</Empty>
      ) : part.value ? (
        <OneRule key={part.value} id={part.value} />
      ) : (
        <Empty title={t('choose_rule')}>{t('choose_rule_more')}</Empty>
      )}
    </main>
  );
}

function OneRule({ id }: { id: string }) {
  const rule = useSignal<RuleSource | null>(null),
    problem = useSignal<Problem | null>(null),
    draft = useSignal(''),
    faults = useSignal(0),
    tab = useSignal<(typeof TABS)[number]>('trial');
  const tabs = useRef<HTMLDivElement>(null);
  const read = () =>
    get<RuleSource>(`/api/v1/rules/${encodeURIComponent(id)}`).then(
      found => {
        draft.value = found.text;
        rule.value = { ...found, params: found.params ?? [] };
        problem.value = null;
      },
      (error: unknown) => {
        problem.value = error as Problem;
      },
    );
  useEffect(() => {
    void read();
  }, []);
  if (problem.value) return <Failed problem={problem.value} retry={() => void read()} />;
  if (!rule.value) return <Loading />;
  const found = rule.value;
  const step = (by: number) => {
    tab.value = TABS[(TABS.indexOf(tab.value) + by + TABS.length) % TABS.length]!;
    queueMicrotask(() => tabs.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };
  return (
    <>
      <Source
        file={found.file ?? `${found.id}.yaml`}
        line={found.line ?? 1}
        original={found.text}
        draft={draft}
        faults={faults}
      />
      <div class="desk-side">
        <a class="link back-to-rules" href={linkTo('rules')}>
          ← {t('rules')}
        </a>
        <div class="tabs" role="tablist" ref={tabs} aria-label={t('rules')}>
          {TABS.map(name => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-selected={tab.value === name}
              aria-controls="desk-panel"
              tabIndex={tab.value === name ? 0 : -1}
              onClick={() => {
                tab.value = name;
              }}
              onKeyDown={e => {
                if (e.key === 'ArrowRight') step(1);
                else if (e.key === 'ArrowLeft') step(-1);
              }}
            >
              {t(`tab_${name}`)}
            </button>
          ))}
        </div>
        <div id="desk-panel" class="desk-panel" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${tab.value}`}>
          <div hidden={tab.value !== 'trial'}>
            <Trial rule={found} draft={draft} faults={faults} />
          </div>
          {tab.value === 'compare' && <Compare rule={found} draft={draft} faults={faults} />}
          {tab.value === 'shadow' && <Shadow rule={found} />}
        </div>
      </div>
    </>
  );
}
