/** Fault tests run short with `npm test`, and at full length with `npm run test:faults`. */
const full = process.env.KDAD_FAULTS === 'full';

/** How often, or how long: the first number at full length, the second one otherwise. */
export const length = (atFullLength: number, short: number): number => (full ? atFullLength : short);
