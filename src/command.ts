// The base of all commands: turns flags into the world, prints a result as text or as a document, and knows when
// the run was cancelled. Data goes to stdout, talk to stderr. What is thrown is shown by main.ts, the one catch.
import { Command as OclifCommand } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { cancellation, cancelledBy } from './cli/cancel.ts';
import { document, write } from './cli/document.ts';
import { writeOut } from './cli/output.ts';
import { plain, plainText } from './cli/plain.ts';
import { failureText } from './cli/report.ts';
import { regionOf, type Region } from './cli/flags.ts';
import { codes, Failure, type Code } from './errors.ts';
import { openWorld, type Connection, type World } from './io/world.ts';

/** Values of `connectionFlags` as oclif hands them over. */
export interface ConnectionValues {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly as?: string | undefined;
  readonly 'as-group'?: string[] | undefined;
  readonly 'as-uid'?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly 'certificate-authority'?: string | undefined;
  readonly 'client-certificate'?: string | undefined;
  readonly 'client-key'?: string | undefined;
  readonly 'insecure-skip-tls-verify'?: boolean | undefined;
  readonly 'tls-server-name'?: string | undefined;
  readonly 'request-timeout'?: number | undefined;
}

/** Values of `sinkFlags` as oclif hands them over. */
export interface SinkValues {
  readonly 'logs-token-file'?: string | undefined;
  readonly 'logs-token-secret'?: string | undefined;
  readonly region?: Region | undefined;
  readonly 'api-key-file'?: string | undefined;
  readonly 'receiver-url'?: string | undefined;
  readonly 'search-url'?: string | undefined;
}

/** Values of `outputFlags`. */
export interface OutputValues {
  readonly output: string;
  readonly 'no-color'?: boolean | undefined;
  readonly 'no-input'?: boolean | undefined;
}

/** What the user said about the sink, for a flow (flows/access.ts takes the same); nothing is read or looked up yet. */
export interface SinkChoice {
  readonly token: { readonly file?: string; readonly secret?: string };
  readonly apiKey: { readonly file?: string };
  readonly region?: Region;
  readonly receiverUrl?: string;
  readonly searchUrl?: string;
}

/** What a view must know about where its text goes. */
export interface Terminal {
  readonly colour: boolean;
  readonly width: number;
}

/** A result and its two faces. */
export interface Shown<T extends object> {
  /** Name of its schema, a file under docs/schema/ without the ending: `version.v1`. */
  readonly schema: string;
  readonly result: T;
  readonly view: (result: T, terminal: Terminal) => string;
}

/** Drops what is undefined, so that an absent flag is an absent property. */
type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** The base class; a command adds its flags, its texts, and a `run()` of at most 25 lines. */
export abstract class Command extends OclifCommand {
  private readonly cancellation = cancellation();

  /** Aborted by Ctrl-C, or when nobody reads stdout any more. */
  protected get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  /** Runs the command with the configuration at hand; oclif's own `run` would load all of it a second time. */
  static start(
    this: new (argv: string[], config: Config) => Command,
    argv: string[],
    config: Config,
  ): Promise<void> {
    return new this(argv, config)._run();
  }

  /** The outside world for these flags. Nothing in it is opened yet. */
  protected world(flags: ConnectionValues & Pick<OutputValues, 'no-input'>): World {
    return openWorld({
      connection: connectionOf(flags),
      signal: this.signal,
      stdin: process.stdin,
      stderr: process.stderr,
      noInput: flags['no-input'] === true,
      env: process.env,
    });
  }

  /** What the user said about the sink. @throws Failure usage when the environment names no region of ours */
  protected sink(flags: SinkValues): SinkChoice {
    return {
      token: present({ file: flags['logs-token-file'], secret: flags['logs-token-secret'] }),
      apiKey: present({ file: flags['api-key-file'] }),
      ...present({
        region: flags.region ?? regionFrom('SEMATEXT_REGION') ?? regionFrom('REGION'),
        receiverUrl: flags['receiver-url'],
        searchUrl: flags['search-url'],
      }),
    };
  }

  /** Prints a result to stdout: as its view's text, or as a document under `-o json|yaml`. */
  protected async show<T extends object>(flags: OutputValues, shown: Shown<T>): Promise<void> {
    const { output } = flags;
    if (output === 'json' || output === 'yaml')
      writeOut(await write(document(shown.schema, shown.result), output));
    else writeOut(ended(shown.view(plain(shown.result), this.terminal(flags))));
  }

  /** Prints a Kubernetes object to stdout: the thing itself, not a document of ours around it. */
  protected async showObject(object: object, format: 'json' | 'yaml' = 'yaml'): Promise<void> {
    writeOut(await write(object, format));
  }

  /**
   * Writes a part of a result that is not at its end yet, and waits until the reader has room for more.
   * @throws Failure output-failed; interrupted when the reader has gone, or has no room when the run is cancelled
   */
  protected async stream(text: string): Promise<void> {
    const { stdout } = process;
    if (!writeOut(text))
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stdout.off('drain', done);
          this.signal.removeEventListener('abort', done);
          resolve();
        };
        stdout.once('drain', done);
        this.signal.addEventListener('abort', done, { once: true });
        if (this.signal.aborted) done();
      });
    const unread = cancelledBy(this.signal) === 'EPIPE' || (this.signal.aborted && stdout.writableNeedDrain);
    if (unread) throw new Failure('interrupted', 'Interrupted.');
  }

  /** Says something to the user that is not the result. */
  protected say(text: string): void {
    process.stderr.write(ended(plainText(text)));
  }

  /** Where the text goes: colours only on a terminal that wants them. */
  protected terminal(flags: Pick<OutputValues, 'no-color'>): Terminal {
    const { stdout, env } = process;
    const plain = flags['no-color'] === true || Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
    // isTTY is absent, not false, where stdout is a pipe
    const tty = Boolean(stdout.isTTY);
    return { colour: tty && !plain, width: tty ? stdout.columns : 80 };
  }

  /**
   * The result was printed and its answer is no: the exit number tells scripts. A failure is told on stderr as
   * well; thrown instead, it would put a second document on stdout.
   */
  protected answerNo(why: Code | Failure): void {
    if (why instanceof Failure) this.say(failureText(why));
    process.exitCode = why instanceof Failure ? why.exitCode : codes[why];
  }

  /** What was thrown because of the cancellation is one failure, however it was put. */
  protected override catch(error: Error): Promise<never> {
    const reason = cancelledBy(this.signal);
    if (reason === undefined || error instanceof Failure) throw error;
    throw new Failure('interrupted', 'Interrupted.', [], error);
  }

  /** A run that ended in good order after Ctrl-C was interrupted all the same; no reader left is no error. */
  protected override finally(error: Error | undefined): Promise<void> {
    this.cancellation.end();
    const reason = cancelledBy(this.signal);
    if (error === undefined && reason !== undefined && reason !== 'EPIPE') this.answerNo('interrupted');
    return Promise.resolve();
  }
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function regionFrom(name: string): Region | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? undefined : regionOf(text, name);
}

function connectionOf(flags: ConnectionValues): Connection {
  const { kubeconfig, context, cluster, user, namespace, as, server, token } = flags;
  return present({
    ...{ kubeconfig, context, cluster, user, namespace, as, server, token },
    asGroups: flags['as-group'],
    asUid: flags['as-uid'],
    certificateAuthority: flags['certificate-authority'],
    clientCertificate: flags['client-certificate'],
    clientKey: flags['client-key'],
    insecureSkipTlsVerify: flags['insecure-skip-tls-verify'],
    tlsServerName: flags['tls-server-name'],
    requestTimeoutMs: flags['request-timeout'],
  });
}
