// The console's entry. The feed is here; the other panels are fetched when somebody first goes to them.
import { effect, signal, useSignal } from '@preact/signals';
import { render, type ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { Problem } from './core/api';
import { Failed, Loading } from './core/marks';
import { panel, type Panel } from './core/router';
import { readSession, session, sessionState } from './core/session';
import { load, openRows, stop } from './core/store';
import './core/theme';
import { language, t } from './core/words';
import { Feed } from './feed/feed';
import { listenToKeys } from './keys';
import { Header, Notices, SignIn } from './shell';
import './style/base.css';
import './style/feed.css';
import './style/panels.css';

const LAZY: Record<Exclude<Panel, 'alerts'>, () => Promise<ComponentType>> = {
  map: () => import('./map/map').then(m => m.MapPanel),
  rules: () => import('./desk/desk').then(m => m.Desk),
  scorecard: () => import('./scorecard/scorecard').then(m => m.ScorecardPanel),
  health: () => import('./health/health').then(m => m.Health),
};
const fetched = signal<Partial<Record<Panel, ComponentType>>>({ alerts: Feed });

function PanelHere() {
  const failed = useSignal(false),
    name = panel.value,
    Here = fetched.value[name];
  const fetchIt = () => {
    if (name === 'alerts' || fetched.value[name]) return;
    failed.value = false;
    LAZY[name]().then(
      found => {
        fetched.value = { ...fetched.value, [name]: found };
      },
      () => {
        failed.value = true;
      },
    );
  };
  useEffect(fetchIt, [name]);
  if (Here) return <Here />;
  return (
    <main id="main">
      {failed.value ? (
        <Failed problem={new Problem(0, t('unreachable'), t('unreachable'))} retry={fetchIt} />
      ) : (
        <Loading />
      )}
    </main>
  );
}

function App() {
  const state = sessionState.value;
  if (state === 'out') return <SignIn />;
  if (state !== 'in')
    return (
      <main id="main">
        <Loading what={t(state === 'unreachable' ? 'connecting_again' : 'loading')} />
      </main>
    );
  return (
    <>
      <Header />
      <Notices />
      <PanelHere />
    </>
  );
}

let following = '';
effect(() => {
  // whoever signs in reads their own alerts
  const who = sessionState.value === 'in' ? JSON.stringify(session.value) : '';
  if (who === following) return;
  following = who;
  queueMicrotask(() => {
    if (who) void load();
    else stop();
  });
});
effect(() => {
  void language.value;
  document.title = openRows.value.length > 0 ? `(${openRows.value.length}) ${t('title')}` : t('title');
});

listenToKeys();
render(<App />, document.getElementById('app')!);
void readSession();
