// A flat map of a county: longitude and latitude to pixels and back, fitting, boxes. Without the page.
export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}
export interface View {
  lon: number;
  lat: number;
  scale: number;
} // the middle; pixels a degree of latitude
export interface Size {
  width: number;
  height: number;
}

const squeeze = (lat: number) => Math.cos((lat * Math.PI) / 180);
export const METRES_A_DEGREE = 111_320;

export function toScreen(view: View, size: Size, lon: number, lat: number): [number, number] {
  return [
    size.width / 2 + (lon - view.lon) * squeeze(view.lat) * view.scale,
    size.height / 2 - (lat - view.lat) * view.scale,
  ];
}

export function toPlace(view: View, size: Size, x: number, y: number): [number, number] {
  return [
    view.lon + (x - size.width / 2) / (view.scale * squeeze(view.lat)),
    view.lat - (y - size.height / 2) / view.scale,
  ];
}

// What a place covers: its outline where it has one, and its middle.
export function covered(place: { lon: number; lat: number; ring?: [number, number][] }): [number, number][] {
  return [[place.lon, place.lat], ...(place.ring ?? [])];
}

export function boxOf(points: Iterable<readonly [number, number]>): Box | null {
  let box: Box | null = null;
  for (const [lon, lat] of points) {
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) continue;
    if (!box) box = { west: lon, east: lon, south: lat, north: lat };
    else {
      box.west = Math.min(box.west, lon);
      box.east = Math.max(box.east, lon);
      box.south = Math.min(box.south, lat);
      box.north = Math.max(box.north, lat);
    }
  }
  return box;
}

export function fit(box: Box, size: Size, room = 40): View {
  const lon = (box.west + box.east) / 2,
    lat = (box.south + box.north) / 2;
  const wide = Math.max((box.east - box.west) * squeeze(lat), 0.004),
    high = Math.max(box.north - box.south, 0.004);
  return { lon, lat, scale: Math.max(1, Math.min((size.width - 2 * room) / wide, (size.height - 2 * room) / high)) };
}

// The same place stays under the point (x, y).
export function zoomed(view: View, size: Size, x: number, y: number, factor: number): View {
  const [lon, lat] = toPlace(view, size, x, y);
  const scale = Math.min(Math.max(view.scale * factor, 50), 4_000_000);
  const next = { ...view, scale };
  const [nowLon, nowLat] = toPlace(next, size, x, y);
  return { lon: view.lon + lon - nowLon, lat: view.lat + lat - nowLat, scale };
}

// Points that lie closer than `apart` pixels become one mark, the first in order leading it.
export function gathered<T>(
  items: T[],
  at: (item: T) => [number, number],
  apart: number,
): { x: number; y: number; items: T[] }[] {
  const cells = new Map<string, { x: number; y: number; items: T[] }[]>();
  const found: { x: number; y: number; items: T[] }[] = [];
  for (const item of items) {
    const [x, y] = at(item);
    const cx = Math.floor(x / apart),
      cy = Math.floor(y / apart);
    let near: { x: number; y: number; items: T[] } | undefined;
    for (let i = cx - 1; i <= cx + 1 && !near; i++) {
      for (let j = cy - 1; j <= cy + 1 && !near; j++)
        near = cells.get(`${i} ${j}`)?.find(m => Math.hypot(m.x - x, m.y - y) < apart);
    }
    if (near) near.items.push(item);
    else {
      const mark = { x, y, items: [item] };
      found.push(mark);
      const key = `${cx} ${cy}`;
      cells.set(key, [...(cells.get(key) ?? []), mark]);
    }
  }
  return found;
}

// A round length for the scale bar, in metres, and its pixels.
export function scaleBar(view: View, most: number): { metres: number; pixels: number } {
  const metresAPixel = METRES_A_DEGREE / view.scale;
  const limit = metresAPixel * most,
    power = 10 ** Math.floor(Math.log10(limit));
  const metres = power * ([5, 2, 1].find(m => m * power <= limit) ?? 1);
  return { metres, pixels: metres / metresAPixel };
}
