import { adam, type Optimiser, sgd } from '../../method/model/optimiser.js';

/** Everything that decides how a student is trained. */
export interface Schedule {
  readonly name: string;
  /** 0 where there is no student. */
  readonly epochs: number;
  /** With few images there are more epochs, until there are so many steps: a student learns by steps, not by epochs. */
  readonly leastSteps?: number;
  /** Images a step. */
  readonly batch: number;
  readonly optimiser: AdamSettings | SgdSettings;
  /**
   * Whether the student goes on from the teacher's stem instead of learning one (as in PaSTe,
   * https://arxiv.org/abs/2410.11591): less to learn and to run.
   */
  readonly sharedStem: boolean;
  /** Which epoch's student is kept: the one with the smallest validation loss, or the last. */
  readonly keep: 'best' | 'last';
}

interface Rate {
  readonly learningRate: number;
  /** `cosine` falls to zero over the whole training (https://arxiv.org/abs/1608.03983), after a short linear start. */
  readonly schedule: 'constant' | 'cosine';
}

interface AdamSettings extends Rate {
  readonly kind: 'adam';
}

interface SgdSettings extends Rate {
  readonly kind: 'sgd';
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Passes over so many training images. */
export function epochsFor({ epochs, leastSteps = 0, batch }: Schedule, images: number): number {
  if (epochs === 0) return 0;
  return Math.max(epochs, Math.ceil(leastSteps / Math.ceil(images / batch)));
}

export function optimiserOf({ optimiser }: Schedule): Optimiser {
  return optimiser.kind === 'adam' ? adam() : sgd(optimiser);
}

/** Share of the steps over which a cosine schedule rises from zero first. */
const WARM_UP = 0.05;

/** The learning rate of one step, counted from 0. */
export function learningRateAt({ optimiser }: Schedule, step: number, steps: number): number {
  const { learningRate, schedule } = optimiser;
  if (schedule === 'constant') return learningRate;
  const rise = Math.max(1, Math.round(WARM_UP * steps));
  if (step < rise) return (learningRate * (step + 1)) / rise;
  return (learningRate / 2) * (1 + Math.cos((Math.PI * (step - rise)) / Math.max(1, steps - rise)));
}
