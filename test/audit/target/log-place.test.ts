// Where the audit log of a container is on its node.
import assert from 'node:assert/strict';
import { logFileOf, type LogFile, type VolumeMount } from '../../../src/audit/target/log-place.ts';

const hostPaths = { logs: '/var/log/kubernetes/audit', deep: '/var/log/deep', all: '/var/log/', root: '/' };
const at = (name: string, mountPath: string, subPath = ''): VolumeMount => ({ name, mountPath, subPath });

const cases: readonly [string | undefined, readonly VolumeMount[], LogFile][] = [
  [undefined, [], { none: 'no-log' }],
  ['', [], { none: 'no-log' }],
  ['-', [at('root', '/')], { none: 'container-log' }],
  ['/dev/stdout', [at('root', '/')], { none: 'container-log' }],
  ['/var/log/kubernetes/audit/audit.log', [], { inside: '/var/log/kubernetes/audit/audit.log' }],
  ['/logs/audit.log', [at('logs', '/logs')], { path: '/var/log/kubernetes/audit/audit.log' }],
  ['/logs//x/../audit.log', [at('logs', '/logs/')], { path: '/var/log/kubernetes/audit/audit.log' }],
  ['/logs/sub/a.log', [at('logs', '/logs'), at('deep', '/logs/sub')], { path: '/var/log/deep/a.log' }],
  ['/logs/sub/a.log', [at('deep', '/logs/sub'), at('logs', '/logs')], { path: '/var/log/deep/a.log' }],
  ['/logs/a.log', [at('all', '/logs', 'inner')], { path: '/var/log/inner/a.log' }],
  ['/logs/a.log', [at('all', '/logs/a.log', 'b.log')], { path: '/var/log/b.log' }],
  ['/logs2/a.log', [at('logs', '/logs')], { inside: '/logs2/a.log' }],
  ['/logs/a.log', [at('empty-dir', '/logs'), at('root', '/')], { inside: '/logs/a.log' }],
  ['/tmp/a.log', [at('root', '/')], { path: '/tmp/a.log' }],
];

describe("an API server's audit log on its node", () => {
  for (const [flag, mounts, expected] of cases) {
    const where = mounts.map(({ name, mountPath }) => `${name} at ${mountPath}`).join(', ');
    it(`${flag ?? 'no flag'} with ${where || 'no volume'}`, () => {
      const argv = ['kube-apiserver', ...(flag === undefined ? [] : [`--audit-log-path=${flag}`])];
      assert.deepEqual(logFileOf({ name: 'a', nodeName: 'n', argv, mounts, hostPaths }), expected);
    });
  }
});
