// Every state as status shows it, to the letter; and that what is hidden from results stays hidden in every view.
import assert from 'node:assert/strict';
import type { State } from '../../src/audit/check/state.ts';
import type { Facts } from '../../src/audit/facts.ts';
import { judged } from '../../src/flows/status.ts';
import { viewJunit, viewStatus } from '../../src/view/status.ts';
import { golden } from '../audit/target/golden.ts';
import {
  apiServer,
  euSink,
  facts,
  failed,
  forbidden,
  foreignSink,
  notAsked,
  ownSink,
  readings,
} from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';

const plain = { colour: false, width: 80 };
const one = (change: Parameters<typeof apiServer>[0]): Facts => facts({ apiServers: [apiServer(change)] });
const states: Readonly<Record<State, Facts>> = {
  off: facts({ auditSinks: { seen: [] } }),
  'configured-not-running': one({ flags: { seen: {} } }),
  'running-nothing-delivered': facts({ delivery: { seen: { events: 0, window: 900 } } }),
  'running-delivery-unknown': facts({ delivery: notAsked }),
  'delivering-with-losses': one({ metrics: readings({ errors: { webhook: 3 } }, {}) }),
  'delivering-losses-unknown': one({ metrics: forbidden }),
  delivering: facts(),
  unknown: facts({ apiServers: [], delivery: failed }),
};

describe('status of every state', () => {
  for (const [state, given] of Object.entries(states))
    it(state, () => {
      const result = judged(given, euSink, []);
      assert.equal(result.state, state);
      golden(`test/golden/view/state-${state}.txt`, viewStatus(result, plain));
    });

  it('on a narrow terminal', () => {
    const text = viewStatus(judged(states.unknown, euSink, []), { colour: false, width: 40 });
    golden('test/golden/view/state-unknown-narrow.txt', text);
  });

  it('says of none that it is well but of the one that is', () => {
    for (const [state, given] of Object.entries(states)) {
      const [first] = viewStatus(judged(given, euSink, []), plain).split('\n');
      assert.equal(first?.startsWith('✔'), state === 'delivering', first);
    }
  });
});

describe('tokens', () => {
  it('stand in no view, wherever the API shows them', () => {
    const { webhook } = ownSink().spec;
    const url = `https://h.example.com/${secrets.token}/`;
    const sinks = [ownSink({ webhook: { ...webhook, clientConfig: { url } } }), foreignSink(`${url}x`)];
    const result = judged(facts({ auditSinks: { seen: sinks } }), euSink, []);
    for (const text of [viewStatus(result, plain, true), viewJunit(result), JSON.stringify(result)])
      assert.ok(!text.includes(secrets.token));
  });
});
