// What this tool takes for granted of an API server, stated as requests and answers: the same for the embedded one
// and for the real ones, release by release.
import { accessContract } from './access.contract.ts';
import { auditSinkContract } from './audit-sink.contract.ts';
import { auditingContract } from './auditing.contract.ts';
import { discoveryContract } from './discovery.contract.ts';
import { objectContract } from './object.contract.ts';
import { hasAuditSinks, type Kind, type Subject } from './subject.ts';

/** States the contract for one kind of server, started once without and once with auditing. */
export function apiServerContract(name: string, { version, start }: Kind): void {
  describe(`${name}: the API server`, () => {
    let subject: Subject;
    before(async function () {
      this.timeout(120_000);
      subject = await start({});
    });
    after(async () => subject?.stop());
    const running = (): Subject => subject;
    discoveryContract(running);
    accessContract(running);
    objectContract(running);
  });
  const more = hasAuditSinks(version) ? auditSinkContract : undefined;
  auditingContract(name, start, more);
}
