// Credentials that stand in any text, whatever it is about, and the text without them.

/** The text with user and password of URLs and bearer tokens masked. */
export const withoutCredentials = (text: string): string =>
  text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"']*@/gi, '$1***@')
    .replace(/(\bBearer\s+)[\w~+/.=-]+/gi, '$1***');
