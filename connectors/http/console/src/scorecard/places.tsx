// The season's report: places that flood, or complain, again and again, with the alerts that show it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, Problem } from '../core/api';
import { categoryText, clock, nameOfArea, number } from '../core/format';
import { Empty, Failed, Loading } from '../core/marks';
import { linkTo } from '../core/router';
import { t } from '../core/words';

interface Again {
  place: string;
  area: string;
  lon?: number | null;
  lat?: number | null;
  category: string;
  reports: number;
  days: number;
  reporters: number;
  alerts: string[];
  first: string;
  last: string;
}

const FIRST = ['water', 'dispute', 'safety', 'noise', 'environment', 'traffic', 'city', 'people'];

export function Places({ area, from, to }: { area: string; from: string; to: string }) {
  const places = useSignal<Again[] | null>(null),
    problem = useSignal<Problem | null>(null),
    category = useSignal(''),
    seen = useSignal<string[]>([]),
    again = useSignal(0);
  const asked = `${area} ${from} ${to} ${category.value} ${again.value}`;
  useEffect(() => {
    const stop = new AbortController();
    get<{ places: Again[] }>(
      '/api/v1/scorecard/places',
      { area, from, to, category: category.value, limit: 100 },
      stop.signal,
    ).then(
      found => {
        places.value = found.places;
        seen.value = [...new Set([...seen.value, ...found.places.map(p => p.category)])];
        problem.value = null;
      },
      (error: unknown) => {
        if (!stop.signal.aborted) problem.value = error as Problem;
      },
    );
    return () => stop.abort();
  }, [asked]);
  if (problem.value)
    return (
      <Failed
        problem={problem.value}
        retry={() => {
          again.value++;
        }}
      />
    );
  if (!places.value) return <Loading />;
  return (
    <>
      <div class="filters">
        <label>
          {t('category')}
          <select
            value={category.value}
            onChange={e => {
              category.value = e.currentTarget.value;
            }}
          >
            <option value="">{t('any_category')}</option>
            {[...new Set([...FIRST, ...seen.value])].sort().map(c => (
              <option key={c} value={c}>
                {c.includes('.') ? `　${categoryText(c)}` : categoryText(c)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {places.value.length === 0 ? (
        <Empty title={t('no_repeated')} />
      ) : (
        <div class="score-scroll" tabIndex={0} role="region" aria-label={t('view_places')}>
          <table class="scores again">
            <caption class="unseen">{t('view_places')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('place')}</th>
                <th scope="col" class="right">
                  {t('reports')}
                </th>
                <th scope="col" class="right">
                  {t('on_days')}
                </th>
                <th scope="col" class="right">
                  {t('reporters')}
                </th>
                <th scope="col">{t('area')}</th>
                <th scope="col">{t('category')}</th>
                <th scope="col">{t('first_last')}</th>
                <th scope="col">{t('alerts')}</th>
              </tr>
            </thead>
            <tbody>
              {places.value.map((p, i) => (
                <tr key={i}>
                  <th scope="row">{p.place}</th>
                  <td class="figure">{number(p.reports)}</td>
                  <td class="figure">{number(p.days)}</td>
                  <td class="figure">{number(p.reporters)}</td>
                  <td>{nameOfArea(p.area)}</td>
                  <td>{categoryText(p.category)}</td>
                  <td>
                    {clock(p.first)} – {clock(p.last)}
                  </td>
                  <td>
                    {p.alerts.slice(0, 5).map((id, n) => (
                      <a key={id} class="alert-ref" href={linkTo('alerts', id)} title={id}>
                        {t('alert')} {n + 1}
                      </a>
                    ))}
                    {p.alerts.length > 5 && ` +${p.alerts.length - 5}`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
