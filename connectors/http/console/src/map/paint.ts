// Draws the map on a canvas: boundaries, the clusters' outlines, marks by severity. No WebGL, no tiles.
import { SHAPES } from '../core/marks';
import { SEVERITIES, type Alert, type Severity } from '../core/types';
import type { Boundary } from './boundaries';
import { scaleBar, toPlace, toScreen, type Size, type View } from './geo';

export interface Mark {
  x: number;
  y: number;
  items: Alert[];
  worst: Severity;
}
export interface Scene {
  view: View;
  size: Size;
  boundaries: Boundary[];
  area: string;
  marks: Mark[];
  chosen: string;
  hovered: Mark | null;
}
export interface Palette {
  line: string;
  strong: string;
  text: string;
  soft: string;
  surface: string;
  area: string;
  accent: string;
  fill: Record<Severity, string>;
  ink: Record<Severity, string>;
}

export function palette(element: Element): Palette {
  const style = getComputedStyle(element),
    get = (name: string) => style.getPropertyValue(name).trim();
  const of = (suffix: string) =>
    Object.fromEntries(SEVERITIES.map(s => [s, get(`--${s}${suffix}`)])) as Record<Severity, string>;
  return {
    line: get('--line'),
    strong: get('--edge'),
    text: get('--text'),
    soft: get('--soft'),
    surface: get('--surface'),
    area: get('--map-area'),
    accent: get('--accent'),
    fill: of('-fill'),
    ink: of(''),
  };
}

const paths = new Map<Severity, Path2D>();
const shape = (severity: Severity) => {
  if (!paths.has(severity)) paths.set(severity, new Path2D(SHAPES[severity]));
  return paths.get(severity)!;
};

function trace(c: CanvasRenderingContext2D, scene: Scene, rings: [number, number][][]): void {
  c.beginPath();
  for (const ring of rings) {
    ring.forEach(([lon, lat], i) => {
      const [x, y] = toScreen(scene.view, scene.size, lon, lat);
      if (i === 0) c.moveTo(x, y);
      else c.lineTo(x, y);
    });
    c.closePath();
  }
}

function paintBoundaries(c: CanvasRenderingContext2D, scene: Scene, p: Palette): void {
  for (const b of scene.boundaries) {
    const within = scene.area === '' || b.code.startsWith(scene.area) || (b.code === '' && scene.area.length <= 6);
    trace(c, scene, b.rings);
    if (within) {
      c.fillStyle = p.area;
      c.fill('evenodd');
    }
    c.strokeStyle = b.code === scene.area && scene.area ? p.soft : p.strong;
    c.lineWidth = b.code === scene.area && scene.area ? 2 : 1;
    c.stroke();
  }
  c.font = '12px system-ui, sans-serif';
  c.textAlign = 'center';
  c.fillStyle = p.soft;
  for (const b of scene.boundaries) {
    const [west] = toScreen(scene.view, scene.size, b.box.west, b.box.south),
      [east] = toScreen(scene.view, scene.size, b.box.east, b.box.north);
    if (!b.name || east - west < b.name.length * 14 || b.code === scene.area) continue;
    const [x, y] = toScreen(scene.view, scene.size, (b.box.west + b.box.east) / 2, (b.box.south + b.box.north) / 2);
    c.fillText(b.name, x, y);
  }
}

function paintOutlines(c: CanvasRenderingContext2D, scene: Scene, p: Palette): void {
  for (const mark of scene.marks) {
    for (const alert of mark.items) {
      const ring = alert.location?.ring;
      if (!ring || ring.length < 3) continue;
      trace(c, scene, [ring]);
      c.globalAlpha = 0.25;
      c.fillStyle = p.fill[alert.severity];
      c.fill();
      c.globalAlpha = 1;
      c.strokeStyle = p.ink[alert.severity];
      c.lineWidth = 1.5;
      c.stroke();
    }
  }
}

export const MARK = 20;

function paintMark(c: CanvasRenderingContext2D, mark: Mark, p: Palette, strong: boolean): void {
  const size = strong ? MARK * 1.3 : MARK;
  c.save();
  c.translate(mark.x - size / 2, mark.y - size / 2);
  c.scale(size / 16, size / 16);
  c.lineJoin = 'round';
  c.lineWidth = strong ? 4 : 3;
  c.strokeStyle = strong ? p.text : p.surface;
  c.stroke(shape(mark.worst));
  c.fillStyle = p.fill[mark.worst];
  c.fill(shape(mark.worst));
  c.restore();
  if (mark.items.length < 2) return;
  const text = String(mark.items.length),
    width = 8 + text.length * 7;
  c.fillStyle = p.text;
  c.beginPath();
  c.roundRect?.(mark.x + 5, mark.y - 17, width, 15, 7);
  c.fill();
  c.fillStyle = p.surface;
  c.font = '600 11px system-ui, sans-serif';
  c.textAlign = 'center';
  c.fillText(text, mark.x + 5 + width / 2, mark.y - 5.5);
}

function paintScale(c: CanvasRenderingContext2D, scene: Scene, p: Palette): void {
  const { metres, pixels } = scaleBar(scene.view, 120),
    y = scene.size.height - 16;
  c.strokeStyle = p.soft;
  c.lineWidth = 1.5;
  c.beginPath();
  c.moveTo(16, y - 5);
  c.lineTo(16, y);
  c.lineTo(16 + pixels, y);
  c.lineTo(16 + pixels, y - 5);
  c.stroke();
  c.font = '11px system-ui, sans-serif';
  c.textAlign = 'left';
  c.fillStyle = p.soft;
  c.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, 22 + pixels, y + 1);
}

// Where there are no boundaries: meridians and parallels, so that moving and zooming can be seen.
function paintGrid(c: CanvasRenderingContext2D, scene: Scene, p: Palette): void {
  const { view, size } = scene,
    step = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].find(s => s * view.scale < 160) ?? 0.001;
  const [west, north] = toPlace(view, size, 0, 0),
    [east, south] = toPlace(view, size, size.width, size.height);
  const digits = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  c.strokeStyle = p.line;
  c.fillStyle = p.soft;
  c.lineWidth = 1;
  c.font = '11px system-ui, sans-serif';
  c.textAlign = 'left';
  c.beginPath();
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
    const [x] = toScreen(view, size, lon, view.lat);
    c.moveTo(x, 0);
    c.lineTo(x, size.height);
    c.fillText(`${lon.toFixed(digits)}°E`, x + 3, 12);
  }
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
    const [, y] = toScreen(view, size, view.lon, lat);
    c.moveTo(0, y);
    c.lineTo(size.width, y);
    c.fillText(`${lat.toFixed(digits)}°N`, 4, y - 3);
  }
  c.stroke();
}

export function paint(canvas: HTMLCanvasElement, scene: Scene, p: Palette): void {
  const ratio = window.devicePixelRatio || 1,
    { width, height } = scene.size;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const c = canvas.getContext('2d');
  if (!c) return;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  if (scene.boundaries.length === 0) paintGrid(c, scene, p);
  paintBoundaries(c, scene, p);
  paintOutlines(c, scene, p);
  for (const mark of scene.marks) {
    const strong = mark === scene.hovered || mark.items.some(a => a.alert_id === scene.chosen);
    paintMark(c, mark, p, strong);
  }
  paintScale(c, scene, p);
}
