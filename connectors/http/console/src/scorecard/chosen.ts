// What a person chose to see on the scorecard, kept between visits.
import { signal } from '@preact/signals';
import { kept } from '../core/memory';
import { part } from '../core/router';
import { session } from '../core/session';
import type { Tier } from '../core/types';
import { RANKINGS, type Ranking } from './rows';

const TIERS: Tier[] = ['city', 'town', 'village', 'grid', 'duty'];
const DEPTH: Record<Tier, number> = { city: 6, town: 9, village: 12, grid: 15, duty: 99 }; // of an area's code
export const tier = kept<Tier>('score.tier', 'town', value => TIERS.includes(value as Tier));
// Days as YYYY-MM-DD; empty: those that the service takes by itself, up to the last that its time has come to.
export const from = signal('');
export const to = signal('');
export const ranking = kept<Ranking>('score.ranking', 'disposal_rate', value => RANKINGS.includes(value as Ranking));
export const against = kept<'before' | 'year_before'>(
  'score.against',
  'before',
  value => value === 'before' || value === 'year_before',
);
export const view = kept<'table' | 'places'>('score.view', 'table', value => value === 'table' || value === 'places');

export const areaNow = () => part.value || session.value?.area || '';
// Only what lies below the area can stand beside each other in it.
export const tiersHere = () => TIERS.filter(x => DEPTH[x] > areaNow().length);
export const tierNow = () => (tiersHere().includes(tier.value) ? tier.value : tiersHere()[0]!);
