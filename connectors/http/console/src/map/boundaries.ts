// The centre's own boundaries, from a GeoJSON file that the service hands on. Without it the map has marks and a scale.
import { signal } from '@preact/signals';
import { get, Problem } from '../core/api';
import { boxOf, type Box } from './geo';

export interface Boundary {
  code: string;
  name: string;
  rings: [number, number][][];
  box: Box;
}
export const boundaries = signal<Boundary[]>([]);
let asked = false;

interface Feature {
  properties?: Record<string, unknown> | null;
  geometry?: { type: string; coordinates: unknown } | null;
}

export function readBoundaries(document: { features?: Feature[] }): Boundary[] {
  const found: Boundary[] = [];
  for (const feature of document.features ?? []) {
    const { type, coordinates } = feature.geometry ?? { type: '', coordinates: [] };
    const polygons = type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : [];
    const rings = (polygons as [number, number][][][]).flat();
    const box = boxOf(rings.flat());
    if (box)
      found.push({
        code: String(feature.properties?.code ?? ''),
        name: String(feature.properties?.name ?? ''),
        rings,
        box,
      });
  }
  return found;
}

export async function loadBoundaries(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    boundaries.value = readBoundaries(await get<{ features?: Feature[] }>('/api/v1/map/boundaries'));
  } catch (error) {
    asked = error instanceof Problem && error.status === 404; // there is none; anything else may be better later
  }
}
