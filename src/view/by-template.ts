// Values by a template of the user's; each kind of template is loaded only when it is asked for.

/** Gives the text of a value, which ends with a newline. */
type ByTemplate = (value: object) => string;

/**
 * What writes values under `-o jsonpath=…` and `-o template=…`.
 * @param format the value of `-o`, one of these two
 * @param harmless makes a text that came out of a value harmless to who reads it; the template's own is as it is
 * @throws Failure usage when the template cannot be read; it names the place
 */
export async function byTemplate(
  format: `${'jsonpath' | 'template'}=${string}`,
  harmless: (text: string) => string,
): Promise<ByTemplate> {
  const at = format.indexOf('=');
  const template = format.slice(at + 1);
  const write =
    format.slice(0, at) === 'jsonpath'
      ? (await import('./jsonpath/template.ts')).byJsonpath(template, harmless)
      : (await import('./template.ts')).templated(template, harmless);
  return (value) => write(value).replace(/\n?$/, '\n');
}
