// A program of the real start and base command, with commands that misbehave in every way the tests ask for.
import * as Flags from '@oclif/core/flags';
import { outputFlags, sinkFlags } from '../../src/cli/flags.ts';
import { start } from '../../src/cli/start.ts';
import { Command } from '../../src/command.ts';
import { Failure } from '../../src/errors.ts';

const second = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * 1000));

abstract class Sample extends Command {
  static override flags = { ...outputFlags(), slow: Flags.boolean({ summary: 'slow' }) };

  protected async ready(): Promise<void> {
    const { flags } = await this.parse(Sample as unknown as typeof Lines);
    this.say(`ready ${flags.output}`);
  }
}

class Lines extends Sample {
  async run(): Promise<void> {
    await this.ready();
    for (let i = 0; i < 10_000 && !this.signal.aborted; i++) {
      process.stdout.write(`${'line '.repeat(200)}\n`);
      await second(0.001);
    }
    this.say(`stopped ${String(this.signal.aborted)}`);
  }
}

class Stubborn extends Sample {
  async run(): Promise<void> {
    await this.ready();
    this.signal.addEventListener('abort', () => this.say('asked to stop'));
    await second(60);
  }
}

class Waits extends Sample {
  async run(): Promise<void> {
    await this.ready();
    await new Promise((_, reject) => {
      const timer = setTimeout(reject, 60_000);
      this.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(this.signal.reason as Error);
      });
    });
  }
}

class RolledBack extends Sample {
  async run(): Promise<void> {
    await this.ready();
    await new Promise((resolve) => {
      setTimeout(resolve, 60_000);
      this.signal.addEventListener('abort', resolve);
    });
    throw new Failure('rolled-back', 'The change was taken back.');
  }
}

class Fails extends Sample {
  async run(): Promise<void> {
    await this.ready();
    throw new Failure('token-refused', 'The receiver refused the token.', ['Check it.', 'Or the region.']);
  }
}

class Bug extends Sample {
  async run(): Promise<void> {
    await this.ready();
    throw new TypeError('undefined is not a function');
  }
}

class Later extends Sample {
  async run(): Promise<void> {
    await this.ready();
    setTimeout(() => {
      throw new RangeError('thrown from a timer');
    }, 1);
    await second(60);
  }
}

class No extends Sample {
  async run(): Promise<void> {
    const { flags } = await this.parse(No);
    const result = { healthy: false };
    await this.show(flags, { schema: 'sample.v1', result, view: () => 'not healthy' });
    this.answerNo('unhealthy');
    setTimeout(() => undefined, 60_000);
  }
}

class Sink extends Command {
  static override flags = { ...outputFlags(), ...sinkFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(Sink);
    await this.show(flags, {
      schema: 'sink.v1',
      result: this.sink(flags),
      view: (sink) => JSON.stringify(sink),
    });
  }
}

class Painted extends Command {
  static override flags = outputFlags();

  async run(): Promise<void> {
    const { flags } = await this.parse(Painted);
    await this.show(flags, { schema: 'x', result: {}, view: (_, terminal) => JSON.stringify(terminal) });
  }
}

const commands = {
  sink: Sink,
  painted: Painted,
  lines: Lines,
  stubborn: Stubborn,
  waits: Waits,
  rolls: RolledBack,
  fails: Fails,
  bug: Bug,
  later: Later,
  no: No,
};
start(
  {
    about: { name: 'sample', version: '9.9.9' },
    ids: Object.keys(commands),
    load: (id) =>
      Promise.resolve(commands[id as keyof typeof commands] as unknown as typeof Lines & { id: string }),
    manifest: () => Promise.resolve({}),
    help: () => Promise.resolve({}),
  },
  process.argv.slice(2),
);
