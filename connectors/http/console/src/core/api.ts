// Requests to the service. Every failure is a Problem that can be shown to a person.
import { signal } from '@preact/signals';
import { language, t } from './words';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

// Raised by whoever is told 401: the sign-in page listens.
export const refused = signal(0);

type Params = Record<string, string | number | boolean | undefined | null>;

export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '' && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        'Accept-Language': language.value === 'zh' ? 'zh-CN' : 'en',
        ...init.headers,
      },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, t('unreachable'), t('unreachable'));
  }
  if (response.ok) return response;
  if (response.status === 401) refused.value++;
  let title = response.statusText,
    detail = '';
  try {
    const body = (await response.json()) as { title?: string; detail?: string };
    title = body.title ?? title;
    detail = body.detail ?? '';
  } catch {
    /* not a problem document */
  }
  throw new Problem(response.status, title, detail);
}

async function read<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export async function get<T>(path: string, params?: Params, stop?: AbortSignal): Promise<T> {
  return read<T>(await ask(address(path, params), { signal: stop }));
}

export async function post<T>(path: string, body: unknown, stop?: AbortSignal): Promise<T> {
  return read<T>(
    await ask(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
      signal: stop,
    }),
  );
}

// The body of the event stream.
export async function open(path: string, params: Params, stop: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await ask(address(path, params), {
    signal: stop,
    cache: 'no-store',
    headers: { Accept: 'text/event-stream' },
  });
  if (!response.body) throw new Problem(0, t('unreachable'), t('unreachable'));
  return response.body;
}

export const alertPath = (id: string, rest = '') => `/api/v1/alerts/${encodeURIComponent(id)}${rest}`;
