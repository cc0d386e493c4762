// Reading the Logs token and the API key: every way in, every way to get it wrong, and never the value in an error.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../support/failure.ts';
import { secrets, temporary } from '../support/secrets.ts';
import type { Failure } from '../../src/errors.ts';
import { openSecrets } from '../../src/io/secrets.ts';
import type { Cluster, Secrets } from '../../src/io/world.ts';
import { console, options } from './servers.ts';

type More = NonNullable<Parameters<typeof options>[0]>;
const noCluster = (): Promise<Cluster> => assert.fail('the cluster was opened');

function open(more: More = {}, known = new Set<string>(), cluster = noCluster): Secrets {
  return openSecrets(options(more), { cluster, known });
}
function secretFile(content: string | Buffer, mode = 0o600): string {
  const path = temporary().secretFile('token');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}
const token = async (content: string): Promise<string> =>
  (await open().logsToken({ file: secretFile(content) })).value;
const missing = async (run: () => Promise<unknown>): Promise<Failure> => {
  const error = await failure(run);
  assert.deepEqual([error.code, error.exitCode], ['token-missing', 2], error.message);
  return error;
};

describe('secrets', () => {
  describe('the Logs token', () => {
    it('is trimmed of white space, line ends and a BOM', async () => {
      for (const text of [
        secrets.token,
        ` ${secrets.token}\r\n`,
        `\uFEFF${secrets.token}\n`,
        `\n\t${secrets.token}`,
      ])
        assert.equal(await token(text), secrets.token);
    });

    it('is lower-cased with a note', async () => {
      const file = secretFile(secrets.token.toUpperCase());
      const { value, notes } = await open().logsToken({ file });
      assert.equal(value, secrets.token);
      assert.deepEqual(notes.length, 1);
      assert.match(notes[0] ?? '', /upper case/);
      assert.deepEqual((await open().logsToken({ file: secretFile(secrets.token) })).notes, []);
    });

    it('is known from then on, to be masked elsewhere', async () => {
      const known = new Set<string>();
      await open({}, known).logsToken({ file: secretFile(secrets.token) });
      assert.deepEqual([...known], [secrets.token]);
    });

    const wrong: [string, string, RegExp][] = [
      ['too short', secrets.token.slice(1), /it has 35 characters; a token has 36\.$/],
      ['too long', `${secrets.token}0`, /it has 37 characters/],
      ['in the middle of something', `x${secrets.token}x`, /it has 38 characters/],
      [
        'not hexadecimal',
        `${secrets.token.slice(0, 30)}g${secrets.token.slice(31)}`,
        /character 31 is not one of/,
      ],
      ['with its dashes elsewhere', `${secrets.token.replaceAll('-', '')}0000`, /dashes are not where/],
      ['quoted', `"${secrets.token}"`, /stands in quotes/],
      ['a URL', `https://x/${secrets.token}/`, /looks like a URL/],
      ['two of them', `${secrets.token}\n${secrets.token}`, /white space inside/],
    ];
    for (const [what, text, said] of wrong)
      it(`is refused when it is ${what}`, async () => {
        const error = await failure(() => token(text));
        assert.deepEqual([error.code, error.exitCode], ['token-malformed', 2]);
        assert.match(error.message, said);
        assert.ok(!error.message.includes(text.slice(0, 8)));
      });

    it('comes from the file before the environment, and not from both flags', async () => {
      const env = { LOGS_TOKEN: secrets.otherToken };
      const secret = await open({ env }).logsToken({ file: secretFile(secrets.token) });
      assert.equal(secret.value, secrets.token);
      assert.deepEqual(await open({ env }).logsToken({}), {
        value: secrets.otherToken,
        from: 'LOGS_TOKEN',
        notes: [],
      });
      assert.equal((await failure(() => open().logsToken({ file: 'a', secret: 'b/c' }))).code, 'usage');
    });

    it('is missing when nothing gives one, and says how to', async () => {
      const error = await missing(() => open().logsToken({}));
      assert.match(error.suggestions.join(' '), /--logs-token-file.*LOGS_TOKEN.*--logs-token-secret/);
      await missing(() => open({ env: { LOGS_TOKEN: ' ' } }).logsToken({}));
      await missing(() => open({ terminal: console(true), noInput: true }).logsToken({}));
    });

    it('says what is wrong with its file', async () => {
      const { path } = temporary();
      const said = async (file: string): Promise<string> =>
        (await missing(() => open().logsToken({ file }))).message;
      assert.match(await said(join(path, 'gone')), /gone does not exist\.$/);
      assert.match(await said(path), /is a folder/);
      assert.match(await said('/dev/zero'), /is larger than/);
      assert.match(await said(secretFile('')), /is empty/);
      assert.match(await said(secretFile(' \n\uFEFF'.trim())), /is empty/);
      assert.match(await said(secretFile(Buffer.from([0xff, 0xfe, 0x41, 0x00]))), /is not a text file/);
      assert.match(await said(secretFile('x\0y')), /is not a text file/);
      assert.match(await said(secretFile('x'.repeat(100_000))), /is larger than/);
      const locked = secretFile('x');
      chmodSync(locked, 0);
      if (process.getuid?.() !== 0) assert.match(await said(locked), /may not be read/);
    });

    it('notes that its file can be read by others', async () => {
      const harmless = '00000000-0000-4000-8000-000000000000';
      for (const [mode, notes] of [
        [0o600, 0],
        [0o400, 0],
        [0o640, 1],
        [0o604, 1],
      ] as const) {
        const path = join(temporary().path, 'token');
        writeFileSync(path, harmless);
        chmodSync(path, mode);
        const secret = await open().logsToken({ file: path });
        assert.equal(secret.notes.length, notes, mode.toString(8));
        if (notes > 0) assert.match(secret.notes[0] ?? '', /can be read by others.*chmod 600/);
      }
    });

    it('comes from standard input', async () => {
      const terminal = console(false);
      terminal.stdin.end(`${secrets.token}\n`);
      const secret = await open({ terminal }).logsToken({ file: '-' });
      assert.deepEqual([secret.value, secret.from], [secrets.token, 'standard input']);
      const nothing = console(false);
      nothing.stdin.end();
      await missing(() => open({ terminal: nothing }).logsToken({ file: '-' }));
      const flood = console(false);
      flood.stdin.end('x'.repeat(100_000));
      assert.match(
        (await missing(() => open({ terminal: flood }).logsToken({ file: '-' }))).message,
        /larger than/,
      );
    });

    it('does not wait for standard input for ever', async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 30);
      const error = await failure(() => open({ signal: abort.signal }).logsToken({ file: '-' }));
      assert.equal(error.code, 'interrupted');
    });

    it('is asked for on a terminal, and not shown', async () => {
      for (const source of [{}, { file: '-' }]) {
        const terminal = console(true);
        const asked = open({ terminal }).logsToken(source);
        terminal.stdin.write(`${secrets.token}\r`);
        assert.equal((await asked).value, secrets.token);
        assert.match(terminal.said(), /^Sematext Logs token \(not shown\): \n$/);
      }
    });

    describe('in a Kubernetes Secret', () => {
      const asked: string[] = [];
      const answers = (status: number, body: unknown) => async (): Promise<Cluster> => ({
        host: 'api',
        request: async ({ path }) => {
          asked.push(path);
          return { status, text: typeof body === 'string' ? body : JSON.stringify(body), headers: {}, ms: 1 };
        },
      });
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      const read = async (name: string, status: number, body: unknown): Promise<string> =>
        (await open({}, new Set(), answers(status, body)).logsToken({ secret: name })).value;

      it('is read by its key', async () => {
        const data = { 'logs-token': base64(`${secrets.token}\n`), other: base64(secrets.otherToken) };
        assert.equal(await read('ns/name', 200, { data }), secrets.token);
        assert.equal(await read('ns/na.me:other', 200, { data }), secrets.otherToken);
        assert.deepEqual(asked, [
          '/api/v1/namespaces/ns/secrets/name',
          '/api/v1/namespaces/ns/secrets/na.me',
        ]);
      });

      it('is refused when there is none, or no such key, or it may not be read', async () => {
        const status = { kind: 'Status', message: 'no' };
        assert.match((await missing(() => read('ns/a', 404, status))).message, /There is no Secret ns\/a\./);
        const error = await missing(() => read('ns/a', 200, { data: { one: '', two: '' } }));
        assert.match(
          `${error.message} ${error.suggestions.join()}`,
          /no key logs-token\. Its keys: one, two\./,
        );
        await missing(() => read('ns/a:constructor', 200, { data: { one: '' } }));
        await missing(() => read('ns/a', 200, {}));
        await missing(() => read('ns/a', 200, { data: { 'logs-token': '' } }));
        assert.equal((await failure(() => read('ns/a', 403, status))).code, 'cluster-forbidden');
        assert.equal((await failure(() => read('ns/a', 500, status))).code, 'cluster-answer');
        assert.equal((await failure(() => read('ns/a', 200, '<html>'))).code, 'cluster-answer');
        assert.equal(
          (await failure(() => read('ns/a', 200, { data: { 'logs-token': 7 } }))).code,
          'cluster-answer',
        );
        const bad = { data: { 'logs-token': base64('short') } };
        assert.equal((await failure(() => read('ns/a', 200, bad))).code, 'token-malformed');
      });

      it('is named properly', async () => {
        for (const name of ['', 'a', 'a/', '/a', 'a/b/c', 'a/b:', '../x', 'a/b?x', 'A/b'])
          assert.equal((await failure(() => open().logsToken({ secret: name }))).code, 'usage', name);
      });
    });
  });

  describe('the API key', () => {
    it('comes from its file, then the environment, or is not there', async () => {
      const env = { SEMATEXT_API_KEY: ` ${secrets.apiKey} ` };
      assert.equal((await open({ env }).apiKey({}))?.value, secrets.apiKey);
      const file = secretFile('0123456789abcdef\n');
      assert.equal((await open({ env }).apiKey({ file }))?.value, '0123456789abcdef');
      assert.equal(await open().apiKey({}), undefined);
      assert.equal(await open({ env: { SEMATEXT_API_KEY: '' } }).apiKey({}), undefined);
    });

    it('is refused when it is empty, several words, or missing', async () => {
      await missing(() => open().apiKey({ file: '/nonexistent' }));
      await missing(() => open().apiKey({ file: secretFile('\n') }));
      for (const text of [`${secrets.apiKey} x`, 'short', 'x'.repeat(257), 'schlüssel123']) {
        const error = await failure(() => open().apiKey({ file: secretFile(text) }));
        assert.equal(error.code, 'token-malformed');
        assert.ok(!error.message.includes(text));
      }
    });
  });
});
