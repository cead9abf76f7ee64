// The feed: filters, the list, and the alert that is open beside it.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Problem } from '../core/api';
import { areaNames, ownerText } from '../core/format';
import { Empty, Failed, Loading, SeverityMark, Toggle } from '../core/marks';
import { part } from '../core/router';
import {
  failure,
  line,
  load,
  loadEnded,
  loaded,
  openRows,
  rules,
  showShadow,
  truncated,
  withShadow,
} from '../core/store';
import { mayPlan, session } from '../core/session';
import { SEVERITIES } from '../core/types';
import { t, term, text } from '../core/words';
import { AlertPane } from '../alert/pane';
import {
  areaFilter,
  clearFilters,
  counts,
  filtered,
  flip,
  hidden,
  order,
  ORDERS,
  ownerFilter,
  owners,
  ruleFilter,
  search,
  shown,
  STATES,
  states,
  wantsEnded,
  type Order,
} from './filters';
import { AlertList, listed, release, waiting } from './list';

export const searchId = 'feed-search';

function Severities() {
  return (
    <div class="group" role="group" aria-label={t('severities')}>
      {SEVERITIES.map(severity => (
        <Toggle
          key={severity}
          on={!hidden.value.includes(severity)}
          cls="severity-toggle"
          change={() => {
            hidden.value = flip(hidden.value, severity);
          }}
        >
          <SeverityMark severity={severity} />
          <b>{counts.value[severity]}</b>
        </Toggle>
      ))}
    </div>
  );
}

function States() {
  return (
    <div class="group" role="group" aria-label={t('states')}>
      {STATES.map(status => (
        <Toggle
          key={status}
          on={states.value.includes(status)}
          change={() => {
            states.value = flip(states.value, status);
          }}
        >
          {term('status', status)}
        </Toggle>
      ))}
    </div>
  );
}

function Choose({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: string;
  options: [string, string][];
  change: (value: string) => void;
}) {
  return (
    <label class="choose">
      <span class="unseen">{label}</span>
      <select value={value} aria-label={label} onChange={event => change(event.currentTarget.value)}>
        {options.map(([key, name]) => (
          <option key={key} value={key} selected={key === value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

// The towns that have a name, of what the account sees; of a town its villages.
function areaOptions(): [string, string][] {
  const root = session.value?.area ?? '',
    depth = root.length >= 9 ? 12 : 9;
  const below = Object.keys(areaNames.value)
    .filter(code => code.length === depth && code.startsWith(root))
    .sort();
  return below.map(code => [code, areaNames.value[code]!]);
}

function Filters() {
  const more = useSignal(false);
  const byName = [...rules.value.values()]
    .map((r): [string, string] => [r.id, text(r.name) || r.id])
    .sort((a, b) => a[1].localeCompare(b[1]));
  const areas = areaOptions();
  return (
    <div class={`filters ${more.value ? 'more' : ''}`}>
      <Severities />
      <input
        id={searchId}
        type="search"
        placeholder={t('search')}
        aria-label={t('search')}
        value={search.value}
        autoComplete="off"
        spellcheck={false}
        onInput={event => {
          search.value = event.currentTarget.value;
        }}
        onKeyDown={event => {
          if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
        }}
      />
      <button
        type="button"
        class="button more-button"
        aria-expanded={more.value}
        onClick={() => {
          more.value = !more.value;
        }}
      >
        {t('filters')}
      </button>
      <div class="more-filters">
        <States />
        <Choose
          label={t('rule')}
          value={ruleFilter.value}
          change={v => {
            ruleFilter.value = v;
          }}
          options={[['', t('any_rule')], ...byName]}
        />
        {areas.length > 0 && (
          <Choose
            label={t('area')}
            value={areaFilter.value}
            change={v => {
              areaFilter.value = v;
            }}
            options={[['', t('any_area')], ...areas]}
          />
        )}
        <Choose
          label={t('owner')}
          value={ownerFilter.value}
          change={v => {
            ownerFilter.value = v;
          }}
          options={[['', t('any_owner')], ...owners.value.map((o): [string, string] => [o, ownerText(o)])]}
        />
        <Choose
          label={t('order')}
          value={order.value}
          change={v => {
            order.value = v as Order;
          }}
          options={ORDERS.map((o): [string, string] => [o, term('order', o)])}
        />
        {mayPlan.value && [...rules.value.values()].some(r => r.mode === 'shadow') && (
          <Toggle on={withShadow.value} change={() => showShadow(!withShadow.value)}>
            {t('shadow')}
          </Toggle>
        )}
        {filtered.value && (
          <button type="button" class="link" onClick={clearFilters}>
            {t('clear')}
          </button>
        )}
      </div>
    </div>
  );
}

function Body() {
  if (!loaded.value) {
    if (failure.value && failure.value.status !== 0 && failure.value.status !== 503)
      return <Failed problem={failure.value} retry={() => void load()} />;
    return <Loading what={line.value === 'lost' ? t('connecting_again') : t('loading_alerts')} />;
  }
  if (listed.value.length > 0) return <AlertList />;
  if (openRows.value.length > 0 || filtered.value) {
    return (
      <Empty title={t('none_shown')}>
        <button type="button" class="button" onClick={clearFilters}>
          {t('clear')}
        </button>
      </Empty>
    );
  }
  return <Empty title={t('none_open')}>{t('none_open_more')}</Empty>;
}

export function Feed() {
  const asked = useRef(false);
  const ended = useSignal<Problem | null>(null);
  useSignalEffect(() => {
    if (!wantsEnded.value || !loaded.value || asked.current) return;
    asked.current = true;
    loadEnded().catch((error: unknown) => {
      asked.current = false;
      ended.value = error as Problem;
    });
  });
  useEffect(() => release(), []);
  return (
    <main class={`feed ${part.value ? 'with-alert' : ''}`} id="main">
      <section class="feed-list" aria-labelledby="feed-title">
        <h1 class="unseen" id="feed-title">
          {t('alerts')}
        </h1>
        <Filters />
        <div class="list-head" aria-hidden="true">
          <span>{t('severity')}</span>
          <span>{t('what')}</span>
          <span>{t('area')}</span>
          <span>{t('owner')}</span>
          <span>{t('state')}</span>
          <span class="right">{t('evidence')}</span>
          <span class="right">{t('age')}</span>
        </div>
        {waiting.value > 0 && (
          <button type="button" class="waiting" onClick={release}>
            {t('waiting', { n: waiting.value })}
          </button>
        )}
        <Body />
        <p class="list-foot soft">
          <span>
            {t('shown_of', { n: shown.value.length, all: openRows.value.length })}
            {truncated.value && ` · ${t('truncated')}`}
          </span>
          <span class="keys" aria-hidden="true">
            <kbd>j</kbd> <kbd>k</kbd> {t('key_move')} <kbd>Enter</kbd> {t('key_open')} <kbd>a</kbd>{' '}
            {t('key_acknowledge')} <kbd>/</kbd> {t('key_search')} <kbd>?</kbd> {t('key_help')}
          </span>
        </p>
      </section>
      {part.value && <AlertPane key={part.value} id={part.value} />}
    </main>
  );
}
