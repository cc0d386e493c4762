// What a preset is made of.

/** Lines of a policy for a range of minor versions; both ends belong to it. */
export interface Lines {
  readonly from?: number;
  readonly to?: number;
  readonly text: string;
}
