// Templates for events: jsonpath as kubectl's, mustache without HTML and without code.
import assert from 'node:assert/strict';
import { plainLine } from '../../src/cli/plain.ts';
import { byTemplate } from '../../src/view/by-template.ts';
import { alike, refused, subject } from '../support/jsonpath-cases.ts';
import { failure } from '../support/failure.ts';

type Format = Parameters<typeof byTemplate>[0];
const written = async (format: Format, value: object = subject): Promise<string> =>
  (await byTemplate(format, plainLine))(value);
const message = async (format: Format): Promise<string> => {
  const { code, message } = await failure(() => byTemplate(format, plainLine));
  assert.equal(code, 'usage');
  return message;
};

describe('a template of jsonpath', () => {
  for (const [template, text] of alike)
    it(`${template} gives what kubectl gives`, async () =>
      assert.equal(await written(`jsonpath=${template}`), text.replace(/\n?$/, '\n')));

  it('may be a bare path, and finds keys with dots, and nothing where there is nothing', async () => {
    assert.equal(await written('jsonpath=.user.username'), 'alice\n');
    assert.equal(await written("jsonpath=['verb']"), 'get\n');
    assert.equal(await written("jsonpath={.annotations['authorization.k8s.io/decision']}"), 'forbid\n');
    assert.equal(await written('jsonpath={.sourceIPs[5]}{.verb[0]}{.list[7:9]}'), '\n');
    assert.equal(await written('jsonpath={.constructor}{.user.__proto__}'), '\n');
  });

  it('says where it cannot be read', async () => {
    for (const template of refused)
      assert.match(await message(`jsonpath=${template}`), /at character \d+ of/);
    assert.match(
      await message('jsonpath=a{.b}{.verb'),
      /closed with \}, at character 6 of a\{\.b\}\{\.verb$/,
    );
    assert.match(await message('jsonpath={range .a[*]}{@}'), /without its \{end\}/);
  });

  it('lets no value steer the terminal, but the template may', async () => {
    const value = { a: '\u001b[2J\n\u202e', b: ['\u009b'] };
    assert.equal(await written('jsonpath={"\\t"}{.a}{.b}{range .b[*]}{@}{end}', value), '\t?[2J??["?"]?\n');
  });
});

describe('a template of mustache', () => {
  it('takes names with and without a leading dot, sections, and writes texts as they are', async () => {
    assert.equal(await written('template={{.user.username}} {{user.username}}'), 'alice alice\n');
    assert.equal(await written('template={{#sourceIPs}}<{{.}}>{{/sourceIPs}}'), '<1.1.1.1><2.2.2.2>\n');
    assert.equal(
      await written('template={{#list}}{{a}}{{^b}}!{{/b}}{{verb}} {{/list}}'),
      '1get 2get 3!get \n',
    );
    assert.equal(await written('template={{.annotations.authorization\\.k8s\\.io/decision}}'), 'forbid\n');
    assert.equal(await written('template={{a}}{{{a}}}{{&a}}\n', { a: '<&">' }), '<&"><&"><&">\n');
    assert.equal(
      await written('template={{user}}|{{numbers}}|{{yes}}|{{nope}}{{nope.more}}'),
      ['{"username":"alice","groups":["a","b"]}', '[12345678901,1.5]', 'true', '\n'].join('|'),
    );
  });

  it('says where it cannot be read', async () => {
    assert.match(await message('template=a {{verb'), /unclosed tag, at character 9 of a \{\{verb$/);
    assert.match(await message('template={{#a}}x'), /unclosed section "a", at character/);
    assert.match(await message('template={{> other}}'), /a partial, which there is none of: other/);
  });

  it('lets no value steer the terminal, unescaped or not, and runs nothing', async () => {
    const value = { a: '\u001b[2J\n', f: { constructor: 1 } };
    assert.equal(await written('template={{a}}{{{a}}}{{&a}}{{toString}}', value), '?[2J??[2J??[2J?\n');
  });
});
