// The plain page: a live list of open alerts and, for one of them, why it stands. It reads the list, then streams the
// transitions after the list's sequence, so that nothing falls between the two.

const WORDS = {
  en: {
    open_alerts: 'Open alerts', grouped: 'By severity', other_language: '中文', severities: 'Severities shown',
    red: 'Red', orange: 'Orange', yellow: 'Yellow', blue: 'Blue',
    open: 'open', acknowledged: 'seen', assigned: 'assigned', resolved: 'resolved', closed: 'closed',
    live: 'Live', connecting: 'Connecting…', lost: 'Connection lost',
    lost_notice: 'The connection to the service is lost; what is shown may be out of date. Trying again…',
    gap_notice: 'Part of the history was no longer kept: the list was read again.',
    empty: 'No open alerts.\nNew ones appear here by themselves.', hidden_all: 'All open alerts are of a severity that is hidden.',
    loading: 'Reading the alerts…', events: n => `${n} event${n === 1 ? '' : 's'}`, more: n => `and ${n} older ones`,
    back: 'Close', since: 'Opened', updated: 'Last change', area: 'Area', owner: 'Owner', status: 'State', key: 'About',
    rule: 'Rule', version: v => `version ${v}`, fires: 'Fires when', values: 'Measured values',
    parameters: 'Parameters when told', evidence: 'Evidence', shown: (n, all) => `the latest ${n} of ${all}`,
    history: 'History', advice: 'What to do', no_evidence: 'The evidence could not be read.', gone: 'The alert could not be read.',
    count: n => `${n}`, grid: 'grid', police110: 'police 110', cityops: 'city operations', hotline12345: 'hotline 12345',
    visit: 'petition visit', seconds: n => `${n} s`, minutes: n => `${n} min`, hours: n => `${n} h`, ago: t => t,
    opened: 'opened', escalated: 'escalated', deescalated: 'de-escalated', reopened: 'reopened', amended: 'amended',
    updated_type: 'updated', matched: 'the condition holds', quiet: 'quiet since', recovered: 'recovered', withdrawn: 'reports withdrawn',
    revised: 'reports corrected', late: 'a report came late', merged: 'merged into another', split: 'split off another',
    unsilenced: 'no longer silenced', uninhibited: 'no longer inhibited',
    stage: 'what was owed has come', deadline: 'deadline passed', person: 'by a person', comment: 'comment',
    zone: name => `Times: ${name}`,
  },
  zh: {
    open_alerts: '未了结的告警', grouped: '按级别分组', other_language: 'English', severities: '显示的级别',
    red: '红色', orange: '橙色', yellow: '黄色', blue: '蓝色',
    open: '待处理', acknowledged: '已知悉', assigned: '已交办', resolved: '已解除', closed: '已关闭',
    live: '实时', connecting: '连接中…', lost: '连接中断',
    lost_notice: '与服务的连接已中断，所示内容可能已过时，正在重连…',
    gap_notice: '部分历史已不再保留，列表已重新读取。',
    empty: '目前没有未了结的告警。\n新告警会自动出现。', hidden_all: '未了结的告警都属于已隐藏的级别。',
    loading: '正在读取告警…', events: n => `${n} 条依据`, more: n => `另有更早的 ${n} 条`,
    back: '关闭', since: '开始', updated: '最近变化', area: '区域', owner: '责任方', status: '状态', key: '对象',
    rule: '规则', version: v => `第 ${v} 版`, fires: '触发条件', values: '实测值',
    parameters: '告警时参数', evidence: '依据', shown: (n, all) => `共 ${all} 条，显示最近 ${n} 条`,
    history: '经过', advice: '处置建议', no_evidence: '无法读取依据。', gone: '无法读取该告警。',
    count: n => `${n} 条`, village: '村（社区）', town: '镇（街道）', city: '市级', seconds: n => `${n} 秒`, minutes: n => `${n} 分钟`, hours: n => `${n} 小时`, ago: t => `${t}前`,
    opened: '开始', escalated: '升级', deescalated: '降级', reopened: '重新开始', amended: '更正',
    updated_type: '更新', matched: '符合条件', quiet: '已平息', recovered: '已恢复', withdrawn: '上报已撤回',
    revised: '上报已更正', late: '迟到的上报', merged: '并入另一告警', split: '由另一告警分出',
    unsilenced: '静默已结束', uninhibited: '压制已解除',
    stage: '应办环节已完成', deadline: '已过期限', person: '人工操作', comment: '备注', zone: name => `时间：${name}`,
    grid: '网格', police110: '110 警情', cityops: '城市运行', hotline12345: '12345 热线', mediation: '人民调解',
    visit: '信访', sensor: '传感器',
  },
};
const SEVERITIES = ['red', 'orange', 'yellow', 'blue'];
const SHAPES = {  // told apart by form as well as by colour
  red: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z', orange: 'M8 1l7.5 13.5H.5z', yellow: 'M8 .5L15.5 8 8 15.5.5 8z',
  blue: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z',
};
const ENDED = ['resolved', 'closed'];
const MAX_ROWS = 500, MAX_PAGES = 5, RETRY_MS = 3000, DRAW_MS = 250;

const $ = id => document.getElementById(id);
const alerts = new Map();   // id → data of its latest transition
const rows = new Map();     // id → its row, reused
let rules = new Map(), zone = undefined, areas = {};  // of the service
let hidden = new Set();
let chosen = null, stream = null, state = 'connecting', loaded = false, drawing = false, drawn = 0, arrivals = 0, rereading = null, notice = '';
let language = recall('language') || (navigator.language.startsWith('zh') ? 'zh' : 'en');
let grouped = recall('grouped') === 'true';

const word = (name, ...values) => {
  const found = WORDS[language][name] ?? name;
  return typeof found === 'function' ? found(...values) : found;
};
// A text in both languages, or in one.
const text = both => typeof both === 'string' ? both : both?.[language] || both?.zh || both?.en || '';

function recall(name) { try { return localStorage.getItem(name); } catch { return null; } }
function remember(name, value) { try { localStorage.setItem(name, value); } catch { /* a private window */ } }

// <tag class="…">children</tag>; children are nodes or texts.
function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

function vector(tag, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function severityMark(severity) {
  const mark = vector('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  mark.append(vector('path', { d: SHAPES[severity] || SHAPES.blue }));
  return make('span', `severity ${severity}`, mark, word(severity));
}

// --- times and names

const formats = new Map();  // making one is dear

function clock(time, seconds = false) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  const year = date.getFullYear() !== new Date().getFullYear();
  const kind = `${seconds}${year}${zone}`;
  if (!formats.has(kind)) {
    formats.set(kind, new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false,
      ...(seconds && { second: '2-digit' }), ...(year && { year: 'numeric' }) }));
  }
  // 11-23 16:49, in every language: nobody has to guess which is the month.
  const parts = Object.fromEntries(formats.get(kind).formatToParts(date).map(part => [part.type, part.value]));
  const day = [parts.year, parts.month, parts.day].filter(Boolean).join('-');
  return `${day} ${[parts.hour, parts.minute, parts.second].filter(Boolean).join(':')}`;
}

// "12 min" within two days; otherwise, and for replayed or simulated times, the time itself.
function age(time) {
  const seconds = Math.floor((Date.now() - Date.parse(time)) / 1000);
  if (!(seconds >= -60) || seconds > 172800) return clock(time);
  if (seconds < 60) return word('ago', word('seconds', Math.max(seconds, 0)));
  if (seconds < 5400) return word('ago', word('minutes', Math.floor(seconds / 60)));
  return word('ago', word('hours', Math.floor(seconds / 3600)));
}

function areaName(area) {
  if (!area || typeof area === 'string') return area || '';
  const code = area.microgrid || area.grid || area.village || area.town || area.city || '';
  const known = [area.village, area.town, area.city].find(c => c && areas[c]);  // the deepest that has a name
  return text(area.name) || (known ? `${areas[known]} ${code}` : code);
}
const nameOf = alert => text(alert.name) || text(rules.get(alert.rule)?.name) || alert.rule;
const total = alert => alert.evidence?.total ?? 0;

// --- the list

function rowOf(alert) {
  let row = rows.get(alert.alert_id);
  const stamp = `${alert.seq} ${language} ${rules.size}`;
  if (!row) {
    row = { item: make('li'), stamp: '' };
    rows.set(alert.alert_id, row);
  }
  if (row.stamp !== stamp) {
    row.stamp = stamp;
    row.age = make('span', 'number age');
    row.age.title = clock(alert.opened_at, true);
    const summary = make('span', 'summary', text(alert.summary));
    summary.title = text(alert.summary);
    const area = make('span', 'area', areaName(alert.area));
    const button = make('button', 'row', severityMark(alert.severity),
      make('span', 'what', make('span', 'name', nameOf(alert)), summary), area,
      make('span', 'number evidence', word('events', total(alert))), make('span', 'state', word(alert.status)), row.age);
    button.type = 'button';
    button.dataset.id = alert.alert_id;
    if (arrivals <= 3 && alert.arrived > drawn) button.classList.add('fresh');  // a storm does not flicker
    const had = row.item.contains(document.activeElement);
    row.item.replaceChildren(button);
    if (had) button.focus();
  }
  const old = age(alert.opened_at), current = String(alert.alert_id === chosen);
  if (row.age.textContent !== old) row.age.textContent = old;
  if (row.item.firstChild.ariaCurrent !== current) row.item.firstChild.ariaCurrent = current;
  return row.item;
}

function ordered() {
  const shown = [...alerts.values()].filter(alert => !hidden.has(alert.severity));
  const rank = alert => grouped ? SEVERITIES.indexOf(alert.severity) : 0;
  return shown.sort((a, b) => rank(a) - rank(b) || b.opened_ms - a.opened_ms || (a.alert_id < b.alert_id ? -1 : 1));
}

function drawList() {
  const shown = ordered();
  const items = [];
  let last = null;
  for (const alert of shown.slice(0, MAX_ROWS)) {
    if (grouped && alert.severity !== last) items.push(make('li', 'group', severityMark(last = alert.severity)));
    items.push(rowOf(alert));
  }
  if (shown.length > MAX_ROWS) items.push(make('li', 'group', word('more', shown.length - MAX_ROWS)));
  const list = $('list');
  items.forEach((item, i) => { if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null); });
  while (list.children.length > items.length) list.lastChild.remove();
  for (const id of rows.keys()) if (!alerts.has(id)) rows.delete(id);
  $('empty').hidden = shown.length > 0;
  $('empty').textContent = word(!loaded ? 'loading' : alerts.size > 0 ? 'hidden_all' : 'empty');
}

function drawHeader() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = word(node.dataset.text);
  $('language').textContent = word('other_language');
  $('zone').textContent = zone ? word('zone', zone) : '';
  $('filters').setAttribute('aria-label', word('severities'));
  const counts = Object.fromEntries(SEVERITIES.map(severity => [severity, 0]));
  for (const alert of alerts.values()) counts[alert.severity]++;
  SEVERITIES.forEach((severity, i) => {
    const button = $('filters').children[i];
    button.replaceChildren(severityMark(severity), make('b', '', String(counts[severity])));
    button.setAttribute('aria-pressed', String(!hidden.has(severity)));
  });
  $('connection').textContent = word(state);
  $('connection').className = state;
  const message = state === 'lost' ? 'lost_notice' : notice;
  $('notice').hidden = !message;
  $('notice').textContent = message ? word(message) : '';
  document.title = alerts.size > 0 ? `(${alerts.size}) Tocsin` : 'Tocsin';
}

// However many transitions come, the page is drawn a few times a second.
function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => requestAnimationFrame(() => {
    drawing = false;
    drawHeader();
    drawList();
    drawn = Date.now();
    arrivals = 0;
  }), Math.max(0, drawn + DRAW_MS - Date.now()));
}

// --- one alert

// The comparisons of `fire` whose left side was measured: "distinct(place) >= params.places".
function comparisons(alert) {
  const fire = rules.get(alert.rule)?.fire || '';
  return fire.split(/&&|\|\|/).flatMap(part => {
    const match = /^\s*\(*\s*(.+?)\s*(>=|<=|>|<|==)\s*(params\.(\w+)|-?[\d.]+)[\s)]*$/.exec(part);
    if (!match || !(match[1] in (alert.values || {}))) return [];
    const bound = match[4] ? alert.params?.[match[4]] : Number(match[3]);
    return bound === undefined ? [] : [{ name: match[1], sign: match[2], bound, param: match[4] }];
  });
}

// A value as a bar, with a mark where the rule fires.
function bar(value, bound) {
  const most = Math.max(value, bound) * 1.15;
  const drawing = vector('svg', { class: 'bar', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  drawing.append(vector('rect', { y: 2, width: 100, height: 4, class: 'ground' }),
    vector('rect', { y: 2, width: 100 * value / most, height: 4, class: 'value' }),
    vector('rect', { x: 100 * bound / most - 0.3, y: 0, width: 0.6, height: 8, class: 'bound' }));
  return drawing;
}

function valueTable(alert) {
  const compared = new Map(comparisons(alert).map(c => [c.name, c]));
  const table = make('table');
  for (const [name, value] of Object.entries(alert.values || {})) {
    const against = compared.get(name);
    const label = make('th', '', make('code', '', name));
    if (against && value > 0 && against.bound > 0) label.append(bar(value, against.bound));
    const sign = { '>=': '≥', '<=': '≤', '==': '=' }[against?.sign] || against?.sign;
    table.append(make('tr', '', label, make('td', 'figure', show(value)),
      make('td', 'bound-text quiet', against ? `${sign} ${show(against.bound)}${against.param ? ` (${against.param})` : ''}` : '')));
  }
  return table;
}

function show(value) {
  if (Array.isArray(value)) return value.map(show).join(' · ');
  if (value && typeof value === 'object' && 'lon' in value) return `${show(value.lon)}, ${show(value.lat)}`;
  if (typeof value === 'number') return String(Math.round(value * 100000) / 100000);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function pairs(entries, className = 'facts') {
  const list = make('dl', className);
  for (const [name, value] of entries) if (value) list.append(make('dt', '', name), make('dd', '', value));
  return list;
}

function historyTable(history) {
  const table = make('table');
  for (const event of [...history].reverse()) {
    const type = event.type.split('.').pop();
    const data = event.data || {};
    const reason = data.reason && data.reason !== type ? word(data.reason) : '';
    table.append(make('tr', '', make('td', '', clock(event.time, true)), make('td', '', word(type === 'updated' ? 'updated_type' : type)),
      make('td', '', severityMark(data.severity || 'blue')), make('td', 'quiet', [reason, data.by, data.to && `→ ${data.to}`, data.note].filter(Boolean).join(' · '))));
  }
  return table;
}

function evidenceTable(evidence) {
  const table = make('table');
  for (const event of evidence.events || []) {
    table.append(make('tr', '', make('td', '', clock(event.occurred_at, true)), make('td', '', word(event.source)),
      make('td', '', make('code', '', event.id))));
  }
  return table;
}

function section(title, ...content) { return [make('h3', '', title), ...content]; }

function drawDetail(alert, evidence) {
  const rule = rules.get(alert.rule);
  const back = make('button', 'back', word('back'));
  back.type = 'button';
  back.onclick = () => choose(null);
  const title = make('h2', '', nameOf(alert));
  title.id = 'detail-title';
  const events = evidence?.events || [];
  const parts = [
    make('div', 'top', severityMark(alert.severity), back), title, make('p', 'why', text(alert.summary)),
    pairs([[word('status'), word(alert.status)], [word('since'), clock(alert.opened_at, true)],
      [word('updated'), clock(alert.updated_at, true)], [word('area'), areaName(alert.area)], [word('owner'), alert.owner && word(text(alert.owner))],
      [word('key'), alert.key && show(alert.key)], [word('rule'), `${alert.rule}, ${word('version', alert.rule_version)}`]]),
  ];
  const advice = text(alert.advice) || text(rule?.advice);
  if (advice) parts.push(...section(word('advice'), make('p', '', advice)));
  if (rule?.fire) parts.push(...section(word('fires'), make('code', '', rule.fire)));
  if (Object.keys(alert.values || {}).length) parts.push(...section(word('values'), valueTable(alert)));
  const params = Object.entries(alert.params || {});
  if (params.length) parts.push(...section(word('parameters'), pairs(params.map(([name, value]) => [name, show(value)]))));
  const count = evidence && total(alert) > events.length ? word('shown', events.length, total(alert)) : word('count', total(alert));
  parts.push(...section(`${word('evidence')} · ${count}`,
    evidence ? evidenceTable(evidence) : make('p', 'quiet', word('no_evidence'))));
  parts.push(...section(word('history'), historyTable(alert.history || [])));
  $('detail').replaceChildren(...parts);
}

async function choose(id) {
  const before = chosen;
  chosen = id;
  $('detail').hidden = id === null;
  document.body.classList.toggle('with-detail', id !== null);
  draw();
  if (id === null) {
    document.querySelector(`[data-id="${CSS.escape(before || '')}"]`)?.focus();
    return;
  }
  const path = `/api/v1/alerts/${encodeURIComponent(id)}`;
  const [alert, evidence] = await Promise.all([fetchJson(path), fetchJson(`${path}/evidence`)].map(p => p.catch(() => null)));
  if (chosen !== id) return;
  if (alert) drawDetail(alert, evidence);
  else if (before !== id) $('detail').replaceChildren(make('p', 'quiet', word('gone')));
  if (before !== id) $('detail').scrollTop = 0;
}

// --- data

async function fetchJson(path) {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function take(data, arrived) {
  const known = alerts.get(data.alert_id);
  if (known && known.seq >= data.seq) return;
  if (ENDED.includes(data.status)) alerts.delete(data.alert_id);
  else alerts.set(data.alert_id, { ...data, opened_ms: Date.parse(data.opened_at) || 0, arrived });
}

// Reads everything anew, then streams what comes after it.
async function load() {
  stream?.close();
  try {
    const list = await fetchJson('/api/v1/rules');
    rules = new Map(list.rules.map(rule => [rule.id, rule]));
    zone = list.zone;
    areas = list.areas || {};
    const query = '/api/v1/alerts?status=open,acknowledged,assigned&limit=1000';
    const first = await fetchJson(query);
    const found = [...first.alerts];
    for (let next = first.next, page = 1; next && page < MAX_PAGES; page++) {
      const more = await fetchJson(`${query}&cursor=${encodeURIComponent(next)}`);
      found.push(...more.alerts);
      next = more.next;
    }
    alerts.clear();
    for (const alert of found) take(alert);
    loaded = true;
    follow(first.sequence);
  } catch {
    state = 'lost';
    setTimeout(load, RETRY_MS);
  }
  draw();
}

function follow(sequence) {
  stream = new EventSource(`/api/v1/stream?after=${sequence}`);
  stream.onopen = () => { state = 'live'; draw(); };
  stream.onerror = () => {  // the browser reconnects by itself and resumes, unless the server refused
    state = 'lost';
    if (stream.readyState === EventSource.CLOSED) setTimeout(load, RETRY_MS);
    draw();
  };
  stream.addEventListener('alert', message => {
    const { data } = JSON.parse(message.data);
    take(data, Date.now());
    arrivals++;
    if (data.alert_id === chosen) rereading ??= setTimeout(() => {  // however often it changes
      rereading = null;
      if (chosen !== null) choose(chosen);
    }, DRAW_MS);
    draw();
  });
  stream.addEventListener('gap', () => {
    notice = 'gap_notice';
    setTimeout(() => { notice = ''; draw(); }, 10000);
    load();
  });
}

// --- what a person does

for (const severity of SEVERITIES) {
  const button = make('button');
  button.type = 'button';
  button.onclick = () => {
    if (!hidden.delete(severity)) hidden.add(severity);
    draw();
  };
  $('filters').append(button);
}
$('grouped').checked = grouped;
$('grouped').onchange = event => { grouped = event.target.checked; remember('grouped', grouped); draw(); };
$('language').onclick = () => {
  language = language === 'zh' ? 'en' : 'zh';
  remember('language', language);
  if (chosen !== null) choose(chosen);
  draw();
};
$('list').onclick = event => {
  const row = event.target.closest('.row');
  if (row) choose(row.dataset.id === chosen ? null : row.dataset.id);
};
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && chosen !== null) return choose(null);
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('#detail')) return;
  const buttons = [...document.querySelectorAll('.row')];
  const at = buttons.indexOf(document.activeElement);
  const next = buttons[at < 0 ? 0 : at + step];
  if (next) { event.preventDefault(); next.focus(); }
});
// An alert's own address, as the console has it and Alertmanager's links name it: #/alerts/ID.
function followLink() {
  const link = /^#\/alerts\/([a-z0-9-]+)$/.exec(location.hash);
  if (link) choose(link[1]);
}
window.addEventListener('hashchange', followLink);
setInterval(draw, 10000);  // ages
draw();
load();
followLink();
