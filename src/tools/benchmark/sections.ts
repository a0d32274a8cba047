/** What can be measured, in the order in which it is. */
export const sections = ['load', 'inference', 'threads', 'training', 'decode', 'line', 'roofline'] as const;
export type Section = (typeof sections)[number];
