// How many columns of a terminal a text takes: Chinese, Japanese and Korean characters and emoji take two, combining
// marks and joiners none.
import { eastAsianWidth } from 'get-east-asian-width';

/** What every terminal shows as it is, each character in one column. */
const simple = /^[ -~]*$/;
const none = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u;

const ofCharacter = (char: string): number =>
  none.test(char) ? 0 : eastAsianWidth(char.codePointAt(0) ?? 0);

/** Whether all characters are of ASCII and can be seen. */
export const isSimple = (text: string): boolean => simple.test(text);

/** The columns of a text without control characters. */
export function columns(text: string): number {
  if (isSimple(text)) return text.length;
  let sum = 0;
  for (const char of text) sum += ofCharacter(char);
  return sum;
}

/** The text filled up with blanks to so many columns. */
export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - columns(text)));

/** The text, or its beginning with an ellipsis where it takes more columns than there are. */
export function cut(text: string, width: number): string {
  if (columns(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const char of text) {
    left -= ofCharacter(char);
    if (left < 0) break;
    kept += char;
  }
  return `${kept}…`;
}
