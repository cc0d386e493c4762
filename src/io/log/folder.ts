// What following a log file needs of the place where it lies: the names in its folder, and parts of files.

/** A part of a file. */
export interface Part {
  readonly bytes: Buffer;
  /** Whether there was more behind it when it was read. */
  readonly more: boolean;
}

/** A folder of log files, on this machine or on a node. */
export interface LogFolder {
  /** Names in it; none where it does not exist. @throws Failure | ReadError */
  names(): Promise<readonly string[]>;
  /**
   * A part of one file, all of it from the same file even when that is renamed meanwhile.
   * @param from where it begins, in bytes
   * @param most bytes; fewer only where the file ends, none where it ends before `from`
   * @returns undefined when there is no such file
   * @throws Failure | ReadError
   */
  read(name: string, from: number, most: number): Promise<Part | undefined>;
}

/** How much is read at once. */
export const blockBytes = 1024 * 1024;
