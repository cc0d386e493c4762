// Shows a run as mocha's spec or dot reporter does, and writes what the json reporter would to $MOCHA_JSON, so that
// .ci/run can count tests over several runs, and say at its end which failed.
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class {
  constructor(runner, options) {
    const shown = options.reporterOptions?.show === 'dot' ? reporters.Dot : reporters.Spec;
    this.shown = new shown(runner, options);
    const failures = [];
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      failures.push({
        fullTitle: test.fullTitle(),
        file: test.file,
        duration: test.duration,
        err: { message: error.message, stack: error.stack },
      });
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const file = process.env.MOCHA_JSON;
      if (file) writeFileSync(file, JSON.stringify({ stats: { ...runner.stats }, failures }));
    });
  }
};
