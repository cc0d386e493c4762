// What an edit changes, as people read it: a unified diff.
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/**
 * A unified diff with three lines of context around each change.
 * @param title stands for the file in both header lines
 * @returns text that ends with a line end; nothing when the texts are equal
 */
export function diff(before: string, after: string, title: string): string {
  if (before === after) return '';
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY };
  return createTwoFilesPatch(title, title, before, after, undefined, undefined, options);
}
