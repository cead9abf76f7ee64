// A line with a caret and tildes under the characters that are meant, as `tocsin check` draws them.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

// `column` is 1-based and, like `length`, in characters. Under a wide character stands a wide space.
export function caretUnder(line: string, column: number, length: number): string {
  const before = [...line].slice(0, Math.max(0, column - 1));
  const blank = before.map(c => (WIDE.test(c) ? '\u3000' : c === '\t' ? '\t' : ' ')).join('');
  return `${line}\n${blank}^${'~'.repeat(Math.max(0, length - 1))}`;
}
