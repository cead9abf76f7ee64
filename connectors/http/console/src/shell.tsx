// What stands around every panel: the way between them, the state of the line, language, theme, who is here.
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { NameDialog, say, toast, wantsName } from './alert/actions';
import { clock, now, zone } from './core/format';
import { linkTo, panel, PANELS } from './core/router';
import { session, signIn, signOut } from './core/session';
import { gap, line, lostSince, openRows } from './core/store';
import { chosenTheme, THEMES } from './core/theme';
import { language, t, term } from './core/words';

export const helpOpen = signal(false);

const ICONS: Record<string, string> = {
  alerts: 'M8 1.5a4.5 4.5 0 0 1 4.5 4.5v3l1.5 3h-12l1.5-3v-3A4.5 4.5 0 0 1 8 1.5zM6.5 13.5a1.5 1.5 0 0 0 3 0',
  map: 'M1.5 3.5l4-1.5 5 2 4-1.5v10l-4 1.5-5-2-4 1.5zM5.5 2v10M10.5 4v10',
  rules: 'M3 2h10v12H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3',
  scorecard: 'M2 14h12M4 12V8M8 12V3M12 12V6',
  health: 'M1.5 8h3l2-5 3 10 2-5h3',
};

function Brand() {
  return (
    <>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={ICONS.alerts} />
      </svg>
      <b>{language.value === 'zh' ? '警钟' : 'Tocsin'}</b>
    </>
  );
}

function LanguageButton() {
  return (
    <button
      type="button"
      class="button"
      onClick={() => {
        language.value = language.value === 'zh' ? 'en' : 'zh';
      }}
      lang={language.value === 'zh' ? 'en' : 'zh-CN'}
    >
      {t('other_language')}
    </button>
  );
}

export function Header() {
  return (
    <header class="top">
      <a
        class="skip"
        href="#main"
        onClick={event => {
          event.preventDefault();
          document.getElementById('main')?.querySelector<HTMLElement>('[tabindex="0"],a,button,input')?.focus();
        }}
      >
        {t('skip')}
      </a>
      <span class="brand">
        <Brand />
      </span>
      <nav class="panels" aria-label={t('panels')}>
        {PANELS.map(p => (
          <a key={p} href={linkTo(p)} aria-current={panel.value === p ? 'page' : undefined}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d={ICONS[p]} />
            </svg>
            <span>{t(p)}</span>
            {p === 'alerts' && openRows.value.length > 0 && (
              <i class="badge" aria-hidden="true">
                {openRows.value.length}
              </i>
            )}
          </a>
        ))}
      </nav>
      <span class="spacer" />
      <span class={`line-state ${line.value}`} role="status">
        {t(`line_${line.value}`)}
      </span>
      <time class="now" dateTime={new Date(now.value).toISOString()} title={zone.value}>
        {clock(now.value)}
      </time>
      <LanguageButton />
      <button
        type="button"
        class="button icon"
        aria-label={t('theme_is', { theme: term('theme', chosenTheme.value) })}
        title={t('theme_is', { theme: term('theme', chosenTheme.value) })}
        onClick={() => {
          chosenTheme.value = THEMES[(THEMES.indexOf(chosenTheme.value) + 1) % THEMES.length]!;
        }}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 2a6 6 0 1 0 0 12z" class="filled" />
          <circle cx="8" cy="8" r="6" />
        </svg>
      </button>
      <button
        type="button"
        class="button icon help-button"
        aria-label={t('help')}
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        ?
      </button>
      {session.value?.open === false && (
        <span class="who">
          <span
            class="soft"
            title={[session.value.name, term('role', session.value.role), session.value.area_name || session.value.area]
              .filter(Boolean)
              .join(' · ')}
          >
            {session.value.name}
            <span class="role">
              {' '}
              · {term('role', session.value.role)}
              {session.value.area_name && ` · ${session.value.area_name}`}
            </span>
          </span>
          <button
            type="button"
            class="button"
            onClick={() => signOut().catch((error: unknown) => say(String((error as Error).message), true))}
          >
            {t('sign_out')}
          </button>
        </span>
      )}
    </header>
  );
}

export function Notices() {
  return (
    <>
      {line.value === 'lost' && (
        <p class="notice" role="alert">
          {t('lost_notice', { time: clock(lostSince.value || now.value, true) })}
        </p>
      )}
      {gap.value && (
        <p class="notice" role="alert">
          {t('gap_notice')}
        </p>
      )}
      <div class="toasts" role="status" aria-live="polite">
        {toast.value && (
          <p class={`toast ${toast.value.bad ? 'bad' : ''}`}>
            {toast.value.text}
            <button
              type="button"
              class="link"
              onClick={() => {
                toast.value = null;
              }}
              aria-label={t('back')}
            >
              ✕
            </button>
          </p>
        )}
      </div>
      {wantsName.value && <NameDialog />}
      {helpOpen.value && <Help />}
    </>
  );
}

const KEYS: [string, Parameters<typeof t>[0]][] = [
  ['j / k', 'key_move_long'],
  ['Enter', 'key_open_long'],
  ['a', 'key_acknowledge_long'],
  ['/', 'key_search_long'],
  ['Esc', 'key_back_long'],
  ['1 – 5', 'key_panels_long'],
  ['?', 'key_help_long'],
];

function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <h2 id="help-title">{t('help')}</h2>
      <dl class="keys-list">
        {KEYS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
      <p class="soft">
        <a href="/assets/licences.txt">{t('licences')}</a>
      </p>
      <button type="button" class="button first" onClick={() => dialog.current?.close()}>
        {t('back')}
      </button>
    </dialog>
  );
}

export function SignIn() {
  const token = useSignal(''),
    problem = useSignal(''),
    busy = useSignal(false),
    field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <main class="sign-in" id="main">
      <form
        onSubmit={event => {
          event.preventDefault();
          busy.value = true;
          signIn(token.value.trim())
            .then(
              () => {
                token.value = '';
              },
              (error: unknown) => {
                const status = (error as { status?: number }).status;
                problem.value = status === 401 || status === 403 ? t('wrong_token') : (error as Error).message;
                field.current?.select();
              },
            )
            .finally(() => {
              busy.value = false;
            });
        }}
      >
        <p class="brand">
          <Brand />
        </p>
        <h1>{t('sign_in')}</h1>
        <p class="soft">{t('sign_in_why')}</p>
        <label>
          {t('token')}
          <input
            ref={field}
            type="password"
            autoComplete="current-password"
            required
            value={token.value}
            aria-invalid={problem.value !== ''}
            aria-describedby="sign-in-problem"
            onInput={e => {
              token.value = e.currentTarget.value;
              problem.value = '';
            }}
          />
        </label>
        <p id="sign-in-problem" class="bad-text" role="alert">
          {problem.value}
        </p>
        <div class="action-row">
          <button class="button first" disabled={busy.value || token.value.trim() === ''}>
            {t('sign_in')}
          </button>
          <LanguageButton />
        </div>
      </form>
    </main>
  );
}
